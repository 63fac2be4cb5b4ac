/** Where prefixes begin and end, as small numbers in the same order: what follows need not know how wide addresses are. */
import { positionBehind, type Prefixes } from './prefix-split.js';
import { compareAt } from '../model/address.js';
import { sortByColumns } from '../model/radix-sort.js';

export interface RankedPrefixes {
  /** Prefixes by where they begin, the shorter (outer) one first. */
  readonly order: Uint32Array;
  /** Rank of the first position of each prefix, and of the first one behind it. */
  readonly lo: Uint32Array;
  readonly behind: Uint32Array;
  readonly ranks: number;
}

/** Prefixes nest or are apart, so one sort by their beginnings and a stack give their ends in order too. */
export function rankPrefixes(prefixes: Prefixes): RankedPrefixes {
  const { count, top, words, length } = prefixes;
  const columns = [top, ...words];
  const order = sortByColumns([...columns, length], count);
  const width = columns.length;
  const lo = new Uint32Array(count);
  const behind = new Uint32Array(count);
  const open = new OpenPrefixes(width);
  const here = new Uint32Array(width);
  const last = new Uint32Array(width);
  let rank = -1;
  const rankOf = (position: Uint32Array, at: number): number => {
    if (rank < 0 || compareAt(last, 0, position, at, width) !== 0) {
      rank++;
      for (let k = 0; k < width; k++) last[k] = position[at + k]!;
    }
    return rank;
  };
  const close = (): void => {
    behind[open.prefix] = rankOf(open.ends, open.at);
    open.pop();
  };
  for (const i of order) {
    for (let k = 0; k < width; k++) here[k] = columns[k]![i]!;
    while (open.depth > 0 && compareAt(open.ends, open.at, here, 0, width) <= 0) close();
    lo[i] = rankOf(here, 0);
    positionBehind(prefixes, i, here);
    open.push(i, here);
  }
  while (open.depth > 0) close();
  return { order, lo, behind, ranks: rank + 1 };
}

/** Prefixes around the current position, with the position behind each; equal prefixes make it as deep as there are of them. */
class OpenPrefixes {
  depth = 0;
  ends: Uint32Array;
  #prefixes = new Uint32Array(256);

  constructor(private readonly width: number) {
    this.ends = new Uint32Array(256 * width);
  }

  get prefix(): number {
    return this.#prefixes[this.depth - 1]!;
  }

  /** Where the innermost end stands in `ends`. */
  get at(): number {
    return (this.depth - 1) * this.width;
  }

  push(prefix: number, end: Uint32Array): void {
    if (this.depth === this.#prefixes.length) {
      const [prefixes, ends] = [this.#prefixes, this.ends];
      this.#prefixes = new Uint32Array(prefixes.length * 2);
      this.#prefixes.set(prefixes);
      this.ends = new Uint32Array(ends.length * 2);
      this.ends.set(ends);
    }
    this.#prefixes[this.depth] = prefix;
    const at = this.depth++ * this.width;
    for (let k = 0; k < this.width; k++) this.ends[at + k] = end[k]!;
  }

  pop(): void {
    this.depth--;
  }
}
