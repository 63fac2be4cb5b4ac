/** What changed in a set, as columns: ten thousand elements are not ten thousand objects. */
import type { AddressRanges } from '../model/address.js';
import type { SetId, SetPart } from '../model/set.js';

export interface SetChange {
  readonly set: SetId;
  /** `add` also gives an element that is there another timeout. */
  readonly op: 'add' | 'remove';
  /** The elements, each as it was written: a prefix is one element. */
  readonly ranges: AddressRanges;
  /** Beside the addresses of sets that have protocols and ports. */
  readonly ports?: Omit<Extract<SetPart, { readonly kind: 'port' }>, 'kind'>;
  /** Second since the epoch at which each element expires, no later than the kernel's; 0: never. Absent: none does. */
  readonly expires?: Uint32Array;
}

/** The element as a list of one. */
export function elementOf({ ranges }: SetChange, i: number): AddressRanges {
  const words = ranges.family === 4 ? 1 : 4;
  const cut = (column: Uint32Array): Uint32Array => column.subarray(i * words, (i + 1) * words);
  return { family: ranges.family, count: 1, lo: cut(ranges.lo), hi: cut(ranges.hi) };
}
