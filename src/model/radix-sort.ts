/** Sorting by columns of 32-bit keys: a million elements must not become a million comparator calls. */

/**
 * Stable permutation of 0..count-1 that sorts by the columns, most significant first. Digits of 16 bits; a digit that is the same
 * everywhere costs one pass of reading only.
 */
export function sortByColumns(columns: readonly Uint32Array[], count: number): Uint32Array {
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count < 2) return order;
  if (count < 256) return order.sort((a, b) => compare(columns, a, b) || a - b);
  let spare = new Uint32Array(count);
  const ends = new Uint32Array(65536);
  for (let c = columns.length - 1; c >= 0; c--) {
    for (const shift of [0, 16]) {
      if (!sortByDigit(columns[c]!, shift, order, spare, ends)) continue;
      [order, spare] = [spare, order];
    }
  }
  return order;
}

function compare(columns: readonly Uint32Array[], a: number, b: number): number {
  for (const column of columns) {
    const difference = column[a]! - column[b]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** False when all digits are equal: then nothing was written. */
function sortByDigit(
  column: Uint32Array,
  shift: number,
  from: Uint32Array,
  to: Uint32Array,
  ends: Uint32Array,
): boolean {
  const count = from.length;
  ends.fill(0);
  for (let i = 0; i < count; i++) ends[(column[i]! >>> shift) & 0xffff]!++;
  if (ends[(column[0]! >>> shift) & 0xffff] === count) return false;
  let sum = 0;
  for (let digit = 0; digit < 65536; digit++) {
    sum += ends[digit]!;
    ends[digit] = sum - ends[digit]!;
  }
  for (let i = 0; i < count; i++) {
    const item = from[i]!;
    const digit = (column[item]! >>> shift) & 0xffff;
    to[ends[digit]!++] = item;
  }
  return true;
}
