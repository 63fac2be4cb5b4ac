/** Marks of an interval set, where intervals begin and where the first value behind them is, to ranges. */
import { sortByColumns } from '../../model/radix-sort.js';
import type { ElementRun } from './element-run.js';

export interface Intervals {
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  /** Of the run, where each interval begins. */
  readonly from: Uint32Array;
}

/**
 * Null: a mark has no partner among them, so where its interval begins or ends is told by what was in the set before (an interval up to the
 * last address has no end; old versions of nft leave out an end where the next interval begins).
 */
export function intervalsOf({ count, words, keys, endMarks }: ElementRun): Intervals | null {
  const columns = Array.from({ length: words }, (_, w) =>
    Uint32Array.from({ length: count }, (__, i) => keys[i * words + w]!),
  );
  // At one key an interval ends before another begins.
  const order = sortByColumns([...columns, Uint32Array.from({ length: count }, (_, i) => 1 - endMarks[i]!)], count);
  const [lo, hi, from]: number[][] = [[], [], []];
  let open = -1;
  for (const i of order) {
    if (endMarks[i] === 0) {
      if (open >= 0) return null;
      open = i;
      continue;
    }
    const key = keys.subarray(i * words, (i + 1) * words);
    if (open >= 0) {
      lo!.push(...keys.subarray(open * words, (open + 1) * words));
      hi!.push(...before(key));
      from!.push(open);
    } else if (key.some((word) => word !== 0)) return null; // nft begins a set by the end of nothing at the first value
    open = -1;
  }
  return open >= 0 ? null : { lo: Uint32Array.from(lo!), hi: Uint32Array.from(hi!), from: Uint32Array.from(from!) };
}

/** The address before; the first one has none, and ends no interval. */
function before(key: Uint32Array): Uint32Array {
  const words = key.slice();
  for (let w = words.length - 1; w >= 0; w--) {
    words[w] = words[w]! - 1;
    if (key[w] !== 0) break;
  }
  return words;
}
