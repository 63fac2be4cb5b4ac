/** For each /24 a code of where its addresses stand: in buckets, in ranges, or in neither, which most packets are answered by alone. */
import { where } from './abi.js';
import type { LabelledRanges } from './sweep.js';

export interface WhereMap {
  readonly words: Uint32Array;
  /** Of a code: 2; 1 where buckets or ranges are all there is. */
  readonly bits: 1 | 2;
  /** Label of what stands in neither. */
  readonly common: number;
}

/** Position of the /24 of an address in `words`: the word, and the shift in it. */
export function placeOfCode(address: number, bits: 1 | 2): readonly [word: number, shift: number] {
  const perWord = 32 / bits;
  const block = address >>> 8;
  return [Math.floor(block / perWord), (block % perWord) * bits];
}

/** @param ranges What holds for addresses outside of buckets. */
export function whereMap(singles: Uint32Array, hasBuckets: boolean, ranges: LabelledRanges): WhereMap {
  const bits = hasBuckets && ranges.count > 1 ? 2 : 1;
  const words = new Uint32Array(2 ** 24 / (32 / bits));
  const set = (block: number, code: number): void => {
    const [word, shift] = placeOfCode(block * 256, bits);
    words[word]! |= code << shift;
  };
  for (const address of singles) set(address >>> 8, bits === 1 ? 1 : where.buckets);
  const common = commonLabel(ranges);
  for (let i = 0; i < ranges.count; i++) {
    if (ranges.labels[i] === common) continue;
    const last = ((i + 1 < ranges.count ? ranges.starts[i + 1]! : 2 ** 32) - 1) >>> 8;
    fillBlocks(words, bits, ranges.starts[i]! >>> 8, last, bits === 1 ? 1 : where.ranges);
  }
  return { words, bits, common };
}

/** Label of most addresses. */
function commonLabel({ count, starts, labels }: LabelledRanges): number {
  const sizes = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const size = (i + 1 < count ? starts[i + 1]! : 2 ** 32) - starts[i]!;
    sizes.set(labels[i]!, (sizes.get(labels[i]!) ?? 0) + size);
  }
  let [most, common] = [0, labels[0]!];
  for (const [label, size] of sizes) if (size > most) [most, common] = [size, label];
  return common;
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
