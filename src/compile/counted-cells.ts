/**
 * IPv4 networks of lines that have a counter each (bpf/abi-addresses.h, struct cell): a cell for each combination of the first bits of an address says
 * where in it ranges begin, and their counters stand in the same order. So a drop loads one line besides the counter's own, and no branch
 * depends on how long the network is.
 */
import { cellStarts, counterBits, counterMask, expiryClass } from './abi.js';
import { isCounted, type CounterRow } from './counter-row.js';
import { crossovers } from './crossovers.js';
import { GrowingColumns } from './growing-columns.js';
import type { LabelledRanges } from './sweep.js';
import { mostCommonLabel } from './where-map.js';

export interface CountedCells {
  /** struct cell, of 4 u16s, and as many for each word of starts. */
  readonly words: Uint16Array;
  /** Bits of an address that a cell leaves open. */
  readonly shift: number;
  /** Starts in a cell, in fours. */
  readonly starts: number;
  readonly elements: number;
  /** Of each CPU, among the counters. */
  readonly places: number;
  /** The class that all lines have, as a label without a counter. */
  readonly label: number;
  /** Label of what has none. */
  readonly common: number;
  /** What the cells that say so are to be looked up in; one range: none says so. */
  readonly rest: LabelledRanges;
}

/** Null: they are few, or not of one class with a counter each for the most part, or they take too much memory. */
export function countedCells(all: LabelledRanges, row: CounterRow): CountedCells | null {
  if (all.count < crossovers.cellsFrom) return null;
  const common = mostCommonLabel(all);
  const label = mostCommonClass(all, common);
  const isPlain = all.labels.map((each) => Number(each === common || isCounted(each, label)));
  const size = cellSize(all, isPlain);
  const counted = all.labels.filter((each) => each !== common && isCounted(each, label));
  const places = Math.ceil(counted.length / 8) * 8;
  if (size === null || !row.hasRoom(places)) return null;
  const numbers = new Uint32Array(places);
  numbers.set(counted.map((each) => each & counterMask));
  const place = row.add(numbers);
  const placed = withPlaces(all, common, label, place);
  return { ...fill(placed, isPlain, size), ...size, elements: all.count, places, label, common };
}

/** Ranges with the labels that are to be found. */
interface PlacedRanges extends LabelledRanges {
  readonly common: number;
  /** Of the counter of the first range from there on that has one. */
  readonly places: Uint32Array;
}

function withPlaces(all: LabelledRanges, common: number, ofClass: number, first: number): PlacedRanges {
  const labels = all.labels.slice();
  const places = new Uint32Array(all.count);
  let place = first;
  for (let i = 0; i < all.count; i++) {
    places[i] = place;
    if (labels[i] !== common && isCounted(labels[i]!, ofClass)) labels[i] = ofClass + ++place;
  }
  return { count: all.count, starts: all.starts, labels, common, places };
}

/** Label without a counter of the class that most ranges with a counter each have. */
function mostCommonClass({ count, labels }: LabelledRanges, common: number): number {
  const sizes = new Uint32Array(expiryClass);
  for (let i = 0; i < count; i++) {
    const label = labels[i]!;
    if (label !== common && label >>> counterBits < expiryClass && (label & counterMask) !== 0)
      sizes[label >>> counterBits]!++;
  }
  return (sizes.indexOf(sizes.reduce((most, size) => Math.max(most, size), 0)) << counterBits) >>> 0;
}

type CellSize = Pick<CountedCells, 'shift' | 'starts'>;

/** The smallest cells of which few do not hold what begins there. Null: there are none. */
function cellSize(all: LabelledRanges, isPlain: Uint32Array): CellSize | null {
  for (const size of crossovers.cellSizes)
    if (asked(all, isPlain, size) * crossovers.cellsAsked <= all.count) return size;
  return null;
}

/** Calls `each` for every cell in which a range begins that is no cell's first one: the first range that reaches into it, and the last one. */
function forEachCell(
  all: LabelledRanges,
  shift: number,
  each: (cell: number, first: number, last: number) => void,
): void {
  const size = 2 ** shift;
  for (let i = 1; i < all.count;) {
    const cell = Math.floor(all.starts[i]! / size);
    const first = all.starts[i]! === cell * size ? i : i - 1;
    let last = i;
    while (last + 1 < all.count && all.starts[last + 1]! < (cell + 1) * size) last++;
    each(cell, first, last);
    i = last + 1;
  }
}

const fits = (isPlain: Uint32Array, first: number, last: number, starts: number): boolean => {
  if (last - first > starts * cellStarts) return false;
  for (let i = first; i <= last; i++) if (isPlain[i] === 0) return false;
  return true;
};

/** Ranges in cells that do not hold them. */
function asked(all: LabelledRanges, isPlain: Uint32Array, { shift, starts }: CellSize): number {
  let found = 0;
  forEachCell(all, shift, (_, first, last) => {
    if (!fits(isPlain, first, last, starts)) found += last - first + 1;
  });
  return found;
}

function fill(
  all: PlacedRanges,
  isPlain: Uint32Array,
  { shift, starts }: CellSize,
): Pick<CountedCells, 'words' | 'rest'> {
  const { common, places } = all;
  const stride = 4 * (1 + starts);
  const words = new Uint16Array(2 ** (32 - shift) * stride);
  const firsts = new Uint32Array(words.buffer);
  const rest = new RestRanges(common);
  const size = 2 ** shift;
  let behind = 0;
  /** Cells up to that one, in which nothing begins: the range goes on. */
  const goOn = (cell: number, range: number): void => {
    const isAsked = isPlain[range] === 0;
    if (isAsked && behind < cell) rest.add(behind * size, all.labels[range]!);
    if (isAsked) rest.add(cell * size, common);
    for (; behind < cell; behind++) {
      const at = behind * stride;
      firsts[at / 2] = isAsked ? 0 : places[range]! + 1;
      firsts[at / 2 + 1] = all.labels[range] === common ? 0 : 1;
      words.fill(0x8000, at + 4, at + stride);
    }
  };
  forEachCell(all, shift, (cell, first, last) => {
    goOn(cell, first === 0 || all.starts[first]! < cell * size ? first : first - 1);
    behind = cell + 1;
    if (!fits(isPlain, first, last, starts)) {
      for (let i = first; i <= last; i++) rest.add(Math.max(all.starts[i]!, cell * size), all.labels[i]!);
      rest.add((cell + 1) * size, common);
      return;
    }
    const at = cell * stride;
    firsts[at / 2] = places[first]! + 1;
    for (let i = first; i <= last; i++) if (all.labels[i] !== common) firsts[at / 2 + 1]! |= 1 << (i - first);
    words.fill(0x8000, at + 4, at + stride);
    for (let i = first + 1; i <= last; i++) words[at + 4 + i - first - 1] = all.starts[i]! - cell * size;
  });
  goOn(2 ** (32 - shift), all.count - 1);
  return { words, rest: rest.ranges() };
}

/** What cells do not hold; `common` everywhere else. */
class RestRanges {
  readonly #columns = new GrowingColumns(2, 16);

  constructor(common: number) {
    this.#columns.append(0, common);
  }

  add(start: number, label: number): void {
    const [starts, labels] = this.#columns.columns;
    const last = this.#columns.count - 1;
    if (start === 2 ** 32 || labels![last] === label) return;
    if (starts![last] !== start) this.#columns.append(start, label);
    else if (last > 0 && labels![last - 1] === label) this.#columns.count--;
    else labels![last] = label;
  }

  ranges(): LabelledRanges {
    return { count: this.#columns.count, starts: this.#columns.cut(0), labels: this.#columns.cut(1) };
  }
}
