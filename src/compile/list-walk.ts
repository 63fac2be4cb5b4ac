/** Which entry of the lists (lists.ts) leads a packet to the step that decides it: for what says how far a verification has come. */
import type { StepProgram } from '../plan/program.js';
import { splitByFields } from './abi.js';
import { layout, type CandidateField, type Side } from './candidates.js';
import type { ClassedField } from './decisions.js';
import type { Heads, Lists } from './lists.js';
import { perWord } from './split.js';

/** What a packet is compared by; zero where it lacks a field. */
export type Compared = Readonly<Record<Side, number>> & Readonly<Record<CandidateField, number>>;

export interface ListWalk {
  /** How many entries lead some packet to their step, which drops or passes; it may still be that an earlier step always forestalls it. */
  readonly countEntries: () => number;
  /** Position of the entry by which such a packet comes to the step; null: by none, or an element may have expired that says by which. */
  readonly entryOf: (step: number, packet: Compared) => number | null;
}

/** A struct list (bpf/abi.h), in numbers: where it begins, where the steps end that only this address lists, and where all do. */
interface List {
  readonly at: number;
  readonly own: number;
  readonly end: number;
  /** What a packet need not be compared with where the list of its other address is shorter. */
  readonly shared: number;
  /** Of those steps, the ones that stand nowhere, because another list is always shorter. */
  readonly left: readonly number[];
}

const nothing: List = { at: 0, own: 0, end: 0, shared: 0, left: [] };

export function listWalk({ steps }: StepProgram, made: Lists, fields: readonly ClassedField[]): ListWalk {
  const { lists, parts } = made;
  const listOf = (side: Side, packet: Compared): List | null => {
    const field = fields.find(({ use }) => use.field === side);
    const heads = made.heads[side];
    if (field === undefined || heads === undefined) return nothing;
    return field.use.timed ? null : listIn(heads, field.classOf(packet[side]), packet, parts);
  };
  const entryOf = (step: number, packet: Compared): number | null => {
    const [one, other] = [listOf('saddr', packet), listOf('daddr', packet)];
    if (one === null || other === null) return null;
    const shorter = other.shared < one.shared ? other : one;
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
    const of = (side: Side): List[] => {
      const heads = made.heads[side];
      return heads === undefined ? [] : Array.from({ length: heads.count }, (_, id) => leaves(heads, id, parts)).flat();
    };
    const [sources, destinations] = [of('saddr'), of('daddr')];
    const [longestSource, longestDestination] = [longest(sources), longest(destinations)];
    let entries = 0;
    const count = (from: number, to: number, leads: (step: number) => boolean): void => {
      for (const number of lists.subarray(from, to))
        if (number > 0 && decides[number - 1] && leads(number - 1)) entries++;
    };
    for (const list of [...sources, ...destinations]) count(list.at, list.own, () => true);
    for (const list of sources) count(list.own, list.end, (step) => list.shared <= longestDestination[step]!);
    for (const list of destinations) count(list.own, list.end, (step) => list.shared < longestSource[step]!);
    return entries;
  };
  return { countEntries, entryOf };

  /** By step: what the longest list has that shares it. */
  function longest(of: readonly List[]): Uint32Array {
    const found = new Uint32Array(steps.length);
    for (const { own, end, shared, left } of of) {
      const numbers = [...lists.subarray(own, end)].flatMap((number) => (number > 0 ? [number - 1] : []));
      for (const step of [...numbers, ...left]) found[step] = Math.max(found[step]!, shared);
    }
    return found;
  }
}

function listIn(heads: Heads, head: number, packet: Compared, parts: Heads): List {
  const { place, shift, bits } = heads.at(head);
  return bits === 0 ? listAt(heads, head) : listIn(parts, place + partOf(packet, shift, bits), packet, parts);
}

function leaves(heads: Heads, head: number, parts: Heads): List[] {
  const { place, bits } = heads.at(head);
  if (bits === 0) return [listAt(heads, head)];
  return Array.from({ length: 2 ** bits }, (_, i) => leaves(parts, place + i, parts)).flat();
}

function listAt(heads: Heads, head: number): List {
  const { place, own, all } = heads.at(head);
  const left = heads.left.get(head);
  const end = left === undefined ? all : own;
  return {
    at: place * perWord,
    own: (place + own) * perWord,
    end: (place + end) * perWord,
    shared: (all - own) * perWord,
    left: left ?? [],
  };
}

function partOf(packet: Compared, shift: number, bits: number): number {
  const mask = 2 ** bits - 1;
  if (shift < splitByFields) return (shift < 32 ? packet.daddr >>> shift : packet.saddr >>> (shift - 32)) & mask;
  for (const field of ['sport', 'dport', 'protocol'] as const) {
    const [from, width] = layout[field];
    const bit = shift - splitByFields - from;
    if (bit >= 0 && bit < width) return (packet[field] >>> bit) & mask;
  }
  throw new Error('bug: no field is split there');
}
