/**
 * Steps by address: for each class of the source and of the destination, the few steps that it allows and the other fields must decide
 * about (bpf/candidates.h). A step that is narrow in both addresses stands in the lists of both, and a packet is compared with those of the
 * shorter list; one that is narrow in one of them, or whose address is no single network, stands in the lists of that one.
 */
import type { StepProgram } from '../plan/program.js';
import { listBytes, maxWalk } from './abi.js';
import { candidateOf, candidateTable, type Candidate, type Side } from './candidates.js';
import type { Classes } from './classes.js';
import { crossovers } from './crossovers.js';
import type { ClassedField } from './decisions.js';
import { placeInClusters, type Placement } from './placement.js';
import { rowWords } from './rows.js';

export interface Lists {
  /** Of the steps that have rows, with those in lists behind them. */
  readonly placement: Placement;
  readonly candidates: Uint8Array;
  /** Numbers of steps + 1. */
  readonly lists: Uint16Array;
  readonly entries: number;
  /** By class: struct list (bpf/abi.h), whose place is in words of `lists` yet; the side is absent where no step asks for it. */
  readonly heads: Readonly<Partial<Record<Side, Uint32Array>>>;
}

/** Numbers in a word of a list. */
const perWord = 2;

/** Null: rows are better. */
export function listsOf(program: StepProgram, placement: Placement, fields: readonly ClassedField[]): Lists | null {
  const { steps, family } = program;
  if (family !== 4 || placement.clusters === null || fields.some(({ use }) => use.live)) return null;
  const all = steps.flatMap((_, number) => candidateOf(program, number) ?? []);
  const words = rowWords(steps.length);
  const most = Math.min(maxWalk, crossovers.shortWalk + words * crossovers.walkPerWord);
  for (const widest of crossovers.widestListed) {
    const candidates = all.filter(({ sides, asked }) => sides.every((side) => asked[side].share <= widest));
    if (rowWords(steps.length - candidates.length) > words / 2) return null;
    const built = listsOfCandidates(program, candidates, fields, most);
    if (built === null) continue;
    const { lists, entries, heads } = built;
    const listed = new Set(candidates.map(({ step }) => step));
    const made = { lists, entries, heads, candidates: candidateTable(steps.length, candidates) };
    return { placement: placeInClusters(program, listed), ...made };
  }
  return null;
}

/** Null: some packet would have to look at more words than `most`, or they are too many. */
function listsOfCandidates(
  program: StepProgram,
  candidates: readonly Candidate[],
  fields: readonly ClassedField[],
  most: number,
): Pick<Lists, 'lists' | 'entries' | 'heads'> | null {
  const words: number[] = [];
  const heads: Partial<Record<Side, Uint32Array>> = {};
  let [entries, shared, own] = [0, Infinity, 0];
  for (const side of ['saddr', 'daddr'] as const) {
    const field = fields.find(({ use }) => use.field === side);
    if (field === undefined) {
      shared = 0;
      continue;
    }
    const here = candidates.filter(({ sides }) => sides.includes(side));
    const of = stepsByClass(program, field, here);
    const isOwn = new Uint8Array(program.steps.length);
    for (const { step, sides } of here) if (sides.length === 1) isOwn[step] = 1;
    const head = new Uint32Array((field.capacity * listBytes) / 4);
    const counts = new Uint16Array(head.buffer);
    let [mostShared, mostOwn] = [0, 0];
    for (let id = 1; id < field.classes.count; id++) {
      const steps = of(id);
      if (steps.length === 0) continue;
      const first = steps.filter((step) => isOwn[step] === 1);
      const second = steps.filter((step) => isOwn[step] === 0);
      const [ownWords, allWords] = [Math.ceil(first.length / perWord), Math.ceil(steps.length / perWord)];
      head[id * 2] = words.length / perWord;
      counts.set([ownWords, allWords], id * 4 + 2);
      words.push(...[...first, ...second].map((step) => step + 1));
      while (words.length % perWord !== 0) words.push(0);
      entries += steps.length;
      mostShared = Math.max(mostShared, allWords - ownWords);
      mostOwn = Math.max(mostOwn, ownWords);
      if (own + mostOwn > most || entries > crossovers.listed) return null;
    }
    heads[side] = head;
    shared = Math.min(shared, mostShared);
    own += mostOwn;
  }
  return shared + own > most ? null : { lists: Uint16Array.from(words), entries, heads };
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
