/**
 * Parts of a list that is too long: some bits of the packet say which of them is gone through. Bits are those of a small field, or of the
 * address that the list is not about; a step stands in every part in which a packet that it matches can be.
 */
import { splitByFields } from './abi.js';
import { layout, type Candidate, type CandidateField, type Side } from './candidates.js';
import { crossovers } from './crossovers.js';

/** A candidate in the lists of one side. */
export interface Entry {
  readonly candidate: Candidate;
  /** No other list has it. */
  readonly isOwn: boolean;
}

export interface Split {
  /** Lowest of the bits, as the program counts them. */
  readonly shift: number;
  readonly bits: number;
  /** By what they say. */
  readonly parts: readonly (readonly Entry[])[];
}

/** Numbers in a word of a list. */
export const perWord = 2;
const wordsOf = (entries: number): number => Math.ceil(entries / perWord);
/** Most bits that say which part it is. */
const mostBits = 8;

/** What the program knows of the field: its bits from `place` on. */
interface Bits {
  readonly place: number;
  readonly width: number;
  /** Values of packets that the candidate may match. */
  readonly of: (candidate: Candidate) => Ranges;
}

const splitFields = ['sport', 'dport', 'protocol'] as const satisfies readonly CandidateField[];

const fieldBits = (field: (typeof splitFields)[number]): Bits => {
  const [place, width] = layout[field];
  const most = 2 ** width - 1;
  return {
    place: splitByFields + place,
    width,
    of: ({ ranges }) => {
      const range = ranges.get(field)!;
      // A packet that lacks ports has zeros there, and is compared without them.
      if (ranges.get('availability')![1] === 0 || range[1] - range[0] === most) return [range];
      return field === 'protocol' ? [[0, most]] : [[0, 0], range];
    },
  };
};

const addressBits = (side: Side): Bits => ({
  place: side === 'saddr' ? 32 : 0,
  width: 32,
  of: ({ asked }) => {
    const { value, mask } = asked[side].network ?? { value: 0, mask: 0 };
    return [[value, (value | ~mask) >>> 0]];
  },
});

const choices: Readonly<Record<Side, readonly Bits[]>> = {
  saddr: [addressBits('daddr'), ...splitFields.map(fieldBits)],
  daddr: [addressBits('saddr'), ...splitFields.map(fieldBits)],
};

type Ranges = readonly (readonly [lo: number, hi: number])[];

/** How long the longest part is, in words, and all of them. */
interface Cost {
  readonly longest: number;
  readonly entries: number;
}

interface Choice extends Cost {
  readonly field: Bits;
  readonly shift: number;
  readonly bits: number;
}

/** Null: no bits make shorter parts of it without too many copies. */
export function splitOf(side: Side, entries: readonly Entry[]): Split | null {
  const wanted = Math.ceil(Math.log2(wordsOf(entries.length) / crossovers.splitFrom)) + 1;
  let best = null as Choice | null;
  const choose = (field: Bits, shifts: readonly [from: number, to: number], bits: number): void => {
    const values = entries.map(({ candidate }) => field.of(candidate));
    const [from, to] = [Math.max(0, shifts[0]), Math.min(field.width - bits, shifts[1])];
    for (let shift = from; shift <= to; shift++) {
      const longest = best === null ? Infinity : Math.max(best.longest, crossovers.splitFrom);
      const cost = costOf(values, shift, bits, { longest, entries: entries.length * crossovers.splitCopies });
      if (cost !== null && (best === null || isLower(cost, best))) best = { ...cost, field, shift, bits };
    }
  };
  const bounded = (bits: number): number => Math.max(1, Math.min(mostBits, bits));
  for (const field of choices[side]) choose(field, [0, field.width], bounded(wanted));
  const found = best;
  const isShort = found !== null && found.longest <= crossovers.splitFrom;
  for (const bits of [wanted - 1, wanted + 1])
    if (isShort) choose(found.field, [found.shift - 1, found.shift + 1], bounded(bits));
    else for (const field of choices[side]) choose(field, [0, field.width], bounded(bits));
  return best === null ? null : partsOf(entries, best);
}

function partsOf(entries: readonly Entry[], { field, shift, bits, longest }: Choice): Split | null {
  if (longest >= wordsOf(entries.length)) return null;
  const parts = Array.from({ length: 1 << bits }, (): Entry[] => []);
  const places = new Places(shift, bits);
  for (const entry of entries) places.forEach(field.of(entry.candidate), (part) => parts[part]!.push(entry));
  return { shift: field.place + shift, bits, parts };
}

/** Parts that are short enough are all alike; then fewer entries stay in the cache. */
function isLower(one: Cost, other: Cost): boolean {
  const [a, b] = [one, other].map(({ longest }) => Math.max(longest, crossovers.splitFrom)) as [number, number];
  return a === b ? one.entries < other.entries : a < b;
}

/** Null: more than `most`. */
function costOf(values: readonly Ranges[], shift: number, bits: number, most: Cost): Cost | null {
  const sizes = new Uint32Array(1 << bits);
  const places = new Places(shift, bits);
  let [entries, longest] = [0, 0];
  const count = (part: number): void => {
    entries++;
    longest = Math.max(longest, ++sizes[part]!);
  };
  for (const ranges of values) {
    places.forEach(ranges, count);
    if (entries > most.entries || wordsOf(longest) > most.longest) return null;
  }
  return { longest: wordsOf(longest), entries };
}

/** Parts by bits of values. */
class Places {
  readonly #met: Uint32Array;
  #round = 0;

  constructor(
    private readonly shift: number,
    bits: number,
  ) {
    this.#met = new Uint32Array(1 << bits);
  }

  /** Each once. */
  forEach(ranges: Ranges, each: (part: number) => void): void {
    const count = this.#met.length;
    this.#round++;
    for (const [lo, hi] of ranges) {
      if (lo > hi) continue;
      const [from, to] = [lo >>> this.shift, hi >>> this.shift];
      for (let k = from; k <= to && k - from < count; k++) {
        const part = k & (count - 1);
        if (this.#met[part] === this.#round) continue;
        this.#met[part] = this.#round;
        each(part);
      }
    }
  }
}
