/** Frames that the stack discards as soon as it has them: chains at ingress see them before. */
import test from 'ava';
import type { Match, Statement } from '../../src/model/match.js';
import { parseAddress } from '../../src/oracle/parse-prefix.js';
import { createOracle } from '../../src/oracle/oracle.js';
import type { Fate } from '../../src/oracle/fate.js';
import { accept, drop, facts, frame, frame6, log, proto, ruleset } from './rulesets.js';

const fateOf = (bytes: Uint8Array, ...rules: readonly (readonly (Match | Statement)[])[]): Fate =>
  createOracle(
    ruleset([
      { dialect: 'nft', family: 'netdev', chains: { c: { hook: 'ingress', devices: ['eth0'], rules } } },
      { dialect: 'nft', family: 'inet', chains: { c: { hook: 'prerouting', rules: [[log], [drop]] } } },
    ]),
    facts,
    'eth0',
  ).fate(bytes);

const badChecksum = frame();
badChecksum[24]! ^= 0x55;

for (const [what, bytes, why] of [
  ['a bad checksum', badChecksum, 'IPv4 checksum'],
  ['an IPv6 loopback address', frame6({ saddr: parseAddress(6, '::1') }), 'IPv6 loopback address from outside'],
] as const)
  test(`${what}: rules at ingress are met, others are not`, (t) => {
    t.is(fateOf(bytes, [proto(6), drop]).kind, 'drop');
    t.deepEqual(fateOf(bytes, [proto(17), drop]), { kind: 'lost', why, elsewhere: false });
    t.deepEqual(fateOf(bytes, [accept]), { kind: 'lost', why, elsewhere: false });
    t.is(fateOf(bytes, [log], [drop]).kind, 'pass');
  });

test('where the header is none, nothing is known of what rules at ingress do', (t) => {
  const short = frame();
  short[16] = 5;
  t.is(fateOf(short, [proto(6), drop]).kind, 'depends');
});
