/**
 * Labels of values that enter or leave atoms. What a label refers to (a class, an escape record, an expiry record) is written before the label
 * is given out, into places that no reader knows of yet.
 */
import { counterBits, counterMask, escapeClass, expiryBytes, maxExpiries } from '../compile/abi.js';
import { isExpiring } from '../compile/expiries.js';
import type { FamilyLayout, FieldLayout } from '../compile/family.js';
import type { TableMemory } from './table-memory.js';

/** What becomes of one atom at a value. */
export interface AtomChange {
  /** Position among the field's atoms. */
  readonly atom: number;
  readonly present: boolean;
  /** Tick at which it ceases to be; Infinity: never. */
  readonly ends: number;
  /** Counter + 1, or 0. */
  readonly counter: number;
}

/** A label for a time: up to tick `ends`. */
interface Stage {
  readonly ends: number;
  readonly label: number;
}

const expiryWords = expiryBytes / 4;

/** Records of a family, shared by its fields. */
export class FamilyRecords {
  #escapes: number;
  #expiries: number;

  constructor(
    private readonly memory: TableMemory,
    private readonly family: FamilyLayout,
    escapes: number,
    expiries: number,
  ) {
    this.#escapes = escapes;
    this.#expiries = expiries;
  }

  /** Writes what is new. False: it does not fit, and nothing that is new may be used. */
  write({ labels: { escapes, expiries } }: FieldLayout): boolean {
    const { escapes: escapePlace, expiries: expiryPlace } = this.family;
    if (escapes.length > escapePlace.capacity || (expiries?.count ?? 0) > expiryPlace.capacity) return false;
    if (escapes.length > this.#escapes) {
      this.memory.write(escapePlace.offset + this.#escapes * 4, escapes.words().subarray(this.#escapes));
      this.#escapes = escapes.length;
    }
    if (expiries !== null && expiries.count > this.#expiries) {
      const from = this.#expiries * expiryWords;
      this.memory.write(expiryPlace.offset + from * 4, expiries.words().subarray(from));
      this.#expiries = expiries.count;
    }
    return true;
  }
}

export class FieldLabels {
  /** Classes whose part of the search has been written. */
  #written: number;

  constructor(
    private readonly memory: TableMemory,
    private readonly field: FieldLayout,
    private readonly records: FamilyRecords,
  ) {
    this.#written = field.classes.count;
  }

  /** Does a value of this label lie in the atom, now or later? */
  has(label: number, atom: number): boolean {
    return this.#stages(label).some((stage) => this.field.classes.has(this.field.labels.classOf(stage.label), atom));
  }

  /** Counter + 1 of the atom's entry, or 0. */
  counterOf(label: number, atom: number): number {
    for (const stage of this.#stages(label)) {
      const counter = this.#counterIn(stage.label, atom);
      if (counter !== 0) return counter;
    }
    return 0;
  }

  /** The label with the changes made; 0: there is no room for it. */
  change(label: number, changes: readonly AtomChange[]): number {
    // Most elements stay for good, and so does what is around them.
    if (!this.#expires(label) && changes.every(({ ends }) => ends === Infinity)) {
      const made = this.#changed(label, changes, Infinity);
      return made !== 0 && this.records.write(this.field) ? made : 0;
    }
    const stages = this.#stages(label);
    const ends = [...new Set([...stages, ...changes].map((one) => one.ends))].sort((a, b) => a - b);
    if (ends[ends.length - 1] !== Infinity) ends.push(Infinity);
    if (ends.length > maxExpiries + 1) return 0;
    let made = 0;
    for (const end of ends.reverse()) {
      const base = stages.find((stage) => stage.ends >= end)!.label;
      const here = this.#changed(base, changes, end);
      if (here === 0) return 0;
      made = end === Infinity ? here : this.field.labels.expiries!.labelUntil(end, here, made);
    }
    return this.records.write(this.field) ? made : 0;
  }

  #expires(label: number): boolean {
    return this.field.labels.expiries !== null && isExpiring(label);
  }

  #stages(label: number): Stage[] {
    const { expiries } = this.field.labels;
    const stages: Stage[] = [];
    let rest = label;
    while (expiries !== null && isExpiring(rest)) {
      const [ends, until, after] = expiries.record(rest);
      stages.push({ ends, label: until });
      rest = after;
    }
    return [...stages, { ends: Infinity, label: rest }];
  }

  #changed(base: number, changes: readonly AtomChange[], until: number): number {
    const { classes, labels, capacity } = this.field;
    classes.become(this.field.labels.classOf(base));
    for (const { atom, present, ends } of changes)
      if (classes.isIn(atom) !== (present && until <= ends)) classes.toggle(atom);
    const id = classes.current();
    if (id >= capacity) return 0;
    this.#writeClasses();
    return labels.current((atom) => {
      if (!classes.isIn(atom)) return 0;
      const change = changes.find((one) => one.atom === atom);
      return change === undefined ? this.#counterIn(base, atom) : change.counter;
    });
  }

  #writeClasses(): void {
    const { classes, capacity, storesOf } = this.field;
    for (; this.#written < classes.count && this.#written < capacity; this.#written++)
      for (const { offset, values } of storesOf(this.#written)) this.memory.write(offset, values);
  }

  #counterIn(label: number, atom: number): number {
    const { labels, classes } = this.field;
    const counted = labels.counted.find((one) => one.atom === atom);
    if (counted === undefined || !classes.has(this.field.labels.classOf(label), atom)) return 0;
    if (label >>> counterBits !== escapeClass) return label & counterMask;
    const words = labels.escapes.words();
    const at = label & counterMask;
    for (let pair = 0; pair < words[at + 1]!; pair++)
      if (words[at + 2 + pair * 2] === counted.steps[0]) return words[at + 3 + pair * 2]!;
    return 0;
  }
}
