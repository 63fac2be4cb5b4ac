/** Rulesets in and counters out of a target, by the tools that an administrator would use. */
import { spawnSync } from 'node:child_process';
import { ipFamilies, type Backend } from './backend.js';

/** Under npx and npm, node_modules/.bin comes first, and a package there is called nft. */
const env = {
  ...process.env,
  PATH: (process.env['PATH'] ?? '')
    .split(':')
    .filter((part) => !part.includes('node_modules'))
    .join(':'),
};

/** Standard output of a command in a namespace; throws with its message when it fails. */
export function inside(ns: string, command: string, args: readonly string[], input?: string): string {
  const done = spawnSync('nsenter', [`--net=/run/netns/${ns}`, command, ...args], {
    input,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} in ${ns} failed: ${done.stderr}\n${input?.slice(0, 2000) ?? ''}`);
  return done.stdout;
}

/** Loads what `dumpsOf` gave (sets first), iptables rules with one of its two back ends. */
export function restore(
  ns: string,
  backend: Backend,
  dumps: readonly { readonly name: string; readonly text: string }[],
): void {
  for (const { name, text } of dumps) {
    if (name === 'ipset.save') inside(ns, 'ipset', ['restore'], text);
    else if (name === 'ruleset.nft') inside(ns, 'nft', ['-f', '-'], text);
    else inside(ns, `${ipFamilies[name as 'rules.v4' | 'rules.v6']}-${backend}-restore`, [], text);
  }
}

/** Packets of every rule of iptables, by `<tool> <table> <rule text>`; equal rules are told apart by their number among equals. */
export function counters(ns: string, backend: Backend): Map<string, number> {
  const counts = new Map<string, number>();
  for (const tool of Object.values(ipFamilies)) {
    let table = '';
    for (const line of inside(ns, `${tool}-${backend}-save`, ['-c']).split('\n')) {
      if (line.startsWith('*')) table = line.slice(1);
      const [, packets, rule] = /^\[(\d+):\d+\] (-A .*)$/.exec(line) ?? [];
      if (rule === undefined) continue;
      let key = `${tool} ${table} ${rule}`;
      for (let twin = 2; counts.has(key); twin++) key = `${tool} ${table} ${rule} #${twin}`;
      counts.set(key, Number(packets));
    }
  }
  return counts;
}
