import { Ajv } from 'ajv';
import test from 'ava';
import { jsonReport } from '../../src/report/json-report.js';
import { summarisePrefilter } from '../../src/report/prefilter-summary.js';
import schema from '../../src/plan/plan.schema.json' with { type: 'json' };
import { type RuleSpec, samplePlan } from './sample-plan.js';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

function printed(specs: readonly RuleSpec[]): unknown {
  const plan = samplePlan(specs);
  const tables = [{ name: 'saddr', structure: 'buckets', entries: 3, bytes: 4096 }];
  return JSON.parse([...jsonReport(plan, summarisePrefilter(plan.prefilter, tables))].join(''));
}

test('an empty plan is valid', (t) => {
  t.true(validate(printed([])), JSON.stringify(validate.errors));
});

test('rules of every decision are valid and keep their text byte for byte', (t) => {
  const text = '-A INPUT -m comment --comment "a \u001b[31m \\" é" -j DROP';
  const value = printed([
    { text },
    { text: '-A INPUT -j DROP', offload: 'none', code: 'blocked', blockedBy: ['ip filter INPUT 1'], hint: 'move it' },
  ]) as { rules: { text: string; reason: { blockedBy: string[] } }[]; prefilter: { fields: string[] } };
  t.true(validate(value), JSON.stringify(validate.errors));
  t.is(value.rules[0]?.text, text);
  t.deepEqual(value.rules[1]?.reason.blockedBy, ['ip filter INPUT 1']);
  t.deepEqual(value.prefilter.fields, ['protocol']);
});

test('pieces join at any size', (t) => {
  for (const n of [1, 999, 1000, 1001, 2500]) {
    const value = printed(Array.from({ length: n }, () => ({ text: '-A INPUT -j DROP' }))) as { rules: unknown[] };
    t.is(value.rules.length, n);
  }
});

test('the schema refuses a field it does not know', (t) => {
  const value = printed([]) as Record<string, unknown>;
  t.false(validate({ ...value, extra: 1 }));
});
