/** How many CPUs this host may ever have: as many values has a map with one for each (Documentation/admin-guide/cputopology.rst). */
import { readFileSync } from 'node:fs';

/** 1 where the kernel does not tell. */
export function possibleCpus(file = '/sys/devices/system/cpu/possible'): number {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return 1;
  }
  const ranges = text
    .trim()
    .split(',')
    .map((range) => range.split('-').map(Number));
  const count = ranges.reduce((sum, [from = NaN, to = from]) => sum + to - from + 1, 0);
  return count >= 1 ? count : 1;
}
