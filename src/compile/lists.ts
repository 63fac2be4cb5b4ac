/**
 * Steps by address: for each class of the source and of the destination, the few steps that it allows and the other fields must decide
 * about (bpf/candidates.h). A step that is narrow in both addresses stands in the lists of both, and a packet is compared with those of the
 * shorter list; one that is narrow in one of them, or whose address is no single network, stands in the lists of that one. Long lists are
 * split by bits of the packet (split.ts), so that no packet is compared with more than a handful; steps that would make lists longer than
 * that all the same have rows.
 */
import type { StepProgram } from '../plan/program.js';
import { listBytes, maxSplits, maxWalk } from './abi.js';
import { candidateOf, candidateTable, coversBeside, type Candidate, type Side } from './candidates.js';
import type { Classes } from './classes.js';
import { crossovers } from './crossovers.js';
import type { ClassedField } from './decisions.js';
import { placeInClusters, type Placement } from './placement.js';
import { rowWords } from './rows.js';
import { perWord, splitOf, type Entry } from './split.js';

export interface Lists {
  /** Of the steps that have rows, with those in lists behind them. */
  readonly placement: Placement;
  readonly candidates: Uint8Array;
  /** Numbers of steps + 1. */
  readonly lists: Uint16Array;
  readonly entries: number;
  /** Parts of lists: heads themselves. */
  readonly parts: Heads;
  /** By class; the side is absent where no step asks for it. */
  readonly heads: Readonly<Partial<Record<Side, Heads>>>;
}

/**
 * What a packet is compared with, in words: steps that only the list of its source has, those that only the list of its destination has,
 * and those of the one of both lists that has fewer others. The first of these that lists can be made for is taken.
 */
interface Bounds extends Readonly<Record<Side, number>> {
  readonly shared: number;
}
const bounds: readonly Bounds[] = [
  [1, 3],
  [2, 3],
  [3, 3],
  [2, 4],
].map(([saddr, daddr]) => ({ saddr: saddr!, daddr: daddr!, shared: maxWalk - saddr! - daddr! }));

/** Null: rows are better. */
export function listsOf(program: StepProgram, placement: Placement, fields: readonly ClassedField[]): Lists | null {
  const { steps, family } = program;
  if (family !== 4 || placement.clusters === null || fields.some(({ use }) => use.live)) return null;
  let candidates = steps.flatMap((_, number) => candidateOf(program, number) ?? []);
  for (;;) {
    if (rowWords(steps.length - candidates.length) > rowWords(steps.length) / 2) return null;
    const built = new ListBuilder(program, candidates, fields);
    if (!built.build()) return null;
    const excess = excessOf(built.leaves);
    if (excess.size === 0) {
      const { lists, entries, parts, heads } = built;
      const listed = new Set(candidates.map(({ step }) => step));
      const made = { lists: Uint16Array.from(lists), entries, parts, heads };
      return {
        placement: placeInClusters(program, listed),
        candidates: candidateTable(steps.length, candidates),
        ...made,
      };
    }
    const isNarrow = ({ sides, asked }: Candidate): boolean =>
      sides.every((side) => asked[side].share <= crossovers.widestListed);
    candidates = candidates.filter((each) => !excess.has(each.step) && isNarrow(each));
  }
}

/** struct list (bpf/abi.h), whose places are in words of lists, or in heads of parts, yet. */
export class Heads {
  /** Of lists that are not gone through, what they have more than others, which stands nowhere: steps. */
  readonly left = new Map<number, readonly number[]>();
  readonly #places: number[] = [];
  readonly #rest: number[] = [];

  constructor(count: number) {
    this.add(count);
  }

  /** Place of the first of so many more, which are empty. */
  add(count: number): number {
    const place = this.#places.length;
    for (let i = 0; i < count; i++) {
      this.#places.push(0);
      this.#rest.push(0, 0, 0, 0);
    }
    return place;
  }

  list(head: number, place: number, own: number, all: number): void {
    // A list of so many is not gone through, but that of the other address.
    this.#set(head, place, [Math.min(255, own), Math.min(255, all), 0, 0]);
  }

  split(head: number, place: number, shift: number, bits: number): void {
    this.#set(head, place, [0, 0, shift, bits]);
  }

  #set(head: number, place: number, rest: readonly number[]): void {
    this.#places[head] = place;
    rest.forEach((value, i) => (this.#rest[head * 4 + i] = value));
  }

  get count(): number {
    return this.#places.length;
  }

  at(head: number): Readonly<Record<'place' | 'own' | 'all' | 'shift' | 'bits', number>> {
    const [own = 0, all = 0, shift = 0, bits = 0] = this.#rest.slice(head * 4, head * 4 + 4);
    return { place: this.#places[head]!, own, all, shift, bits };
  }

  /** These, one after the other. */
  by(heads: readonly number[]): Heads {
    const chosen = new Heads(heads.length);
    for (const [i, head] of heads.entries())
      chosen.#set(i, this.#places[head]!, this.#rest.slice(head * 4, head * 4 + 4));
    return chosen;
  }

  get byteLength(): number {
    return this.#places.length * listBytes;
  }

  /** Now that lists and parts have an offset. */
  bytes(lists: number, parts: number): Uint8Array {
    const words = new Uint32Array(this.#places.length * 2);
    const bytes = new Uint8Array(words.buffer);
    this.#places.forEach((place, head) => {
      const rest = this.#rest.slice(head * 4, head * 4 + 4);
      words[head * 2] = rest[3] === 0 ? lists + place * perWord * 2 : parts + place * listBytes;
      bytes.set(rest, head * listBytes + 4);
    });
    return bytes;
  }
}

/** A list that a packet may be compared with. */
interface Leaf {
  readonly side: Side;
  readonly own: readonly Entry[];
  readonly shared: readonly Entry[];
}

class ListBuilder {
  readonly lists: number[] = [];
  readonly parts = new Heads(0);
  readonly heads: Partial<Record<Side, Heads>> = {};
  /** Those that may be too long. */
  readonly leaves: Leaf[] = [];
  entries = 0;

  constructor(
    private readonly program: StepProgram,
    private readonly candidates: readonly Candidate[],
    private readonly fields: readonly ClassedField[],
  ) {}

  /** False: they are too many. */
  build(): boolean {
    const all = (['saddr', 'daddr'] as const).map((side) => this.#byClass(side));
    // A packet is compared with the shorter list: what both have may be long in one of them.
    const [source, destination] = all.map((lists) => lists.reduce((sum, { shared }) => sum + (isLong(shared) ? shared.length : 0), 0)); // prettier-ignore
    const order = source! > destination! ? (['daddr', 'saddr'] as const) : (['saddr', 'daddr'] as const);
    let longest = Infinity;
    for (const side of order) {
      const field = this.fields.find(({ use }) => use.field === side);
      const heads = new Heads(field?.capacity ?? 0);
      for (const [id, leaf] of all[side === 'saddr' ? 0 : 1]!.entries()) {
        this.#list(leaf, heads, id, longest, maxSplits);
        if (this.entries > crossovers.listed) return false;
      }
      if (field !== undefined) this.heads[side] = heads;
      longest = this.leaves.reduce((most, { shared }) => Math.max(most, wordsOf(shared)), 0);
    }
    return true;
  }

  /** Lists that are not split yet. */
  #byClass(side: Side): Leaf[] {
    const field = this.fields.find(({ use }) => use.field === side);
    if (field === undefined) return [];
    const here = this.candidates.filter(({ sides }) => sides.includes(side));
    const of = stepsByClass(this.program, field, here);
    const byStep = new Map(here.map((each) => [each.step, { candidate: each, isOwn: each.sides.length === 1 }]));
    return Array.from({ length: field.classes.count }, (_, id) =>
      leafOf(
        side,
        id === 0
          ? []
          : reached(
              side,
              of(id).map((step) => byStep.get(step)!),
            ),
      ),
    );
  }

  /** `longest`: words of what both lists have in those of the other side. What a list has more than that is not gone through. */
  #list({ side, own, shared }: Leaf, heads: Heads, head: number, longest: number, splits: number): void {
    if (own.length + shared.length === 0) return;
    const isLeft = wordsOf(shared) > longest;
    const mayBeSplit = splits > 0 && ((isLong(shared) && !isLeft) || wordsOf(own) > crossovers.splitOwnFrom);
    const split = mayBeSplit ? splitOf(side, isLeft ? own : [...own, ...shared]) : null;
    if (split !== null) {
      const first = this.parts.add(split.parts.length);
      heads.split(head, first, split.shift, split.bits);
      for (const [i, part] of split.parts.entries()) {
        const leaf = leafOf(side, part);
        this.#list(isLeft ? { ...leaf, shared } : leaf, this.parts, first + i, longest, splits - 1);
      }
      return;
    }
    const entries = isLeft ? own : [...own, ...shared];
    const words = isLeft ? wordsOf(own) + longest + 1 : wordsOf(entries);
    heads.list(head, this.lists.length / perWord, wordsOf(own), words);
    if (isLeft) heads.left.set(head, shared.map(({ candidate }) => candidate.step)); // prettier-ignore
    for (const { candidate } of entries) this.lists.push(candidate.step + 1);
    while (this.lists.length % perWord !== 0) this.lists.push(0);
    this.entries += entries.length;
    this.leaves.push({ side, own, shared });
  }
}

/** In longer lists that takes too long. */
const mostCompared = 256;

/** Without entries behind one that matches all of the packets that they do, as far as packets of the class go. */
function reached(side: Side, entries: readonly Entry[]): readonly Entry[] {
  if (entries.length > mostCompared) return entries;
  const kept: Entry[] = [];
  for (const entry of entries)
    if (!kept.some(({ candidate }) => coversBeside(side, candidate, entry.candidate))) kept.push(entry);
  return kept;
}

const leafOf = (side: Side, entries: readonly Entry[]): Leaf => ({
  side,
  own: entries.filter(({ isOwn }) => isOwn),
  shared: entries.filter(({ isOwn }) => !isOwn),
});
const isLong = (entries: readonly Entry[]): boolean => wordsOf(entries) > crossovers.splitFrom;
const wordsOf = (entries: readonly Entry[]): number => Math.ceil(entries.length / perWord);

/** Steps without which no packet is compared with more than it may be. */
function excessOf(leaves: readonly Leaf[]): ReadonlySet<number> {
  const excesses = bounds.map((most) => {
    const own = leaves.flatMap(({ side, own }) => widest(side, own, most[side]));
    // Where one side has short lists, those of the other are not gone through.
    const [source, destination] = (['saddr', 'daddr'] as const).map((of) =>
      leaves.flatMap(({ side, shared }) => (side === of ? widest(side, shared, most.shared) : [])),
    ) as [number[], number[]];
    return new Set([...own, ...(source.length < destination.length ? source : destination)]);
  });
  return excesses.reduce((least, each) => (each.size < least.size ? each : least));
}

/** What is beyond so many words. */
function widest(side: Side, entries: readonly Entry[], most: number): number[] {
  if (wordsOf(entries) <= most) return [];
  return entries
    .map(({ candidate }) => candidate)
    .sort((a, b) => a.asked[side].share - b.asked[side].share)
    .slice(most * perWord)
    .map(({ step }) => step);
}

/** Those of the candidates that a class of the address allows, in their order. */
function stepsByClass(
  { steps, atoms }: StepProgram,
  { use, classes }: ClassedField,
  candidates: readonly Candidate[],
): (id: number) => number[] {
  const position = new Map(use.atoms.map((atom, i) => [atom, i]));
  const literals = new Map(
    candidates.map(({ step }) => [
      step,
      steps[step]!.when.flatMap(({ atom, negate }) =>
        atoms[atom]!.field === use.field ? [{ atom: position.get(atom)!, negate }] : [],
      ),
    ]),
  );
  /** Of the atom by which it is found. */
  const byAtom = use.atoms.map((): number[] => []);
  for (const [step, asked] of literals) byAtom[asked.find(({ negate }) => !negate)!.atom]!.push(step);
  const holds = (classes: Classes, id: number, step: number): boolean =>
    literals.get(step)!.every(({ atom, negate }) => classes.has(id, atom) !== negate);
  return (id) => {
    const found: number[] = [];
    classes.forEachAtom(id, (atom) => {
      for (const step of byAtom[atom]!) if (holds(classes, id, step)) found.push(step);
    });
    return found.sort((a, b) => a - b);
  };
}
