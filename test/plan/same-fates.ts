/** A ruleset as runs and as rules one by one: what two plans say, and make of random packets. */
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { AddressRun } from '../../src/model/address-run.js';
import type { RuleId, Ruleset } from '../../src/model/ruleset.js';
import { inTurnWith, isRun, segmentsOf } from '../../src/model/segments.js';
import type { Plan, RuleDecision } from '../../src/plan/plan.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { evaluate } from '../compile/evaluate.js';
import { decoded, type PacketSpec } from '../compile/frame.js';
import { Random, randomPacket } from '../compile/random.js';
import { router, webServer } from './plan-text.js';

/** Chains that do not know of runs. */
export const oneByOne = (ruleset: Ruleset): Ruleset => ({
  ...ruleset,
  tables: ruleset.tables.map((table) => ({
    ...table,
    chains: new Map([...table.chains].map(([name, chain]) => [name, { ...chain, rules: chain.rules }])),
  })),
});

/** Of the first table. */
export const someRun = ({ tables }: Ruleset, isSuch: (run: AddressRun) => boolean): boolean =>
  [...tables[0]!.chains.values()].some((chain) =>
    segmentsOf(chain).some((segment) => isRun(segment) && isSuch(segment)),
  );

/** Some kinds in turn do not keep their order: which steps come first is another question then. */
export const areSorted = (ruleset: Ruleset): boolean =>
  someRun(ruleset, (run) => inTurnWith(run) === null && run.number(run.count - 1) - run.number(0) >= run.count);

/** What a plan may be asked for. */
export const anyOptions = fc.record({
  facts: fc.constantFrom(null, webServer, router),
  strict: fc.boolean(),
  conntrack: fc.boolean(),
  devices: fc.constantFrom(['eth0'], ['eth0', 'eth1']),
  tuplesFrom: fc.constantFrom(16, 512),
});

/** All that a plan says and does, as data. */
export const allOf = (plan: Plan): unknown => ({
  ...{ rules: plan.rules, summary: plan.summary },
  residual: residualTexts(plan).map(({ text }) => text),
  prefilter: plan.prefilter,
  owners: Array.from({ length: plan.prefilter.counters }, (_, counter) => plan.counterOwner(counter)),
  steps: [...plan.prefilter.ip.steps.keys()].map((step) => plan.stepRules.ip(step)),
});

/** What must be said of a rule, whatever else is. */
export const leaves = ({ offload }: RuleDecision): string => (offload === 'full' ? 'it leaves' : 'it stays');

/**
 * Rules of which the plans do not say the same. Of a rule whose packets all meet another one first nothing depends on it, and whether that is known
 * depends on how steps are put together.
 */
export const disputed = (one: Plan, other: Plan, told: (rule: RuleDecision) => string): readonly RuleId[] =>
  one.rules.flatMap((rule, i) => {
    const theirs = other.rules[i]!;
    const isKnown = [rule, theirs].every(({ reason }) => reason.code !== 'never-matches');
    return isKnown && told(rule) !== told(theirs) ? [rule.id] : [];
  });

const fate = ({ prefilter, counterOwner }: Plan, packet: PacketSpec): unknown => {
  const { verdict, counter } = evaluate(packet.family === 4 ? prefilter.ip : prefilter.ip6, decoded(packet));
  return { verdict, rule: counter === null ? null : counterOwner(counter)?.rule };
};

/**
 * A rule may stand in a step with rules that differ from it in one field, or with others that differ in another: the first run or rule
 * that meets it takes it. So steps may differ, and with them what is said of a rule whose packets all meet another one first; what happens to a
 * packet and which rule counts it may not. `ip6Every`: of so many packets one is IPv6; without it none is.
 */
export function sameFates(
  t: ExecutionContext,
  [one, other]: readonly [Plan, Plan],
  text: string,
  { packets, ip6Every }: { readonly packets: number; readonly ip6Every?: number },
): void {
  const random = new Random(text.length);
  for (let i = 0; i < packets; i++) {
    const { prefilter } = i % 2 === 0 ? one : other;
    const program = ip6Every !== undefined && i % ip6Every === 0 ? prefilter.ip6 : prefilter.ip;
    const packet = randomPacket(random, program, i % one.devices.length);
    t.deepEqual(fate(one, packet), fate(other, packet), `${text}\n${JSON.stringify(packet)}`);
  }
}
