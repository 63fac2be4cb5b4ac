/** For each /24 a code of where its addresses stand: in buckets, in ranges, or in neither, which most packets are answered by alone. */
import { where } from './abi.js';
import { endOf, type LabelledRanges } from './sweep.js';

export interface WhereMap {
  readonly words: Uint32Array;
  /** Of a code: 2; 1 where buckets or ranges are all there is. */
  readonly bits: 1 | 2;
  /** Label of what stands in neither. */
  readonly common: number;
  /** Label of whole /24s, which are the ones said to be in ranges only; what else is in ranges is said to be in both. 0: none. */
  readonly full: number;
}

/** Position of the /24 of an address in `words`: the word, and the shift in it. */
export function placeOfCode(address: number, bits: 1 | 2): readonly [word: number, shift: number] {
  const perWord = 32 / bits;
  const block = address >>> 8;
  return [Math.floor(block / perWord), (block % perWord) * bits];
}

/** @param ranges What holds for addresses outside of buckets. */
export function whereMap(singles: Uint32Array, hasBuckets: boolean, ranges: LabelledRanges): WhereMap {
  const { common, full } = frequentLabels(ranges);
  const bits = (hasBuckets || full !== 0) && ranges.count > 1 ? 2 : 1;
  const words = new Uint32Array(2 ** 24 / (32 / bits));
  for (const address of singles) {
    const [word, shift] = placeOfCode(address, bits);
    words[word]! |= (bits === 1 ? 1 : where.buckets) << shift;
  }
  const some = bits === 1 ? 1 : full === 0 ? where.ranges : where.buckets | where.ranges;
  for (let i = 0; i < ranges.count; i++) {
    const label = ranges.labels[i]!;
    if (label === common) continue;
    const [first, last] = [ranges.starts[i]!, endOf(ranges, i) - 1];
    const [from, to] = label === full ? wholeBlocks(first, last) : [1, 0];
    if (from > to) {
      fillBlocks(words, bits, first >>> 8, last >>> 8, some);
      continue;
    }
    if (first % 256 !== 0) fillBlocks(words, bits, first >>> 8, first >>> 8, some);
    fillBlocks(words, bits, from, to, where.ranges);
    if (last % 256 !== 255) fillBlocks(words, bits, last >>> 8, last >>> 8, some);
  }
  return { words, bits, common, full };
}

/** First and last of the /24s that lie in the range as a whole; the first is beyond the last where there are none. */
const wholeBlocks = (first: number, last: number): readonly [from: number, to: number] => [
  Math.ceil(first / 256),
  Math.floor((last + 1) / 256) - 1,
];

/** The label of most addresses. */
export function mostCommonLabel(ranges: LabelledRanges): number {
  const sizes = new Map<number, number>();
  for (let i = 0; i < ranges.count; i++) {
    const label = ranges.labels[i]!;
    sizes.set(label, (sizes.get(label) ?? 0) + endOf(ranges, i) - ranges.starts[i]!);
  }
  return mostOf(sizes) ?? ranges.labels[0]!;
}

/** The label of most addresses; and that of most of the other whole /24s, if it is that of most other blocks. */
function frequentLabels(ranges: LabelledRanges): { common: number; full: number } {
  const { count, labels } = ranges;
  const blocks = new Map<number, number>();
  let touched = 0;
  for (let i = 0; i < count; i++) {
    const [label, first, last] = [labels[i]!, ranges.starts[i]!, endOf(ranges, i) - 1];
    const [from, to] = wholeBlocks(first, last);
    blocks.set(label, (blocks.get(label) ?? 0) + Math.max(0, to - from + 1));
  }
  const common = mostCommonLabel(ranges);
  blocks.delete(common);
  for (let i = 0; i < count; i++)
    if (labels[i] !== common) touched += ((endOf(ranges, i) - 1) >>> 8) - (ranges.starts[i]! >>> 8) + 1;
  const full = mostOf(blocks);
  return { common, full: full !== null && blocks.get(full)! * 2 > touched ? full : 0 };
}

function mostOf(numbers: ReadonlyMap<number, number>): number | null {
  let [most, found]: [number, number | null] = [0, null];
  for (const [label, number] of numbers) if (number > most) [most, found] = [number, label];
  return found;
}

/** Sets the code of the /24s from `first` to `last`: whole words at once where there are many. */
function fillBlocks(words: Uint32Array, bits: 1 | 2, first: number, last: number, code: number): void {
  const perWord = 32 / bits;
  const pattern = bits === 1 ? 0xffffffff : code * 0x55555555;
  for (let word = Math.floor(first / perWord); word <= Math.floor(last / perWord); word++) {
    const from = Math.max(first - word * perWord, 0) * bits;
    const to = Math.min(last - word * perWord + 1, perWord) * bits;
    words[word]! |= pattern & ((0xffffffff << from) >>> 0) & (0xffffffff >>> (32 - to));
  }
}
