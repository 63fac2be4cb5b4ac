/** Comparisons under a mask: `left & mask == value`, `left value / mask`. */
import { wordsPerAddress } from '../address.js';
import type { Bounds } from '../address-text.js';
import { rangesOf } from '../address-text.js';
import type { Match } from '../match.js';
import type { Expression, MatchStatement } from '../../parse/nft/tree.js';
import type { AddressKey, Alternatives, Key, NumberKey } from './key.js';
import { always, never } from './key.js';
import { compareAddresses } from './keys.js';
import type { Leaves, Scope } from './scope.js';
import { leavesOf } from './scope.js';
import { addressBounds, addressRanges, flagBits } from './values.js';

/** Null: not understood. nft compares for equality under a mask, with an operator or without (1.0.6, --debug=netlink). */
export function lowerMasked(statement: MatchStatement, key: Key, mask: Expression, scope: Scope): Alternatives | null {
  const { operator } = statement;
  if (operator !== '==' && operator !== '!=') return null;
  const leaves = leavesOf({ expression: statement.right, scope });
  return leaves && compareMasked(key, mask, leaves, operator === '!=', scope);
}

export function compareMasked(
  key: Key,
  mask: Expression,
  leaves: Leaves,
  negate: boolean,
  scope: Scope,
): Alternatives | null {
  if (leaves.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind !== 'counter'))) return null;
  if (key.kind === 'address') return maskedAddresses(key, mask, leaves, negate, scope);
  return key.kind === 'number' ? maskedNumbers(key, mask, leaves, negate, scope) : null;
}

function maskedNumbers(
  key: NumberKey,
  mask: Expression,
  leaves: Leaves,
  negate: boolean,
  scope: Scope,
): Alternatives | null {
  const bits = flagBits(key.read, mask, scope, true);
  const values = valuesOf(key, leaves);
  if (bits === null || !values) return null;
  const masked = key.masked ?? ((one, value, not): Alternatives | null => byValues(key, one, value, not));
  const found = values.map((value) => masked(bits, value, negate));
  if (!found.every((one) => one !== null)) return null;
  if (!negate) return found.flat();
  // Each must differ: the conjunction of what says so.
  if (found.some((one) => one.length > 1)) return null;
  if (found.some((one) => one.length === 0)) return never;
  return [found.flatMap(([conjunction = []]): Match[] => [...conjunction])];
}

function valuesOf(key: NumberKey, { leaves, columns }: Leaves): number[] | null {
  const values = new Set<number>();
  for (const { type, lo, hi, count } of columns) {
    if (type !== 'number') return null;
    for (let i = 0; i < count; i++) {
      if (lo[i] !== hi[i]) return null;
      values.add(lo[i]!);
    }
  }
  for (const leaf of leaves) {
    const value = flagBits(key.read, leaf.key, leaf.scope, true);
    if (value === null) return null;
    values.add(value);
  }
  return [...values];
}

/** Ranges that a mask with holes may leave of a field. */
const maxRanges = 1024;

/** The values of a field of at most 16 bits that a mask leaves. */
function byValues(key: NumberKey, mask: number, value: number, negate: boolean): Alternatives | null {
  if (key.max > 0xffff) return null;
  if ((value & ~mask) !== 0) return negate ? always : never;
  const ranges: [number, number][] = [];
  for (let one = value; one <= key.max; one++) {
    if ((one & mask) !== value) continue;
    const last = ranges.at(-1);
    if (last?.[1] === one - 1) last[1] = one;
    else if (ranges.push([one, one]) > maxRanges) return null;
  }
  return ranges.length === 0 ? (negate ? always : never) : key.compare(ranges, negate);
}

function maskedAddresses(
  key: AddressKey,
  mask: Expression,
  leaves: Leaves,
  negate: boolean,
  scope: Scope,
): Alternatives | null {
  const { family, read } = key;
  const bits = addressBounds(family, mask, scope, read ?? undefined);
  if (!bits || !isSingle(bits)) return null;
  const values = addressRanges(family, leaves, read ?? undefined);
  if (!values || (read && leaves.columns.length > 0)) return null;
  const bounds: Bounds[] = [];
  const words = wordsPerAddress(family);
  for (let i = 0; i < values.count * words; i += words) {
    const value = { lo: [...values.lo.subarray(i, i + words)], hi: [...values.hi.subarray(i, i + words)] };
    const found = isSingle(value) ? boundsUnder(toNumber(bits.lo), toNumber(value.lo), family) : null;
    if (!found || bounds.push(...found) > maxRanges) return null;
  }
  return bounds.length === 0 ? (negate ? always : never) : compareAddresses(key, rangesOf(family, bounds), negate);
}

const isSingle = ({ lo, hi }: Bounds): boolean => lo.every((word, i) => word === hi[i]);
const toNumber = (words: readonly number[]): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);

/** The ranges of addresses that are `value` under `mask`: one for each way to fill the mask's holes. */
function boundsUnder(mask: bigint, value: bigint, family: 4 | 6): Bounds[] | null {
  const count = wordsPerAddress(family);
  const all = (1n << BigInt(32 * count)) - 1n;
  if ((value & ~mask) !== 0n) return [];
  // Bits below the lowest bit of the mask vary together; the holes above it one by one.
  let tail = 0n;
  while (tail < 32n * BigInt(count) && (mask & (1n << tail)) === 0n) tail++;
  const low = (1n << tail) - 1n;
  const holes: bigint[] = [];
  for (let bit = tail; bit < 32n * BigInt(count); bit++) if ((mask & (1n << bit)) === 0n) holes.push(1n << bit);
  if (2 ** holes.length > maxRanges) return null;
  const words = (number: bigint): number[] =>
    Array.from({ length: count }, (_, i) => Number(((number & all) >> BigInt(32 * (count - 1 - i))) & 0xffffffffn));
  return Array.from({ length: 2 ** holes.length }, (_, filling) => {
    const fill = holes.reduce((sum, hole, i) => (filling & (1 << i) ? sum | hole : sum), 0n);
    return { lo: words(value | fill), hi: words(value | fill | low) };
  });
}
