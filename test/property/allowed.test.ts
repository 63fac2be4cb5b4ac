/** `--allow` and `--allow-port` on random rulesets: such packets always pass, and what stays is exact all the same. */
import test from 'ava';
import fc from 'fast-check';
import type { Packet } from '../../src/oracle/packet.js';
import { decodeFrame } from '../../src/oracle/decode-frame.js';
import { parsePrefix } from '../../src/oracle/parse-prefix.js';
import { MAC } from '../oracle/rulesets.js';
import { arbitraryRuleset, type RandomRuleset } from './arbitrary-ruleset.js';
import { checkFrames } from './check-frames.js';

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261126);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 10);

const port = (packet: Packet): number | null =>
  packet.l4 === null || packet.l4.length < 4 || (packet.protocol !== 6 && packet.protocol !== 17)
    ? null
    : new DataView(packet.l4.buffer, packet.l4.byteOffset).getUint16(2);

const text = (words: Uint32Array): string =>
  words.length === 1
    ? [24, 16, 8, 0].map((shift) => ((words[0] ?? 0) >>> shift) & 255).join('.')
    : [...words].flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]).join(':');

/** Sources and ports that frames for this ruleset really have: others would tell nothing. */
function seen({ ruleset, facts }: RandomRuleset, frameSeed: number): Packet[] {
  const packets: Packet[] = [];
  checkFrames({
    ruleset,
    facts,
    conntrack: true,
    frames: { randomFrames: 60, trapRules: 2, setFrames: 60, seed: frameSeed },
    observe: (frame, answer) => {
      const reception = decodeFrame(frame, MAC);
      if (answer !== 'pass' && reception.kind === 'packet') packets.push(reception.packet);
    },
  });
  return packets;
}

for (const family of [4, 6] as const) {
  test(`what is allowed always passes, IPv${String(family)}`, (t) => {
    let spared = 0;
    const property = fc.property(arbitraryRuleset(family), fc.nat(), fc.boolean(), (random, frameSeed, conntrack) => {
      const dropped = seen(random, frameSeed);
      const source = dropped.find((packet) => packet.family === family)?.saddr;
      const ports = dropped.map(port).filter((each): each is number => each !== null && each > 0);
      const prefix = source === undefined ? null : `${text(source)}/${family === 4 ? '24' : '64'}`;
      const allow = { prefixes: prefix === null ? [] : [prefix], ports: ports.slice(0, 1) };
      const bounds = prefix === null ? null : parsePrefix(family, prefix);
      const isAllowed = (packet: Packet): boolean =>
        allow.ports.includes(port(packet) ?? -1) ||
        (bounds !== null && packet.family === family && within(packet.saddr, bounds));
      const wrong: string[] = [];
      const { differences } = checkFrames({
        ruleset: random.ruleset,
        facts: random.facts,
        conntrack,
        allow,
        frames: { randomFrames: 60, trapRules: 2, setFrames: 60, seed: frameSeed },
        observe: (frame, answer) => {
          const reception = decodeFrame(frame, MAC);
          if (reception.kind !== 'packet' || !isAllowed(reception.packet)) return;
          spared++;
          if (answer !== 'pass') wrong.push(`${answer}: ${Buffer.from(frame).toString('hex')}`);
        },
      });
      const [first] = [...wrong, ...differences];
      if (first !== undefined) throw new Error(`${JSON.stringify(allow)}\n${first}\n${random.text}`);
    });
    const details = fc.check(property, { seed, numRuns: runs });
    if (details.failed) t.fail(details.errorInstance instanceof Error ? details.errorInstance.message : 'failed');
    t.true(spared > runs, `only ${String(spared)} frames were allowed`);
  });
}

function within(address: Uint32Array, { lo, hi }: { readonly lo: Uint32Array; readonly hi: Uint32Array }): boolean {
  const compare = (a: Uint32Array, b: Uint32Array): number => {
    const at = [...a].findIndex((word, i) => word !== b[i]);
    return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
  };
  return compare(address, lo) >= 0 && compare(address, hi) <= 0;
}
