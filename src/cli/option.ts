/** Parsers of option values. */
import { InvalidArgumentError } from 'commander';

/** For options that may be given several times. */
export const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** A device name as the kernel takes it: 1 to 15 bytes without `/` or space. */
export function deviceName(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^\s/]{1,15}$/.test(value) || value === '.' || value === '..') {
    throw new InvalidArgumentError('That is no name of a network device.');
  }
  return before.includes(value) ? before : [...before, value];
}
