/** Which entry of the lists (lists.ts) leads a packet to the step that decides it: for what says how far a verification has come. */
import type { StepProgram } from '../plan/program.js';
import type { Side } from './candidates.js';
import type { ClassedField } from './decisions.js';
import type { Lists } from './lists.js';

export interface ListWalk {
  /** How many entries lead some packet to their step, which drops or passes; it may still be that an earlier step always forestalls it. */
  readonly countEntries: () => number;
  /** Position of the entry by which such a packet comes to the step; null: by none, or an element may have expired that says by which. */
  readonly entryOf: (step: number, saddr: number, daddr: number) => number | null;
}

/** A struct list (bpf/abi.h), in numbers: where it begins, where the steps end that only this address lists, and where all do. */
interface List {
  readonly at: number;
  readonly own: number;
  readonly end: number;
}

const nothing: List = { at: 0, own: 0, end: 0 };
const perWord = 2;

export function listWalk({ steps }: StepProgram, made: Lists, fields: readonly ClassedField[]): ListWalk {
  const { lists } = made;
  const listAt = (side: Side, id: number): List => {
    const [at = 0, counts = 0] = made.heads[side]?.subarray(id * 2) ?? [];
    return { at: at * perWord, own: (at + (counts & 0xffff)) * perWord, end: (at + (counts >>> 16)) * perWord };
  };
  const listOf = (side: Side, address: number): List | null => {
    const field = fields.find(({ use }) => use.field === side);
    if (field === undefined) return nothing;
    return field.use.timed ? null : listAt(side, field.classOf(address));
  };
  const entryOf = (step: number, saddr: number, daddr: number): number | null => {
    const [one, other] = [listOf('saddr', saddr), listOf('daddr', daddr)];
    if (one === null || other === null) return null;
    const shorter = shared(other) < shared(one) ? other : one;
    for (const [from, to] of [
      [one.at, one.own],
      [other.at, other.own],
      [shorter.own, shorter.end],
    ] as const) {
      const found = lists.subarray(from, to).indexOf(step + 1);
      if (found >= 0) return from + found;
    }
    return null;
  };
  const countEntries = (): number => {
    const decides = steps.map(({ outcome }) => outcome.kind === 'drop' || outcome.kind === 'pass');
    const of = (side: Side): List[] =>
      Array.from({ length: (made.heads[side]?.length ?? 0) / 2 }, (_, id) => listAt(side, id));
    const [sources, destinations] = [of('saddr'), of('daddr')];
    const [longestSource, longestDestination] = [longest(sources), longest(destinations)];
    let entries = 0;
    const count = (from: number, to: number, leads: (step: number) => boolean): void => {
      for (const number of lists.subarray(from, to))
        if (number > 0 && decides[number - 1] && leads(number - 1)) entries++;
    };
    for (const list of [...sources, ...destinations]) count(list.at, list.own, () => true);
    for (const list of sources) count(list.own, list.end, (step) => shared(list) <= longestDestination[step]!);
    for (const list of destinations) count(list.own, list.end, (step) => shared(list) < longestSource[step]!);
    return entries;
  };
  return { countEntries, entryOf };

  /** By step: what the longest list has that shares it. */
  function longest(of: readonly List[]): Uint32Array {
    const found = new Uint32Array(steps.length);
    for (const list of of)
      for (const number of lists.subarray(list.own, list.end))
        if (number > 0) found[number - 1] = Math.max(found[number - 1]!, shared(list));
    return found;
  }
}

/** What a packet need not be compared with where the list of its other address is shorter. */
const shared = ({ own, end }: List): number => end - own;
