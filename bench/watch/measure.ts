/**
 * What `offload watch` takes, in namespaces of this machine: from an element to the drop, a replacement of a large prefilter, packets lost or leaked
 * while programs are replaced, CPU of the idle process. Root; `node --import=tsx bench/watch/measure.ts [RULES [REPLACEMENTS [IDLE_SECONDS]]]`.
 */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { addresses } from '../../test/kernel/watch/addresses.js';
import { type Host, type Watcher, withHost } from '../../test/kernel/watch/host.js';

const [rules = 100_000, replacements = 1000, idle = 60] = process.argv.slice(2).map(Number);
const { good, bad, other } = addresses;
/** Changes of each kind that are timed. */
const rounds = 11;

const table = `table inet own {
	set quiet { type ipv4_addr; elements = { ${bad} } }
	chain in { type filter hook input priority 0; ip saddr @quiet drop; }
}
`;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const say = (what: string, value: string): void => void process.stdout.write(`${what.padEnd(64)} ${value}\n`);
const milliseconds = (values: readonly number[]): string =>
  `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`;

/** Until netfilter sees no more of `other`, told by datagrams 4 ms apart; the time of the command is part of it. */
async function toDrop(host: Host, add: readonly string[], remove: readonly string[]): Promise<readonly number[]> {
  const times: number[] = [];
  const run = (command: readonly string[]): Promise<string> => host.run(command[0]!, ...command.slice(1));
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await run(add);
    for (let before = -1; ;) {
      const at = performance.now();
      const now = await host.seen(other);
      if (now === before) {
        times.push(at - began - 12);
        break;
      }
      before = now;
      await setTimeout(12);
    }
    await run(remove);
    await host.passesXdp(other);
  }
  return times;
}

const replaced = /planned anew and replaced in ([\d.]+) (ms|s)/g;

async function replace(watcher: Watcher, times: number): Promise<readonly number[]> {
  const before = [...watcher.said.matchAll(replaced)].length;
  for (let i = 1; i <= times; i++) {
    watcher.child.kill('SIGHUP');
    await watcher.says(/planned anew and replaced/, before + i);
  }
  return [...watcher.said.matchAll(replaced)].slice(before).map(([, n, unit]) => Number(n) * (unit === 's' ? 1000 : 1));
}

/** Seconds of CPU that the process has used (clock ticks are 1/100 s). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

await withHost({ log: (...lines) => console.error(...lines) }, async (host) => {
  await host.input(table, 'nft', '-f', '-');
  await host.run('ipset', 'create', 'listed', 'hash:ip');
  await host.run('iptables-legacy', '-A', 'INPUT', '-m', 'set', '--match-set', 'listed', 'src', '-j', 'DROP');
  const watcher = host.watch('--live', '--dev', 'eth0');
  await watcher.ready();
  await host.droppedEarly(bad);
  const element = ['inet', 'own', 'quiet', `{ ${other} }`];
  const nft = await toDrop(host, ['nft', 'add', 'element', ...element], ['nft', 'delete', 'element', ...element]);
  say('`nft add element` to the drop, with the command', milliseconds(nft));
  const ipset = await toDrop(host, ['ipset', 'add', 'listed', other], ['ipset', 'del', 'listed', other]);
  say('`ipset add` to the drop, looked at each second', milliseconds(ipset));

  const leaked = await host.seen(bad);
  const times = await replace(watcher, replacements);
  say(`one of ${replacements} replacements of a small prefilter`, milliseconds(times));
  say('blocked packets that passed XDP meanwhile', String((await host.seen(bad)) - leaked));

  const cpu = cpuOf(watcher.pid);
  await setTimeout(idle * 1000);
  say(`CPU of the idle process, over ${idle} s`, `${(((cpuOf(watcher.pid) - cpu) / idle) * 100).toFixed(2)} %`);

  const lines = Array.from(
    { length: rules },
    (_, i) => `-A PREROUTING -s 11.${i >> 16}.${(i >> 8) & 255}.${i & 255} -j DROP`,
  );
  const raw = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`;
  const before = [...watcher.said.matchAll(replaced)].length;
  await host.input(raw, 'iptables-legacy-restore');
  await watcher.says(/planned anew and replaced/, before + 1);
  say(`replacement of a prefilter of ${rules} rules`, milliseconds(await replace(watcher, 1)));
  say(
    `legitimate packets lost in all of this, of ${await host.traffic.sent(good)}`,
    String(await host.traffic.lost(good)),
  );
});
