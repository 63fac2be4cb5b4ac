import test from 'ava';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { decodeFrame } from '../../src/oracle/decode-frame.js';
import { onesComplementSum } from '../../src/oracle/checksum.js';
import { accept, dport, drop, facts, from, input, jump, MAC, not, proto, router, ruleset } from './rulesets.js';

test('every rule is met by one of its own frames, and missed by one', (t) => {
  const rules = ruleset([
    {
      chains: {
        INPUT: {
          hook: 'input',
          rules: [
            [from('203.0.113.0/24'), drop],
            [not(from('198.51.100.0/24')), proto(17), dport(53, 60, 8), drop],
            [proto(6), { kind: 'tcpFlags', mask: 3, value: 3, negate: false }, drop],
            [proto(1), { kind: 'icmp', version: 4, types: [[8, 8]], codes: [[0, 255]], negate: false }, drop],
            [proto(6), dport(100, 200), jump('sub')],
            [{ kind: 'ttl', ranges: [[0, 3]], negate: false }, drop],
          ],
        },
        sub: { rules: [[dport(150), drop], [accept]] },
      },
    },
  ]);
  const oracle = createOracle(rules, facts, 'eth0');
  const dropped = new Set<string>();
  const passed = new Set<string>();
  for (const batch of boundaryFrames(rules, facts, 'eth0', { randomFrames: 0, trapRules: 0 })) {
    batch.origins.forEach((origin, i) => {
      const fate = oracle.fate(frameAt(batch, i));
      if (fate.kind === 'drop' && fate.rules.includes(origin as never)) dropped.add(origin);
      if (fate.kind === 'pass') passed.add(origin);
    });
  }
  const ids = ['INPUT 1', 'INPUT 2', 'INPUT 3', 'INPUT 4', 'INPUT 6', 'sub 1'].map((id) => `ip filter ${id}`);
  t.deepEqual(
    ids.filter((id) => !dropped.has(id)),
    [],
  );
  t.deepEqual(
    ids.filter((id) => !passed.has(id)),
    ['ip filter INPUT 2'].filter((id) => !passed.has(id)),
  );
});

test('frames carry their identifier and correct checksums, and the seed fixes them', (t) => {
  const rules = input([[from('203.0.113.0/24'), drop]]);
  const all = [...boundaryFrames(rules, router, 'eth0', { randomFrames: 50, batch: 100, identify: (i) => i + 7 })];
  let i = 0;
  for (const batch of all) {
    for (let k = 0; k < batch.ends.length; k++, i++) {
      const frame = frameAt(batch, k);
      if (batch.origins[k] !== 'random' || frame[12] !== 8) continue;
      t.is(((frame[18] ?? 0) << 8) | (frame[19] ?? 0), i + 7);
      const decoded = decodeFrame(frame, MAC);
      if (decoded.kind !== 'packet') continue;
      const { packet } = decoded;
      if (packet.protocol !== 6 || packet.l4 === null || packet.l4.length < 20) continue;
      const words = [...packet.saddr, ...packet.daddr].reduce((sum, w) => sum + (w >>> 16) + (w & 0xffff), 0);
      t.is(onesComplementSum(packet.l4, words + 6 + packet.l4.length), 0xffff);
    }
  }
  const again = [...boundaryFrames(rules, router, 'eth0', { randomFrames: 50, batch: 100, identify: (n) => n + 7 })];
  t.deepEqual(all, again);
});

test('the rule index gives the same answers as the linear walk', (t) => {
  const sources = Array.from({ length: 60 }, (_, n) => [
    from(`203.0.${n % 7}.${n * 4}/30`),
    n % 5 === 0 ? accept : drop,
  ]);
  const rules = input([
    ...sources,
    [proto(6), { kind: 'mangle', name: 'TTL', changes: 'other', text: '' }],
    [{ kind: 'unknown', name: 'mark', text: '', knowledge: 'pure' }, { kind: 'return' }],
    ...sources.map((parts) => [proto(17), ...parts]),
  ]);
  const indexed = createOracle(rules, router, 'eth0');
  const linear = createOracle(rules, router, 'eth0', { linear: true });
  let count = 0;
  for (const batch of boundaryFrames(rules, router, 'eth0')) {
    for (let i = 0; i < batch.ends.length; i++, count++) {
      const frame = frameAt(batch, i);
      t.deepEqual(indexed.fate(frame), linear.fate(frame));
    }
  }
  t.true(count > 1000);
});
