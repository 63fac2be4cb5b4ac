/** From merged steps to the list that is compiled: exemptions put in, dead steps taken out, limits kept. Every change passes more, never less. */
import type { AddressFamily } from '../model/address.js';
import { routing } from '../analyse/analyse-family.js';
import type { Conj, ValueSet } from '../analyse/logic.js';
import { expires, small } from '../analyse/logic.js';
import { mayOverlap, valuesCover } from '../analyse/relation.js';
import type { RuleOrRun } from '../analyse/walk.js';
import type { MergedStep } from './merge.js';
import { tupleSignature, type TupleColumn } from '../model/tuples.js';
import { StepIndex } from './step-index.js';
import { limits, type Field } from './program.js';

/**
 * A DHCP client reads replies from a packet socket, before netfilter: a firewall that drops them in INPUT has a working lease all the
 * same. XDP would take them away, so drops that are not about named sources leave them alone.
 */
const dhcpReply: Conj = [small('protocol', [[17, 17]]), small('sport', [[67, 67]]), small('dport', [[68, 68]])];

const aboutNamedSources = (when: Conj): boolean =>
  when.some(
    ({ set, negate }) =>
      !negate && (set.field === 'saddr' || (set.kind === 'tuples' && set.columns.some(namesSources))),
  );

/** No element is about every IPv4 source. */
const namesSources = (column: TupleColumn): boolean =>
  'ranges' in column &&
  column.field === 'saddr' &&
  !column.ranges.lo.some((low, i) => low === 0 && column.ranges.hi[i] === 0xffffffff);

/** A question that every packet has already been marked for needs no second mark: an earlier one covers it and no skip leads in between. */
export const dropRedundantAsks = (steps: readonly MergedStep[]): MergedStep[] =>
  dropRepeated(dropRepeated(steps, 'ask'), 'route');

function dropRepeated(steps: readonly MergedStep[], kind: 'ask' | 'route'): MergedStep[] {
  const asks = [...steps.keys()].filter((i) => steps[i]!.outcome.kind === kind);
  const index = new StepIndex(asks.map((i) => steps[i]!));
  const redundant = steps.map(() => false);
  asks.forEach((i, ask) => {
    const next = index.metBy(steps[i]!.when);
    for (let other = next(0); other < ask && !redundant[i]; other = next(other + 1)) {
      const at = asks[other]!;
      redundant[i] = !redundant[at]! && valuesCover(steps[at]!.when, steps[i]!.when) && !isLedPast(steps, at, i);
    }
  });
  return remove(steps, redundant);
}

/** Marks and routes that no later step asks for. */
export const dropIdle = (steps: readonly MergedStep[]): MergedStep[] =>
  dropUnused(dropUnused(steps, 'mark', 'mark'), 'route', 'reversePath');

function dropUnused(steps: readonly MergedStep[], kind: 'mark' | 'route', field: Field): MergedStep[] {
  const asks = (when: Conj): boolean => when.some(({ set }) => set.field === field);
  const last = steps.findLastIndex(({ outcome, when }) => outcome.kind !== kind && asks(when));
  return remove(
    steps,
    steps.map(({ outcome }, i) => outcome.kind === kind && i > last),
  );
}

const isLedPast = (steps: readonly MergedStep[], from: number, to: number): boolean =>
  steps.some(({ outcome }, i) => outcome.kind === 'skip' && i < from && outcome.to > from && outcome.to <= to);

/** Takes steps out; skips that aimed at one aim at the next that is left. */
function remove(steps: readonly MergedStep[], gone: readonly boolean[]): MergedStep[] {
  if (!gone.includes(true)) return [...steps];
  const position: number[] = [];
  let kept = 0;
  for (let i = 0; i <= steps.length; i++) {
    position.push(kept);
    if (i < steps.length && gone[i] !== true) kept++;
  }
  return steps
    .filter((_, i) => gone[i] !== true)
    .map((step): MergedStep =>
      step.outcome.kind === 'skip'
        ? { ...step, outcome: { ...step.outcome, to: position[step.outcome.to] ?? bug() } }
        : step,
    );
}

/** In front of each drop that would take such a reply, what of it is one passes. */
export function exemptDhcp(steps: readonly MergedStep[], family: AddressFamily): MergedStep[] {
  if (family === 6) return [...steps];
  const needs = steps.map(
    (step) => step.outcome.kind === 'drop' && !aboutNamedSources(step.when) && mayOverlap(step.when, dhcpReply),
  );
  const position: number[] = [];
  let shift = 0;
  needs.forEach((need, i) => {
    position[i] = i + shift;
    if (need) shift++;
  });
  position.push(steps.length + shift);
  const at = (i: number): number => position[i] ?? bug();
  return steps.flatMap((step, i): MergedStep[] => {
    const moved: MergedStep =
      step.outcome.kind === 'skip' ? { ...step, outcome: { ...step.outcome, to: at(step.outcome.to) } } : step;
    if (needs[i] !== true) return [moved];
    const when = [...dhcpReply, ...step.when];
    const passing: MergedStep = {
      when,
      outcome: { kind: 'skip', to: at(steps.length) },
      members: [{ when, rule: routing }],
      varying: null,
      exempts: true,
    };
    return [passing, moved];
  });
}

/** After the last drop nothing matters: to pass is to fall off the end. A skip to a step that is gone aims at the end. */
export function trim(steps: readonly MergedStep[]): MergedStep[] {
  const length = steps.findLastIndex((step) => step.outcome.kind === 'drop') + 1;
  return cut(steps, length);
}

/** The first rules first: what lies beyond the limit passes. */
export const limitSteps = (steps: readonly MergedStep[], most: number): MergedStep[] =>
  steps.length > most ? trim(cut(steps, most)) : [...steps];

function cut(steps: readonly MergedStep[], length: number): MergedStep[] {
  return steps.slice(0, length).map((step): MergedStep => {
    if (step.outcome.kind !== 'skip' || step.outcome.to < length) return step;
    // At the end nothing is left but to pass.
    if (step.outcome.maybe) return { ...step, outcome: { kind: 'pass' } };
    return { ...step, outcome: { ...step.outcome, to: length } };
  });
}

export interface Limited {
  readonly steps: MergedStep[];
  /** Why steps of these rules were left out. */
  readonly cut: ReadonlyMap<RuleOrRun, string>;
}

/**
 * The data plane looks up few combinations of fields a packet, however many sets ask for one. A drop over a further one is left to
 * netfilter; another step over it passes on the rest of its condition. `leftOut`: sets whose tables do not fit, and why.
 */
export function limitTuples(steps: readonly MergedStep[], leftOut: ReadonlyMap<string, string>): Limited {
  const kept = new Set<string>();
  const cut = new Map<RuleOrRun, string>();
  const why = (set: ValueSet): string | null => {
    if (set.kind !== 'tuples') return null;
    const known = leftOut.get(set.set.id);
    if (known !== undefined) return `set ${set.set.name}: ${known}`;
    const signature = tupleSignature(set);
    if (kept.size < limits.tupleTables) kept.add(signature);
    if (kept.has(signature)) return null;
    return `set ${set.set.name} asks for a combination of fields beyond the ${limits.tupleTables} that have a table`;
  };
  const gone = steps.map(() => false);
  const changed = steps.map((step, i): MergedStep => {
    const found = step.when.map(({ set }) => why(set));
    const reason = found.find((one) => one !== null);
    if (reason === undefined) return step;
    for (const { rule } of step.members) if (!cut.has(rule)) cut.set(rule, reason);
    gone[i] = step.outcome.kind === 'drop' || step.exempts === true;
    // A guard may hold for longer than it should, not for less: elements that expire are no part of it.
    const lasting = step.when.filter(({ set, negate }, at) => found[at] === null && (negate || !expires(set)));
    return { ...step, when: lasting, outcome: { kind: 'pass' }, varying: null };
  });
  return { steps: remove(changed, gone), cut };
}

/**
 * Whether an address is one of a host's own is not known without its routes: a step that asks lets its packets pass, and so does one that
 * would lead them past later drops.
 */
export function withoutSymbols(steps: readonly MergedStep[]): MergedStep[] {
  return steps.map((step): MergedStep => {
    const when = step.when.filter(({ set }) => set.kind !== 'host');
    if (when.length === step.when.length) return step;
    return step.outcome.kind === 'ask' || step.outcome.kind === 'route'
      ? { ...step, when, varying: null }
      : { ...step, when, outcome: { kind: 'pass' }, varying: null };
  });
}

function bug(): never {
  throw new Error('bug: a skip aims outside the list');
}
