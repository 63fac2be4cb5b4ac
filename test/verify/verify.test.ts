import test from 'ava';
import type { RuleId } from '../../src/model/ruleset.js';
import { frameAt, type FrameBatch } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { verifyProgram, XDP_DROP, XDP_PASS, type Decision, type Verification } from '../../src/verify/verify.js';
import { drop, facts, from, input, log, proto } from '../oracle/rulesets.js';

const rules = input([
  [from('203.0.113.0/24'), drop],
  [proto(17), log],
  [from('198.51.100.0/24'), drop],
]);

const decisions = new Map<RuleId, Decision>([
  ['ip filter INPUT 1' as RuleId, 'full'],
  ['ip filter INPUT 3' as RuleId, 'partial'],
]);

function verify(program: (frame: Uint8Array) => number): Promise<Verification> {
  const run = (batch: FrameBatch): Uint8Array => Uint8Array.from(batch.origins, (_, i) => program(frameAt(batch, i)));
  return verifyProgram({ ruleset: rules, facts, device: 'eth0', decisions, run, now: () => 0 });
}

const oracle = createOracle(rules, facts, 'eth0');

test('a program that does what the ruleset does has no differences', async (t) => {
  const result = await verify((frame) => (oracle.fate(frame).kind === 'drop' ? XDP_DROP : XDP_PASS));
  t.deepEqual(result.differences, []);
  t.true(result.outcomes.drop.dropped > 10 && result.outcomes.pass.passed > 10);
  t.is(result.outcomes.lost.dropped, 0);
});

test('a program that drops too much is unsound', async (t) => {
  const result = await verify(() => XDP_DROP);
  t.true(result.unsound > 0);
  t.is(result.leaks, 0);
  t.regex(result.differences[0]?.description ?? '', /^unsound: .*\n {2}built for: /);
});

test('a program that passes what only full rules drop leaks; partial rules may', async (t) => {
  const result = await verify(() => XDP_PASS);
  t.is(result.unsound, 0);
  t.true(result.leaks > 0);
  const leaking = new Set(result.differences.flatMap(({ fate }) => (fate.kind === 'drop' ? fate.rules : [])));
  t.deepEqual([...leaking], ['ip filter INPUT 1' as RuleId]);
});

test('another verdict is a difference', async (t) => {
  t.is((await verify(() => 0)).unsound > 0, true);
});
