/** What is found of a rule by looking at the steps that the index names is what is found by looking at all of them. */
import test from 'ava';
import fc from 'fast-check';
import { small, type Conj, type Lit } from '../../src/analyse/logic.js';
import { mayOverlap } from '../../src/analyse/relation.js';
import type { AddressFamily, AddressRanges } from '../../src/model/address.js';
import type { RuleId } from '../../src/model/ruleset.js';
import { coverer } from '../../src/plan/coverage.js';
import type { MergedStep } from '../../src/plan/merge.js';
import { StepIndex } from '../../src/plan/step-index.js';

/** Of eight addresses from one on, which lie on both sides of a border of all that numbers are made of. */
function addresses(family: AddressFamily, ranges: readonly (readonly [number, number])[]): AddressRanges {
  const words = ranges.map((range) =>
    range.map((at) => (family === 4 ? [0x0a000000 + at] : [0x20010db8, 0x7ff + (at >> 2), 0, at & 3])),
  );
  const column = (side: 0 | 1): Uint32Array => Uint32Array.from(words.flatMap((range) => range[side]!));
  return { family, count: ranges.length, lo: column(0), hi: column(1) };
}

const range = fc.tuple(fc.nat(7), fc.nat(7)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

const literal = (family: AddressFamily): fc.Arbitrary<Lit> =>
  fc.oneof(
    fc.record({
      set: fc
        .record({ field: fc.constantFrom('saddr', 'daddr'), ranges: fc.array(range, { minLength: 1, maxLength: 2 }) })
        .map(({ field, ranges }) => ({
          ...{ kind: 'addresses' as const, field, ranges: addresses(family, ranges) },
          ...{ named: false, counters: null },
        })),
      negate: fc.constantFrom(false, false, false, true),
    }),
    fc
      .record({
        field: fc.constantFrom('sport', 'dport', 'icmp', 'ttl', 'protocol'),
        ranges: fc.array(range, { minLength: 1, maxLength: 2 }),
        negate: fc.constantFrom(false, false, true),
      })
      .map(({ field, ranges, negate }) => small(field, ranges, negate)),
    fc.constantFrom(small('dport', [[1, 900]]), small('sport', [[0, 40_000]])),
  );

const condition = (family: AddressFamily): fc.Arbitrary<Conj> => fc.array(literal(family), { maxLength: 3 });

const rules = ['a', 'b', 'c', 'd', 'e'] as RuleId[];

type Raw = readonly [when: Conj, kind: 'drop' | 'pass' | 'ask' | 'skip' | 'exempt', rule: RuleId, far: number];

const raw = (family: AddressFamily): fc.Arbitrary<Raw> =>
  fc.tuple(
    condition(family),
    fc.constantFrom('drop', 'drop', 'drop', 'drop', 'pass', 'ask', 'skip', 'exempt'),
    fc.constantFrom(...rules.slice(1)),
    fc.nat(6),
  );

/** An exemption stands before its drop. */
const stepsOf = (raws: readonly Raw[]): MergedStep[] =>
  raws.flatMap(([when, kind, rule, far], i): MergedStep[] => {
    const step = { when, members: [{ when, rule }], varying: null };
    const to = raws
      .slice(0, Math.min(raws.length, i + 1 + far))
      .reduce((n, [, other]) => n + (other === 'exempt' ? 2 : 1), 0);
    if (kind === 'skip') return [{ ...step, outcome: { kind, to } }];
    if (kind !== 'exempt') return [{ ...step, outcome: { kind } }];
    const exempt = { ...step, when: [...when, small('sport', [[3, 3]])], exempts: true as const };
    return [
      { ...exempt, outcome: { kind: 'skip', to: raws.reduce((n, [, other]) => n + (other === 'exempt' ? 2 : 1), 0) } },
      { ...step, outcome: { kind: 'drop' } },
    ];
  });

const cases = fc.constantFrom<AddressFamily>(4, 6).chain((family) =>
  fc.record({
    family: fc.constant(family),
    raws: fc.array(raw(family), { maxLength: 12 }),
    asked: fc.array(fc.tuple(condition(family), fc.constantFrom(...rules)), { minLength: 1, maxLength: 4 }),
  }),
);

class AllSteps extends StepIndex {
  override metBy(): (from: number) => number {
    return (from) => from;
  }
}

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 2_000);

test('proofs', (t) => {
  fc.assert(
    fc.property(cases, ({ family, raws, asked }) => {
      const steps = stepsOf(raws);
      const indexed = coverer(steps, new StepIndex(steps), family);
      const plain = coverer(steps, new AllSteps(steps), family);
      const own = steps.map(({ when, members }) => [when, members[0]!.rule] as const);
      for (const [when, rule] of [...asked, ...own]) t.deepEqual(indexed(when, rule), plain(when, rule));
    }),
    { numRuns },
  );
});

test('steps that may be met are found', (t) => {
  fc.assert(
    fc.property(cases, ({ raws, asked }) => {
      const steps = stepsOf(raws);
      const index = new StepIndex(steps);
      for (const [when] of asked) {
        const next = index.metBy(when);
        steps.forEach((step, i) => {
          if (mayOverlap(step.when, when)) t.is(next(i), i);
        });
      }
    }),
    { numRuns },
  );
});
