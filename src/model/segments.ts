/** A chain as rules and runs of rules. What is asked of every rule and does not depend on its address is asked of one rule of a run. */
import { AddressRun } from './address-run.js';
import type { BaseChain, Chain, RegularChain, Rule } from './ruleset.js';

export type Segment = Rule | AddressRun;

/** Beside the chains: a copy of a chain with other rules has none. */
const known = new WeakMap<Chain, { readonly segments: readonly Segment[]; readonly rules: number }>();

/** Of runs whose rules stand in turn and keep their order: all of them, the one of the first rule first. */
const turns = new WeakMap<AddressRun, readonly AddressRun[]>();

/** Notes that the rules of these runs stand in turn; each run is a segment of the chain, one behind the other. */
export function putInTurn(runs: readonly AddressRun[]): void {
  for (const run of runs) turns.set(run, runs);
}

/** Runs with whose rules those of this one stand in turn, itself among them; null: they stand together, or may. */
export const inTurnWith = (run: AddressRun): readonly AddressRun[] | null => turns.get(run) ?? null;

/** Of rules that stand in turn, or are of one run, which run each is of. */
export function orderOf(runs: readonly AddressRun[]): Uint32Array {
  const first = runs[0]!.number(0);
  const order = new Uint32Array(runs.reduce((sum, run) => sum + run.count, 0));
  if (runs.length === 1) return order;
  runs.forEach((run, k) => {
    for (let i = 0; i < run.count; i++) order[run.number(i) - first] = k;
  });
  return order;
}

export const isRun = (segment: Segment): segment is AddressRun => segment instanceof AddressRun;

/** The chain, whose rules are made of runs when they are first asked for one by one. */
export function chainOf(
  chain: Omit<BaseChain, 'rules'> | Omit<RegularChain, 'rules'>,
  segments: readonly Segment[],
): Chain {
  let rules: readonly Rule[] | null = null;
  const made: Chain = {
    ...chain,
    get rules() {
      return (rules ??= inOrder(
        segments,
        segments.flatMap((segment) => (isRun(segment) ? segment.rules : [segment])),
      ));
    },
  };
  known.set(made, { segments, rules: segments.reduce((sum, segment) => sum + rulesIn(segment), 0) });
  return made;
}

/** Rules, or what is said of each, in the order in which they stand: those of several kinds in turn are segments by kind. */
export function inOrder<T extends { readonly number: number | null }>(segments: readonly Segment[], all: T[]): T[] {
  return areInOrder(segments) ? all : all.sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity));
}

/** A rule: of a run, which of its rules. */
export interface Standing {
  readonly segment: Segment;
  readonly at: number;
}

/** As `inWrittenOrder`, one after the other. */
export function* standingIn(chain: Chain): Generator<Standing> {
  const segments = segmentsOf(chain);
  if (!areInOrder(segments)) yield* inWrittenOrder(chain);
  else for (const segment of segments) for (let at = 0; at < rulesIn(segment); at++) yield { segment, at };
}

/** The rules of a chain in the order in which they stand. */
export function inWrittenOrder(chain: Chain): readonly Standing[] {
  const segments = segmentsOf(chain);
  const all = segments.flatMap((segment) =>
    Array.from({ length: rulesIn(segment) }, (_, at): Standing => ({ segment, at })),
  );
  const numberOf = ({ segment, at }: Standing): number => (isRun(segment) ? segment.number(at) : segment.number);
  return areInOrder(segments) ? all : all.sort((a, b) => numberOf(a) - numberOf(b));
}

export function areInOrder(segments: readonly Segment[]): boolean {
  let before = 0;
  return segments.every((segment) => {
    const first = isRun(segment) ? segment.number(0) : segment.number;
    const isBehind = first >= before;
    before = isRun(segment) ? segment.number(segment.count - 1) : segment.number;
    return isBehind;
  });
}

/** In the order of the rules; but drops of several kinds in turn, of which no packet meets two of different kinds, are sorted by kind. */
export const segmentsOf = (chain: Chain): readonly Segment[] => known.get(chain)?.segments ?? chain.rules;

/** The rules of the chain, but one for each run: whatever it has but for an address the others have too. */
export function* kindsOf(chain: Chain): Generator<Rule> {
  for (const segment of segmentsOf(chain)) yield isRun(segment) ? segment.first : segment;
}

export const rulesIn = (segment: Segment): number => (isRun(segment) ? segment.count : 1);

export const ruleCount = (chain: Chain): number => known.get(chain)?.rules ?? chain.rules.length;
