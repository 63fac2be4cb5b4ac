/** Random step programs, and packets at the edges of what their atoms say. Everything follows from the seed. */
import type { AddressFamily, AddressRanges } from '../../src/model/address.js';
import type { Atom, Literal, Outcome, SmallField, Step, StepProgram } from '../../src/plan/program.js';
import {
  leastAvailable,
  smallTupleMax,
  tupleSignature,
  type TupleColumn,
  type TupleField,
} from '../../src/model/tuples.js';
import type { PacketSpec } from './frame.js';

export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  /** 0 .. 2^32-1 (mulberry32). */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(n: number): number {
    return Math.floor((this.word() / 2 ** 32) * n);
  }
  between(lo: number, hi: number): number {
    return lo + this.below(hi - lo + 1);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  chance(p: number): boolean {
    return this.word() / 2 ** 32 < p;
  }
}

export interface Shape {
  readonly family: AddressFamily;
  readonly steps: number;
  readonly atoms: number;
  readonly counters: number;
  /** Entries per atom, at most. */
  readonly entries: number;
  readonly fields: readonly (SmallField | 'saddr' | 'daddr' | 'smac' | 'tuple')[];
  readonly skips: boolean;
  readonly devices: number;
}

export const allFields = [
  ...[
    'protocol',
    'sport',
    'dport',
    'tcpFlags',
    'icmp',
    'ttl',
    'tos',
    'length',
    'packetType',
    'mark',
    'reversePath',
    'device',
    'availability',
  ],
  ...['saddr', 'daddr', 'smac', 'tuple'],
] as Shape['fields'];

const largest: Readonly<Record<SmallField, number>> = {
  protocol: 255, sport: 65535, dport: 65535, tcpFlags: 511, icmp: 65535, ttl: 255, tos: 255, length: 65535, packetType: 6, mark: 6,
  reversePath: 4, device: 3, availability: 3,
}; // prettier-ignore
const protocols = [6, 17, 1, 58, 132, 33, 136, 47, 255];
const ports = [0, 22, 53, 80, 81, 443, 1024, 65535];

/** Addresses from a small space, so that atoms overlap and nest. */
export function randomAddress(random: Random, family: AddressFamily): number[] {
  const low = random.pick([0, 1, 2, 255, 256, 0xffff, random.below(65536), random.below(2 ** 20)]);
  if (family === 4) return [random.pick([(0x0a000000 | low) >>> 0, low, (0xfffffff0 | low) >>> 0, random.word()])];
  const middle = random.pick([0, 1, 0xffffffff, random.below(4)]);
  return [0x20010db8, random.below(3), middle, random.pick([low, (0xfffffff0 | low) >>> 0])];
}

function randomRange(random: Random, family: AddressFamily): [number[], number[]] {
  const lo = randomAddress(random, family);
  if (random.chance(0.4)) return [lo, lo];
  const words = lo.length;
  if (random.chance(0.3)) {
    const hi = [...lo];
    hi[words - 1] = Math.min(0xffffffff, lo[words - 1]! + random.below(5000));
    return [lo, hi];
  }
  const length = random.between(random.chance(0.15) ? 0 : words * 32 - 24, words * 32);
  const mask = (k: number): number => 2 ** 32 - 2 ** (32 - Math.max(0, Math.min(32, length - k * 32)));
  return [lo.map((w, k) => (w & mask(k)) >>> 0), lo.map((w, k) => (w | ~mask(k)) >>> 0)];
}

function randomRanges(random: Random, family: AddressFamily, count: number): AddressRanges {
  const pairs = Array.from({ length: count }, () => randomRange(random, family));
  return {
    family,
    count,
    lo: Uint32Array.from(pairs.flatMap(([lo]) => lo)),
    hi: Uint32Array.from(pairs.flatMap(([, hi]) => hi)),
  };
}

function randomValues(random: Random, field: SmallField, count: number): [number, number][] {
  return Array.from({ length: count }, () => {
    const value = (): number => {
      if (field === 'protocol') return random.pick(protocols);
      if (field === 'sport' || field === 'dport') return random.pick(ports);
      return random.chance(0.5) ? random.below(Math.min(largest[field], 100) + 1) : random.below(largest[field] + 1);
    };
    const [a, b] = [value(), value()];
    return random.chance(0.6) ? [a, a] : [Math.min(a, b), Math.max(a, b)];
  });
}

export function randomAtom(random: Random, shape: Shape, field = random.pick(shape.fields)): Atom {
  const count = random.between(random.chance(0.05) ? 0 : 1, shape.entries);
  const counters = random.chance(0.5) ? Uint32Array.from({ length: count }, () => random.below(shape.counters)) : null;
  if (field === 'saddr' || field === 'daddr') {
    return { kind: 'addresses', field, ranges: randomRanges(random, shape.family, count), counters };
  }
  if (field === 'smac') {
    return { kind: 'macs', field, addresses: Float64Array.from({ length: count }, () => randomMac(random)), counters };
  }
  // Nothing counts by what steps change: no lines differ in it.
  if (field === 'mark' || field === 'reversePath')
    return { kind: 'values', field, ranges: randomValues(random, field, count), counters: null };
  if (field !== 'tuple') return { kind: 'values', field, ranges: randomValues(random, field, count), counters };
  return randomTuples(random, shape.family, count, counters);
}

const tupleFields: readonly TupleField[] = [
  'saddr', 'daddr', 'smac', 'protocol', 'sport', 'dport', 'icmp', 'ttl', 'tos',
]; // prettier-ignore

/** Of few lengths: each combination of them costs the program a lookup, and it does not do any number. */
function randomNetworks(random: Random, family: AddressFamily, count: number): AddressRanges {
  const width = family === 4 ? 32 : 128;
  const lengths = [width, width, random.between(0, width), random.pick([0, width - 8])];
  const pairs = Array.from({ length: count }, () => {
    const address = randomAddress(random, family);
    const length = random.pick(lengths);
    const mask = (k: number): number => 2 ** 32 - 2 ** (32 - Math.max(0, Math.min(32, length - k * 32)));
    return [address.map((w, k) => (w & mask(k)) >>> 0), address.map((w, k) => (w | ~mask(k)) >>> 0)] as const;
  });
  return {
    family,
    count,
    lo: Uint32Array.from(pairs.flatMap(([lo]) => lo)),
    hi: Uint32Array.from(pairs.flatMap(([, hi]) => hi)),
  };
}

function randomTuples(random: Random, family: AddressFamily, count: number, counters: Uint32Array | null): Atom {
  const kinds = random.pick([
    ['saddr', 'protocol', 'dport', 'icmp'],
    ['daddr', 'sport'],
    ['saddr', 'daddr'],
    tupleFields.filter(() => random.chance(0.35)),
  ]) as readonly TupleField[];
  const fields = kinds.length > 0 ? kinds : (['saddr', 'smac'] as const);
  const columns = fields.map((field): TupleColumn => {
    if (field === 'saddr' || field === 'daddr') return { field, ranges: randomNetworks(random, family, count) };
    if (field === 'smac') return { field, addresses: Float64Array.from({ length: count }, () => randomMac(random)) };
    const pairs = randomValues(random, field, count);
    const any = (i: number): boolean => (i + pairs.length) % 3 === 0;
    const lo = Uint16Array.from(pairs, ([low], i) => (any(i) ? 0 : low));
    return { field, lo, hi: Uint16Array.from(pairs, ([, high], i) => (any(i) ? smallTupleMax[field] : high)) };
  });
  const gapped = columns.find((column) => ['sport', 'dport', 'icmp'].includes(column.field));
  if (gapped && 'lo' in gapped && random.chance(0.4)) putGaps(random, columns, gapped, counters);
  const set = { id: 'ipset:s', name: 's' };
  const except = random.chance(0.3) ? Uint8Array.from({ length: count }, () => (random.chance(0.3) ? 1 : 0)) : null;
  return {
    kind: 'tuples',
    field: 'tuple',
    set,
    count,
    columns,
    except,
    availableUpTo: leastAvailable(columns),
    counters,
  };
}

/** Entries say, two or three together, all values of that column but a few. */
function putGaps(
  random: Random,
  columns: readonly TupleColumn[],
  { lo, hi }: Extract<TupleColumn, { lo: Uint16Array }>,
  counters: Uint32Array | null,
): void {
  let together = 2;
  for (let i = 0; i + together <= lo.length; i += together) {
    together = random.pick([2, 2, 3]);
    if (i + together > lo.length || random.chance(0.1)) continue;
    if (i > 0 && random.chance(0.3)) copyRow(columns, i - 1, i);
    const starts = Array.from({ length: together - 1 }, () =>
      random.chance(0.5) ? random.pick(ports) : random.below(65536),
    );
    let from = 0;
    starts.sort((a, b) => a - b);
    for (let k = 0; k < together; k++) {
      if (k > 0) copyRow(columns, i, i + k);
      if (k > 0 && counters) counters[i + k] = counters[i]!;
      const low = starts[k] ?? 65536;
      // At an end of all values, and where two gaps are one, a range holds for none.
      [lo[i + k], hi[i + k]] = low > from ? [from, low - 1] : [1, 0];
      from = Math.max(from, low + 1 + (random.chance(0.7) ? 0 : random.below(3)));
      if (from > 65535) from = 65536;
    }
  }
}

function copyRow(columns: readonly TupleColumn[], from: number, to: number): void {
  for (const column of columns)
    if ('addresses' in column) column.addresses[to] = column.addresses[from]!;
    else if ('ranges' in column) {
      const words = column.ranges.family === 4 ? 1 : 4;
      for (const bound of [column.ranges.lo, column.ranges.hi])
        bound.copyWithin(to * words, from * words, (from + 1) * words);
    } else for (const bound of [column.lo, column.hi]) bound[to] = bound[from]!;
}

const randomMac = (random: Random): number => random.pick([0x020000000000, 0x02ffffffff00]) + random.below(6);

/** Seconds since the epoch at which entries expire: as many as the program follows, and far apart. */
export const expirySeconds = Array.from({ length: 8 }, (_, i) => 1_000_000_000 + i * 100_000);
/** A second between two of those, or before or behind all. */
export const randomSecond = (random: Random): number => 1_000_000_000 - 50_000 + random.below(9) * 100_000;

export const entriesOf = (atom: Atom): number => {
  if (atom.kind === 'tuples') return atom.count;
  if (atom.kind === 'macs') return atom.addresses.length;
  return atom.kind === 'values' ? atom.ranges.length : atom.ranges.count;
};

const expiring = (random: Random, atom: Atom): Atom => ({
  ...atom,
  expires: Uint32Array.from({ length: entriesOf(atom) }, (_, i) =>
    random.chance(0.2) || (atom.kind === 'tuples' && atom.except?.[i] === 1) ? 0 : random.pick(expirySeconds),
  ),
});

export function randomProgram(random: Random, shape: Shape): StepProgram {
  const signatures = new Set<string>();
  const atoms: Atom[] = [];
  const time = random.chance(0.5);
  while (atoms.length < shape.atoms) {
    const atom = randomAtom(random, shape);
    if (atom.kind === 'tuples') {
      const signature = tupleSignature(atom);
      if (signatures.size === 4 && !signatures.has(signature)) continue;
      signatures.add(signature);
    }
    atoms.push(
      time && !['mark', 'reversePath'].includes(atom.field) && random.chance(0.5) ? expiring(random, atom) : atom,
    );
  }
  const steps = Array.from({ length: shape.steps }, (_, number): Step => {
    const kind = randomKind(random, shape);
    const when = Array.from({ length: random.pick([1, 1, 2, 2, 3, random.below(6)]) }, (): Literal => {
      const atom = random.below(atoms.length);
      const negate =
        atoms[atom]!.expires === undefined
          ? random.chance(0.15)
          : ['pass', 'route', 'maybe mark', 'maybe skip'].includes(kind);
      return { atom, negate };
    });
    return { when, outcome: randomOutcome(random, shape, atoms, when, number, kind) };
  });
  return { family: shape.family, atoms, steps };
}

type Kind = 'skip' | 'maybe skip' | 'pass' | 'drop' | 'mark' | 'maybe mark' | 'route';

function randomKind(random: Random, shape: Shape): Kind {
  if (shape.skips && random.chance(0.2)) return random.chance(0.3) ? 'maybe skip' : 'skip';
  if (shape.skips && random.chance(0.1)) return random.pick(['mark', 'maybe mark', 'route']);
  return random.chance(0.25) ? 'pass' : 'drop';
}

function randomOutcome(
  random: Random,
  shape: Shape,
  atoms: readonly Atom[],
  when: readonly Literal[],
  number: number,
  kind: Kind,
): Outcome {
  if (kind === 'skip' || kind === 'maybe skip') {
    const to = Math.min(shape.steps, number + 1 + random.below(random.pick([2, 10, shape.steps])));
    return kind === 'skip' ? { kind, to } : { kind: 'skip', to, maybe: true };
  }
  if (kind === 'mark' || kind === 'maybe mark')
    return { kind: 'mark', state: random.below(7), certain: kind === 'mark' };
  if (kind === 'pass' || kind === 'route') return { kind };
  const countable = when.findIndex(({ atom, negate }) => !negate && atoms[atom]!.counters !== null);
  return { kind: 'drop', counter: random.below(shape.counters), counted: countable < 0 ? null : countable };
}

/** A packet near the edges of a random atom of each kind. */
export function randomPacket(random: Random, program: StepProgram, device: number): PacketSpec {
  const { family } = program;
  const packet: PacketSpec = {
    family,
    saddr: randomNear(random, program, 'saddr'),
    daddr: randomNear(random, program, 'daddr'),
    smac: randomMac(random),
    destination: random.pick(['host', 'host', 'host', 'broadcast', 'multicast']),
    protocol: random.pick(protocols),
    sport: random.pick(ports) ^ (random.chance(0.2) ? 1 : 0),
    dport: random.pick(ports) ^ (random.chance(0.2) ? 1 : 0),
    flags: random.below(256),
    icmp: random.pick([0, 0x0800, 0x0301, random.below(65536)]),
    ttl: random.below(256),
    tos: random.below(256),
    payload: random.pick([0, 0, 1, 10, random.below(1400)]),
    availability: random.pick([0, 0, 0, 1, 2, 3]),
    device,
  };
  return random.chance(0.5) ? nearTuple(random, program, packet) : packet;
}

/** Columns of atoms about the address. */
function rangesAbout(program: StepProgram, field: 'saddr' | 'daddr'): AddressRanges[] {
  return program.atoms.flatMap((atom): AddressRanges[] => {
    if (atom.kind === 'addresses') return atom.field === field ? [atom.ranges] : [];
    if (atom.kind !== 'tuples') return [];
    return atom.columns.flatMap((column) => ('ranges' in column && column.field === field ? [column.ranges] : []));
  });
}

function randomNear(random: Random, program: StepProgram, field: 'saddr' | 'daddr'): number[] {
  const all = rangesAbout(program, field);
  const ranges = random.chance(0.1) || all.length === 0 ? undefined : random.pick(all);
  if (ranges === undefined || ranges.count === 0) return randomAddress(random, program.family);
  const words = program.family === 4 ? 1 : 4;
  const at = random.below(ranges.count) * words;
  const bound = [...random.pick([ranges.lo, ranges.hi]).subarray(at, at + words)];
  bound[words - 1] = (bound[words - 1]! + random.pick([0, 0, 0, 1, -1])) >>> 0;
  return bound;
}

/** A packet that some entry of a tuple atom holds for, as far as its fields can be chosen, or nearly so. */
export function nearTuple(random: Random, program: StepProgram, packet: PacketSpec): PacketSpec {
  const atoms = program.atoms.filter((atom) => atom.kind === 'tuples' && atom.count > 0);
  if (atoms.length === 0) return packet;
  const atom = random.pick(atoms) as Extract<Atom, { kind: 'tuples' }>;
  const entry = random.below(atom.count);
  const words = program.family === 4 ? 1 : 4;
  let near = packet;
  for (const column of atom.columns) {
    if (random.chance(0.1)) continue;
    const low = random.chance(0.5);
    if ('addresses' in column) near = { ...near, smac: column.addresses[entry]! };
    else if ('ranges' in column) {
      const bound = (low ? column.ranges.lo : column.ranges.hi).subarray(entry * words, (entry + 1) * words);
      near = { ...near, [column.field]: [...bound] };
    } else if (column.lo[entry] !== 0 || column.hi[entry] !== smallTupleMax[column.field]) {
      // Other protocols may be headers before one.
      const beside = column.field === 'protocol' ? 0 : random.pick([0, 0, 1, -1]);
      const value = (low ? column.lo : column.hi)[entry]! + beside;
      near = { ...near, [column.field]: Math.max(0, Math.min(smallTupleMax[column.field], value)) };
    }
  }
  return near;
}
