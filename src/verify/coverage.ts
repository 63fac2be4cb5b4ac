/** What the frames of a verification have reached: classes of each field's values, steps, and entries of lists. Says how far an agreement goes, not whether. */
import type { ListWalk } from '../compile/list-walk.js';
import type { AddressFamily } from '../model/address.js';
import { knownUpTo, type SmallField } from '../model/field.js';
import type { Atom, Field, Prefilter, StepProgram } from '../plan/program.js';
import { entryLookup } from '../simulate/entry-index.js';
import type { FrameFields } from '../simulate/parse-frame.js';
import { partition, type FieldPartition } from './field-partition.js';

export interface FieldCoverage {
  readonly family: AddressFamily;
  readonly field: Field;
  /** Values that no step tells apart are of one class. */
  readonly classes: number;
  readonly met: number;
}

export interface StepCoverage {
  /** Steps that drop or pass. */
  readonly steps: number;
  /** Those that have decided a frame. A step below one that covers it decides none. */
  readonly met: number;
}

export interface ListCoverage {
  /** Of the lists by address: those that lead some packet to a step that drops or passes. */
  readonly entries: number;
  /** Those by which the step that has decided a frame was found. */
  readonly met: number;
}

/** Fields of a frame: the device is one alone; mark and route come with the steps. */
type FrameField = Exclude<SmallField, 'device' | 'mark' | 'reversePath'>;

/** Largest value. */
const largest: Readonly<Record<FrameField, number>> = {
  protocol: 255,
  sport: 65_535,
  dport: 65_535,
  icmp: 65_535,
  tcpFlags: 0x1ff,
  ttl: 255,
  tos: 255,
  length: 65_535,
  packetType: 6,
  availability: 3,
};

interface CoveredField {
  readonly field: Field;
  readonly knownUpTo: number;
  readonly classes: number;
  readonly classOf: (fields: FrameFields) => number;
  readonly met: Set<number>;
}

type AtomOf<Kind extends Atom['kind']> = Extract<Atom, { readonly kind: Kind }>;

const ofKind = <Kind extends Atom['kind']>(atoms: readonly Atom[], kind: Kind): readonly AtomOf<Kind>[] =>
  atoms.filter((atom): atom is AtomOf<Kind> => atom.kind === kind);

function join(words: number, columns: readonly { readonly lo: Uint32Array; readonly hi: Uint32Array }[]) {
  const total = columns.reduce((sum, { lo }) => sum + lo.length, 0);
  const [lo, hi, atom] = [new Uint32Array(total), new Uint32Array(total), new Uint32Array(total / words)];
  let at = 0;
  columns.forEach((column, i) => {
    lo.set(column.lo, at);
    hi.set(column.hi, at);
    atom.fill(i, at / words, (at + column.lo.length) / words);
    at += column.lo.length;
  });
  return { words, lo, hi, atom, atoms: columns.length };
}

function addressField(field: 'saddr' | 'daddr', words: number, atoms: readonly AtomOf<'addresses'>[]): CoveredField {
  const bounds = atoms.map(({ ranges: { lo, hi, count } }) => ({
    lo: lo.subarray(0, count * words),
    hi: hi.subarray(0, count * words),
  }));
  const { classes, classOf }: FieldPartition = partition(join(words, bounds), null);
  return {
    field,
    knownUpTo: knownUpTo({ field }),
    classes,
    classOf: (fields) => classOf(fields[field]),
    met: new Set(),
  };
}

function smallField(field: FrameField, atoms: readonly AtomOf<'values'>[]): CoveredField {
  const bounds = atoms.map(({ ranges }) => ({
    lo: Uint32Array.from(ranges, ([low]) => low),
    hi: Uint32Array.from(ranges, ([, high]) => high),
  }));
  const { classes, classOf } = partition(join(1, bounds), largest[field]);
  const ofValue = ({ small }: FrameFields): number => classOf(Uint32Array.of(small[field]));
  return { field, knownUpTo: knownUpTo({ field }), classes, classOf: ofValue, met: new Set() };
}

function macField(atoms: readonly AtomOf<'macs'>[]): CoveredField {
  const names = new Map<number, string>();
  atoms.forEach(({ addresses }, i) => {
    for (const mac of new Set(addresses)) names.set(mac, `${names.get(mac) ?? ''} ${i}`);
  });
  const ids = new Map([...new Set(names.values())].map((name, i) => [name, i + 1]));
  const classOf = ({ smac }: FrameFields): number => ids.get(names.get(smac) ?? '') ?? 0;
  return { field: 'smac', knownUpTo: knownUpTo({ field: 'smac' }), classes: ids.size + 1, classOf, met: new Set() };
}

/** Of a set of tuples: those in it, and all others. */
function tupleField(atom: AtomOf<'tuples'>): CoveredField {
  const lookup = entryLookup({ ...atom, expires: new Uint32Array(atom.count) });
  const classOf = (fields: FrameFields): number => (lookup(fields, 0, null) < 0 ? 0 : 1);
  return { field: 'tuple', knownUpTo: atom.availableUpTo, classes: 2, classOf, met: new Set() };
}

function coveredFields({ family, atoms, steps }: StepProgram): CoveredField[] {
  const used = [...new Set(steps.flatMap(({ when }) => when.map(({ atom }) => atom)))].map((atom) => atoms[atom]!);
  const fields: CoveredField[] = [];
  for (const side of ['saddr', 'daddr'] as const) {
    const own = ofKind(used, 'addresses').filter(({ field }) => field === side);
    if (own.length > 0) fields.push(addressField(side, family === 4 ? 1 : 4, own));
  }
  const macs = ofKind(used, 'macs');
  if (macs.length > 0) fields.push(macField(macs));
  for (const field of Object.keys(largest) as FrameField[]) {
    const own = ofKind(used, 'values').filter((atom) => atom.field === field);
    if (own.length > 0) fields.push(smallField(field, own));
  }
  return [...fields, ...ofKind(used, 'tuples').map(tupleField)];
}

const decides = (program: StepProgram): number =>
  program.steps.filter(({ outcome }) => outcome.kind === 'drop' || outcome.kind === 'pass').length;

export class Coverage {
  readonly #fields: Readonly<Record<AddressFamily, readonly CoveredField[]>>;
  readonly #steps = { 4: new Set<number>(), 6: new Set<number>() };
  readonly #all: number;
  readonly #entries = new Set<number>();

  /** @param walk Of the compiled image. */
  constructor(
    { ip, ip6 }: Prefilter,
    private readonly walk: ListWalk | null = null,
  ) {
    this.#fields = { 4: coveredFields(ip), 6: coveredFields(ip6) };
    this.#all = decides(ip) + decides(ip6);
  }

  /** A frame that was looked up, and the step that decided it, if one did. */
  add(fields: FrameFields, step: number | null): void {
    if (step !== null) {
      this.#steps[fields.family].add(step);
      if (fields.family === 4) this.#addEntry(fields, step);
    }
    for (const { knownUpTo: most, classOf, met } of this.#fields[fields.family])
      if (fields.small.availability <= most) met.add(classOf(fields));
  }

  get fields(): readonly FieldCoverage[] {
    return ([4, 6] as const).flatMap((family) =>
      this.#fields[family].map(({ field, classes, met }) => ({ family, field, classes, met: met.size })),
    );
  }

  get steps(): StepCoverage {
    return { steps: this.#all, met: this.#steps[4].size + this.#steps[6].size };
  }

  /** Null: there are no lists. */
  get lists(): ListCoverage | null {
    return this.walk && { entries: this.walk.countEntries(), met: this.#entries.size };
  }

  #addEntry({ saddr, daddr, small }: FrameFields, step: number): void {
    const entry = this.walk?.entryOf(step, { ...small, saddr: saddr[0]!, daddr: daddr[0]! }) ?? null;
    if (entry !== null) this.#entries.add(entry);
  }
}
