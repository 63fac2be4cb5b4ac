/** What entries of tuples that leave out values have left for those behind them. */
import type { Ranges } from '../model/match.js';
import { intersection, isSubset } from '../model/small-ranges.js';
import { KeyTable } from './key-table.js';

/**
 * Of entries that are alike but for their gaps, the first one has all packets but those of its gaps, the next one what that leaves. What nothing is
 * left for is no key, however many such entries there are.
 */
export class Leftovers {
  readonly #keys: KeyTable;
  /** By key. */
  readonly #left: Ranges[] = [];

  constructor(width: number) {
    this.#keys = new KeyTable(width);
  }

  /** Whether anything is left for the entry that has this key but for the gaps. */
  take(key: Uint32Array, gaps: Ranges): boolean {
    const before = this.#keys.count;
    const number = this.#keys.add(key);
    const left = number === before ? null : this.#left[number]!;
    if (left && isSubset(left, gaps)) return false;
    this.#left[number] = left ? intersection(left, gaps) : gaps;
    return true;
  }
}
