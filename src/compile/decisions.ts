/**
 * What the search over the rows would find, written down for every combination of classes: a packet is then decided by one load, however
 * many steps ask conntrack, mark or skip on the way. For programs whose fields have few classes. Small fields are combined first: many of
 * their combinations leave the same steps, and where these ask for nothing else, addresses need not be looked up.
 */
import type { StepProgram } from '../plan/program.js';
import { decisionAsked, decisionNone, combinedSettled } from './abi.js';
import type { Classes } from './classes.js';
import { combinationsOf, renumbered, type Combinations } from './combinations.js';
import { crossovers } from './crossovers.js';
import { isSmall, type FieldUse } from './field-use.js';
import { searchesOn, type Placement } from './placement.js';
import { RowBuilder, rowWords } from './rows.js';
import type { NumberedLabels } from './numbered-labels.js';
import { allSteps, firstInAll, setOfRow, SparseSet, stepsWhere, upTo, type StepSet } from './step-sets.js';

/** A field with its classes, and room for so many. */
export interface ClassedField {
  readonly use: FieldUse;
  readonly classes: Classes;
  readonly capacity: number;
  /** Class of a value of a small field, or of an IPv4 address; nothing of it must expire. */
  readonly classOf: (value: number) => number;
  /** Of IPv4 addresses: has their lookup answer the number of a label. */
  readonly number: (() => NumberedLabels) | null;
}

/** u16s that stand side by side, from that place on. */
export interface Run {
  readonly place: number;
  readonly decisions: Uint16Array;
}

/** Null: there are too many combinations, or a step has the route of the source looked up, which no class says. */
export function decisionsOf(
  program: StepProgram,
  placement: Placement,
  fields: readonly ClassedField[],
): Decisions | null {
  const fixed = fields.filter(({ use }) => use.field !== 'mark');
  if (fixed.length === 0 || fields.some(({ use }) => use.field === 'reversePath')) return null;
  if (program.steps.some(({ outcome }) => outcome.kind === 'route')) return null;
  // Rows of many classes take time to make.
  const most = Math.max(crossovers.combinations, crossovers.decisions);
  if ([true, false].some((small) => sizeOf(fixed.filter(({ use }) => isSmall(use.field) === small)) > most))
    return null;
  try {
    return new Decisions(program, placement, fields);
  } catch (error) {
    if (error instanceof TooMany) return null;
    throw error;
  }
}

class TooMany extends Error {}

export class Decisions {
  /** By place of small fields: number, and whether other fields matter; null: their place is their number. */
  readonly combined: Uint16Array | null;
  /** Numbers of combinations of small fields, which stand side by side in the table. */
  readonly count: number;
  /** By place of the other fields: number; null: likewise. */
  readonly paired: Uint16Array | null;
  /** By number of small fields + count * number of the others; classes that may come have no step. */
  readonly table: Uint16Array;
  /** By slot. */
  readonly strides = new Map<number, number>();
  readonly #all: StepSet;
  readonly #marks: Rows | null;
  readonly #unmarked: StepSet;
  readonly #others: readonly Level[];
  readonly #sets: readonly StepSet[];
  /** By step: 1 where the search goes on behind it; and where it does without having asked the other fields. */
  readonly #goesOn: Uint8Array;
  readonly #goesOnAlone: Uint8Array;
  /** Those that skip, and those that decide by small fields alone. */
  readonly #ends: StepSet;

  /** Throws TooMany. */
  constructor(
    private readonly program: StepProgram,
    private readonly placement: Placement,
    fields: readonly ClassedField[],
  ) {
    this.#goesOn = Uint8Array.from(program.steps, (step) => Number(searchesOn(program, step)));
    this.#goesOnAlone = this.#goesOn.map((goesOn, step) => (this.#asksOthers(step) ? 0 : goesOn));
    const rows = fields.map((field) => new Rows(program, field));
    const small = rows.filter(({ use }) => isSmall(use.field) && use.field !== 'mark');
    const others = rows.filter(({ use }) => !isSmall(use.field));
    this.#all = allSteps(program.steps.length);
    this.#ends = stepsWhere(program.steps.length, (step) => this.#skips(step) || this.#decidesAlone(step));
    this.#marks = rows.find(({ use }) => use.field === 'mark') ?? null;
    this.#unmarked = this.#marked(0);
    for (const some of [small, others]) this.#place(some);
    const most = this.#mostNumbers(others);
    const asksOthers = program.steps.every((_, step) => this.#asksOthers(step));
    const combinations = this.#combinations(small, asksOthers ? most : Infinity);
    const reached = renumbered(combinations, (set) => this.#reached(set), most);
    if (reached === null) throw new TooMany();
    const { numbers, sets } = reached;
    this.#sets = others.length === 0 ? [...numbers].map((number) => sets[number]!) : sets;
    const flags = sets.map((set) => (this.#isSettled(set) ? combinedSettled : 0));
    this.combined = others.length === 0 || small.length === 0 ? null : numbers.map((number) => number | flags[number]!);
    this.count = this.#sets.length;
    const pairs = this.count * sizeOf(others) > crossovers.paired && !others.some(({ use }) => use.live) ? this.#combinations(others, Infinity) : null; // prettier-ignore
    this.paired = pairs?.numbers ?? null;
    this.#others = pairs === null ? others : [levelOf(pairs.sets)];
    const size = this.count * sizeOf(this.#others);
    if (size > crossovers.decisions) throw new TooMany();
    this.table = new Uint16Array(size).fill(decisionNone);
    this.#fill(this.#others.length - 1, SparseSet.of(this.#all), 0, null);
  }

  #place(fields: readonly Rows[]): void {
    let stride = 1;
    for (const { use, capacity } of fields) {
      this.strides.set(use.slot, stride);
      stride *= capacity;
    }
  }

  /** Of more numbers of small fields there would be too many decisions. */
  #mostNumbers(others: readonly Rows[]): number {
    const { steps, atoms } = this.program;
    /** A step asks for nothing else but small fields: whether a class lies in the atom is told by that bit. */
    const told = new Set<number>();
    for (const { when } of steps) {
      const [only, more] = when.filter(({ atom }) => !isSmall(atoms[atom]!.field));
      if (only && !more) told.add(only.atom);
    }
    const differing = others.filter(({ use }) => use.atoms.every((atom) => told.has(atom)));
    return crossovers.decisions / Math.max(1, ...differing.map(({ count }) => count - 1));
  }

  #combinations(fields: readonly Rows[], most: number): Combinations {
    if (sizeOf(fields) > crossovers.combinations) throw new TooMany();
    const found = combinationsOf(this.#all, fields, most);
    if (found === null) throw new TooMany();
    return found;
  }

  /** What has to be written for a class that is new. */
  ofClass(slot: number, id: number): Run[] {
    const at = this.#others.findIndex((level) => level.slot === slot);
    if (at === -1) throw new Error(`bug: field ${slot} gets no classes`);
    this.#fill(this.#others.length - 1, SparseSet.of(this.#all), 0, { at, id });
    const size = this.count * this.strides.get(slot)!;
    const runs: Run[] = [];
    for (let place = id * size; place < this.table.length; place += size * this.#others[at]!.capacity)
      runs.push({ place, decisions: this.table.subarray(place, place + size) });
    return runs;
  }

  /** All of it, now that the search ends at these steps. */
  suspend(steps: ReadonlySet<number>): Run {
    for (const step of steps) this.#goesOn[step] = 0;
    this.#fill(this.#others.length - 1, SparseSet.of(this.#all), 0, null);
    return { place: 0, decisions: this.table };
  }

  /** `place`: of the classes of higher levels. `only`: just this class of that level. */
  #fill(
    at: number,
    allowed: SparseSet,
    place: number,
    only: { readonly at: number; readonly id: number } | null,
  ): void {
    if (at < 0) {
      const first = place * this.count;
      for (let i = 0; i < this.count; i++) this.table[first + i] = this.#decision(allowed, this.#sets[i]!);
      return;
    }
    const set = new SparseSet(this.#all.length);
    const level = this.#others[at]!;
    const [from, to] = only?.at === at ? [only.id, only.id + 1] : [0, level.count];
    for (let id = from; id < to; id++)
      this.#fill(at - 1, set.become(allowed, level.of(id)), place + id * this.#strideOf(level), only);
  }

  #strideOf = ({ slot }: Level): number => (slot === null ? 1 : this.strides.get(slot)!);

  #decision(one: SparseSet, other: StepSet): number {
    const found = this.#search(one, other, this.#goesOn);
    return found === -1 ? decisionNone : this.placement.positions[found & ~decisionAsked]! | (found & decisionAsked);
  }

  /** Is it decided without the other fields, whatever classes they get? */
  #isSettled(set: StepSet): boolean {
    const found = this.#search(SparseSet.of(set), set, this.#goesOnAlone);
    return found === -1 || !this.#asksOthers(found & ~decisionAsked);
  }

  /**
   * As bpf/search.h goes through the steps that are in both sets: the step where it ends, with the flag `decisionAsked`; -1: it finds none.
   * `goesOn`: by step, 1 where the search goes on behind it.
   */
  #search(one: SparseSet, other: StepSet, goesOn: Uint8Array): number {
    let asked = 0;
    let marked = this.#unmarked;
    for (let from = 0; ;) {
      const step = one.firstInAll(other, marked, from);
      if (step === -1) return -1;
      if (goesOn[step] === 0) return step | asked;
      const { outcome } = this.program.steps[step]!;
      if (outcome.kind === 'ask') asked = decisionAsked;
      if (outcome.kind === 'mark') marked = this.#marked(outcome.state);
      from = outcome.kind === 'skip' ? outcome.to : step + 1;
    }
  }

  /** Without what stands behind a step that decides for certain: nothing gets there. */
  #reached(set: StepSet): StepSet {
    let skipped = 0;
    const next = (from: number): number => firstInAll(set, this.#ends, set, from);
    for (let step = next(0); step !== -1; step = next(step + 1)) {
      const { outcome } = this.program.steps[step]!;
      if (outcome.kind === 'skip') skipped = Math.max(skipped, outcome.to);
      if (step >= skipped && this.#decidesAlone(step)) return upTo(set, step);
    }
    return set;
  }

  #skips = (step: number): boolean => this.program.steps[step]!.outcome.kind === 'skip';

  #decidesAlone = (step: number): boolean =>
    this.#goesOn[step] === 0 && !this.#asksOthers(step) && !this.#asksMark(step);

  /** Steps that packets with a mark of this state may match. */
  #marked = (state: number): StepSet => (this.#marks === null ? this.#all : this.#marks.of(this.#marks.classOf(state)));

  #asksOthers = (step: number): boolean =>
    this.program.steps[step]!.when.some(({ atom }) => !isSmall(this.program.atoms[atom]!.field));

  #asksMark = (step: number): boolean =>
    this.program.steps[step]!.when.some(({ atom }) => this.program.atoms[atom]!.field === 'mark');
}

/** What decides beside the small fields: classes of a field, or numbers of combinations. */
interface Level {
  /** Null: these are all of the other fields. */
  readonly slot: number | null;
  readonly count: number;
  /** They may become as many. */
  readonly capacity: number;
  readonly of: (id: number) => StepSet;
}

const levelOf = (sets: readonly StepSet[]): Level => ({
  slot: null,
  count: sets.length,
  capacity: sets.length,
  of: (id) => sets[id]!,
});

const sizeOf = (levels: readonly Pick<Level, 'capacity'>[]): number =>
  levels.reduce((size, { capacity }) => size * capacity, 1);

/** Steps that the classes of a field leave, which may become more. */
class Rows implements Level {
  readonly use: FieldUse;
  readonly slot: number;
  readonly capacity: number;
  #builder: RowBuilder | null = null;
  readonly #words: number;
  readonly #sets: StepSet[] = [];
  readonly #none: StepSet;

  constructor(
    private readonly program: StepProgram,
    private readonly field: ClassedField,
  ) {
    this.use = field.use;
    this.slot = field.use.slot;
    this.capacity = field.capacity;
    this.#words = allSteps(program.steps.length).length;
    this.#none = new Uint32Array(this.#words);
  }

  get count(): number {
    return Math.min(this.field.classes.count, this.capacity);
  }

  of = (id: number): StepSet =>
    (this.#sets[id] ??= setOfRow((this.#builder ??= this.#madeBuilder()).row(id).rows, this.#words));

  /** When it is first asked for: mostly the small fields alone have too many combinations. */
  #madeBuilder(): RowBuilder {
    const { length } = this.program.steps;
    const positions = Uint16Array.from({ length }, (_, i) => i);
    const inOrder: Placement = { positions, words: rowWords(length), groupShift: 0, clusters: null };
    return new RowBuilder(this.program, this.use, this.field.classes, inOrder);
  }

  classOf = (value: number): number => this.field.classOf(value);

  /** Classes that may come leave none. */
  at = (id: number): StepSet => (id < this.count ? this.of(id) : this.#none);
}
