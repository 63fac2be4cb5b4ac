/** Fields of at most 16 bits: one label per value. */
import type { StepProgram, SmallField } from '../plan/program.js';
import { smallFieldValues } from './abi.js';
import { atomOfKind, expiryColumn, type FieldUse } from './field-use.js';
import type { Entries, LabelledRanges } from './sweep.js';

export function smallEntries(program: StepProgram, use: FieldUse): Entries {
  const atoms = use.atoms.map((index) => atomOfKind(program, index, 'values'));
  const count = atoms.reduce((sum, { ranges }) => sum + ranges.length, 0);
  const lo = new Uint32Array(count);
  const hi = new Uint32Array(count);
  const atom = new Uint32Array(count);
  const counter = new Uint32Array(count);
  let at = 0;
  atoms.forEach(({ ranges, counters }, position) => {
    ranges.forEach(([low, high], i) => {
      lo[at] = low;
      hi[at] = high;
      atom[at] = position;
      counter[at++] = counters === null ? 0 : counters[i]! + 1;
    });
  });
  const sizes = atoms.map(({ ranges }) => ranges.length);
  return { count, lo, hi, atom, counter, expires: expiryColumn(atoms, sizes) };
}

/** Bytes per label: a field without line counters has few classes. */
export const labelWidth = (counted: boolean, classes: number): 1 | 2 | 4 =>
  counted ? 4 : classes <= 256 ? 1 : classes <= 65536 ? 2 : 4;

export function smallTable(
  field: SmallField,
  ranges: LabelledRanges,
  width: 1 | 2 | 4,
): Uint8Array | Uint16Array | Uint32Array {
  const values = smallFieldValues[field];
  const table = new { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[width](values);
  for (let i = 0; i < ranges.count; i++) {
    if (ranges.starts[i]! < values) table.fill(ranges.labels[i]!, ranges.starts[i], ranges.starts[i + 1] ?? values);
  }
  return table;
}

/** Label of one value. */
export function labelAt({ count, starts, labels }: LabelledRanges, value: number): number {
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= value) low = middle;
    else high = middle;
  }
  return labels[low]!;
}
