/** What a step asks of a packet, in the 32 bytes that the program compares it with (bpf/abi.h, struct candidate). */
import type { Ranges } from '../model/match.js';
import { complement, intersection, normalise } from '../model/small-ranges.js';
import { lackingHolds, knownUpTo, type Atom, type Step, type StepProgram } from '../plan/program.js';
import { candidateBytes } from './abi.js';
import { countedAtom } from './field-use.js';

export type Side = 'saddr' | 'daddr';

/** Small fields, and the bit where each begins; the bit above it is free. */
export const layout = {
  sport: [0, 16],
  dport: [17, 16],
  icmp: [34, 16],
  protocol: [51, 8],
  availability: [60, 2],
} as const;
export type CandidateField = keyof typeof layout;
const candidateFields = Object.keys(layout) as CandidateField[];
const isCandidateField = (field: string): field is CandidateField => field in layout;

const bounds = (of: (field: CandidateField, most: number) => number): bigint =>
  candidateFields.reduce((word, field) => {
    const [shift, bits] = layout[field];
    return word | (BigInt(of(field, 2 ** bits - 1)) << BigInt(shift));
  }, 0n);
/** The bit above each field. */
const guards = bounds((_, most) => most + 1);
/** Of no packet. */
const nothing = { addresses: 0n, mask: 0n, low: bounds((_, most) => most), high: guards };

/** An address as a step asks for it. */
export interface Asked {
  /** Bits of it that must be so; null: they do not say it, and a class of the address must. */
  readonly network: { readonly value: number; readonly mask: number } | null;
  /** Share of all addresses, at most. */
  readonly share: number;
  /** Some atom must have it. */
  readonly isNamed: boolean;
}

export interface Candidate {
  readonly step: number;
  /** Whose lists it stands in. */
  readonly sides: readonly Side[];
  readonly asked: Readonly<Record<Side, Asked>>;
  readonly ranges: ReadonlyMap<CandidateField, readonly [number, number]>;
}

/** Null: the step asks for more than can be compared, or neither address says where to list it. */
export function candidateOf(program: StepProgram, number: number): Candidate | null {
  const step = program.steps[number]!;
  const counted = countedAtom(program, number);
  if (step.outcome.kind === 'ask' || (counted !== null && !isAddress(program.atoms[counted]!))) return null;
  if (step.when.some(({ atom }) => !isAddress(program.atoms[atom]!) && !isCandidateField(program.atoms[atom]!.field))) return null; // prettier-ignore
  const asked = { saddr: askedOf(program, step, 'saddr'), daddr: askedOf(program, step, 'daddr') };
  const sides = sidesOf(asked);
  if (sides.some((side) => !asked[side].isNamed) || (asked.saddr.network ?? asked.daddr.network) === null) return null;
  const found = new Map<CandidateField, readonly [number, number]>();
  for (const field of candidateFields) {
    const range = rangeOf(program, step, field);
    if (range === null) return null;
    found.set(field, range);
  }
  return { step: number, sides, asked, ranges: found };
}

/** A step that is no wider than this in both addresses stands in the lists of both. */
const narrow = 1 / 256;

function sidesOf({ saddr, daddr }: Candidate['asked']): readonly Side[] {
  if (saddr.network === null) return ['saddr'];
  if (daddr.network === null) return ['daddr'];
  if (Math.max(saddr.share, daddr.share) <= narrow) return ['saddr', 'daddr'];
  return saddr.share <= daddr.share ? ['saddr'] : ['daddr'];
}

const isAddress = ({ field }: Atom): boolean => field === 'saddr' || field === 'daddr';

const everywhere: Asked = { network: { value: 0, mask: 0 }, share: 1, isNamed: false };

function askedOf(program: StepProgram, { when }: Step, side: Side): Asked {
  const literals = when.filter(({ atom }) => program.atoms[atom]!.field === side);
  if (literals.length === 0) return everywhere;
  const shares = literals.map(({ atom, negate }) => (negate ? 1 : shareOf(program.atoms[atom]!)));
  const [only] = literals;
  const network = literals.length > 1 || only!.negate ? null : networkOf(program.atoms[only!.atom]!);
  return { network, share: Math.min(...shares), isNamed: literals.some(({ negate }) => !negate) };
}

function shareOf(atom: Atom): number {
  if (atom.kind !== 'addresses') return 1;
  const { count, lo, hi } = atom.ranges;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += hi[i]! - lo[i]! + 1;
  return Math.min(1, sum / 2 ** 32);
}

function networkOf(atom: Atom): Asked['network'] {
  // The class of an address tells what has expired, the network does not.
  if (atom.kind !== 'addresses' || atom.ranges.count !== 1 || atom.expires !== undefined) return null;
  const [lo, hi] = [atom.ranges.lo[0]!, atom.ranges.hi[0]!];
  const host = (lo ^ hi) >>> 0;
  const isNetwork = (host & (host + 1)) === 0 && (lo & host) === 0;
  return isNetwork ? { value: lo, mask: ~host >>> 0 } : null;
}

/** The values of the field that all literals leave; null: they are not one range. */
function rangeOf(program: StepProgram, step: Step, field: CandidateField): readonly [number, number] | null {
  const most = 2 ** layout[field][1] - 1;
  let left: Ranges = [[0, most]];
  for (const { atom, negate } of step.when) {
    const each = program.atoms[atom]!;
    if (each.kind !== 'values') continue;
    if (each.field === field) {
      if (each.expires !== undefined) return null;
      left = intersection(left, negate ? complement(each.ranges, most) : normalise(each.ranges));
    }
    // A packet that lacks the field is compared without it: what its availability says is all that decides.
    if (field === 'availability' && !lackingHolds(step.outcome)) left = intersection(left, [[0, knownUpTo(each)]]);
  }
  if (left.length > 1) return null;
  return left[0] ?? [most, 0];
}

/** Whether a packet that `other` matches is one that `one` matches, if only the address of that side says so. */
export function coversBeside(side: Side, one: Candidate, other: Candidate): boolean {
  const beside = side === 'saddr' ? 'daddr' : 'saddr';
  const [wide, narrow] = [one.asked[beside].network, other.asked[beside].network];
  if (wide === null || narrow === null) return false;
  if (((wide.mask & ~narrow.mask) | ((wide.value ^ narrow.value) & wide.mask)) !== 0) return false;
  for (const [field, [lo, hi]] of one.ranges) {
    const [from, to] = other.ranges.get(field)!;
    if (from < lo || to > hi) return false;
  }
  return true;
}

/** One for each step, behind one that nothing matches; that is also what steps are that are none, up to a power of two. */
export function candidateTable(steps: number, candidates: readonly Candidate[]): Uint8Array {
  const count = 2 ** Math.ceil(Math.log2(steps + 1));
  const words = new BigUint64Array((count * candidateBytes) / 8);
  const put = (number: number, { addresses, mask, low, high }: typeof nothing): void =>
    words.set([addresses, mask, low, high], number * 4);
  for (let number = 0; number < count; number++) put(number, nothing);
  for (const { step, asked, ranges } of candidates) {
    const low = bounds((field) => ranges.get(field)![0]);
    const high = guards | bounds((field) => ranges.get(field)![1]);
    const [source, destination] = [asked.saddr.network, asked.daddr.network];
    const both = (of: 'value' | 'mask'): bigint => (BigInt(source?.[of] ?? 0) << 32n) | BigInt(destination?.[of] ?? 0);
    put(step + 1, { addresses: both('value'), mask: both('mask'), low, high });
  }
  return new Uint8Array(words.buffer);
}
