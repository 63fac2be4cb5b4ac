/** Frames with a VLAN tag in a tag, at ingress. */
import test from 'ava';
import type { Match, Statement } from '../../src/model/match.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { drop, facts, frame, from, log, ruleset } from './rulesets.js';

const kindOf = (rules: Ruleset, bytes: Uint8Array): string => createOracle(rules, facts, 'eth0').fate(bytes).kind;

test('a tag in a tag is no IP packet: what asks for one does not match, what asks for the frame may', (t) => {
  const limit = { kind: 'unknown', name: 'limit', text: '', knowledge: 'stateful' } as const;
  const vlan = { kind: 'unknown', name: 'vlan', text: '', knowledge: 'pure' } as const;
  const of = (...parts: readonly (Match | Statement)[]): Ruleset =>
    ruleset([
      { dialect: 'nft', family: 'netdev', chains: { c: { hook: 'ingress', devices: ['eth0'], rules: [parts] } } },
      { dialect: 'nft', family: 'ip', chains: { c: { hook: 'input', rules: [[drop]] } } },
    ]);
  const tagged = frame();
  const twice = new Uint8Array([...tagged.subarray(0, 12), 0x81, 0, 0, 0, 0x81, 0, 0, 0, ...tagged.subarray(12)]);
  const source = from('203.0.113.5');
  t.deepEqual(
    [of(source, limit, drop), of(limit, source, drop), of(source, vlan, log)].map((one) => kindOf(one, twice)),
    ['drop', 'pass', 'depends'],
  );
  t.is(kindOf(of(source, limit, drop), tagged), 'pass');
  const type = (of: 'host' | 'broadcast'): Match => ({ kind: 'packetType', type: of, negate: false });
  t.deepEqual(
    [of(type('broadcast'), log), of(type('host'), log)].map((one) => kindOf(one, twice)),
    ['drop', 'pass'],
  );
});
