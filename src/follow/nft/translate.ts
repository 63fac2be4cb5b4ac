/** What the kernel said of a set's elements, as columns of the set that was planned for. */
import type { AddressRanges } from '../../model/address.js';
import { wordsPerAddress } from '../../model/address.js';
import type { NamedSet } from '../../model/set.js';
import type { HostChange } from '../change.js';
import type { ElementRun } from './element-run.js';
import { intervalsOf } from './intervals.js';

/** `since`: milliseconds since the epoch, no later than any of it happened. Null: nothing has changed. */
export function changeOf(run: ElementRun, set: NamedSet, since: number): HostChange | null {
  const { op, odd } = run;
  const other = (why: string): HostChange => ({
    kind: 'set',
    set: set.id,
    what: `elements of ${set.name} changed: ${why}`,
  });
  if (odd !== null) return other(odd);
  if (run.count === 0) return null;
  if (set.kind !== 'addresses') return other('they are not followed one by one');
  const { family } = set.ranges;
  if (run.words !== wordsPerAddress(family)) return other('they are not addresses of its family');
  const found = rangesOf(run, family, set.intervals === true);
  if (found === null) return other('the two ends of an interval are not told together');
  const { ranges, from } = found;
  if (ranges.count === 0) return null;
  const expires = op === 'add' ? expiries(run, ranges.count, from, since) : null;
  return { kind: 'elements', changes: [{ set: set.id, op, ranges, ...(expires && { expires }) }] };
}

interface Found {
  readonly ranges: AddressRanges;
  /** Of the run, the element that each range is of; null: the same. */
  readonly from: Uint32Array | null;
}

function rangesOf(run: ElementRun, family: 4 | 6, isInterval: boolean): Found | null {
  const size = run.count * run.words;
  if (!isInterval || run.ends !== null) {
    // Both ends in one element, or no ends at all.
    if (run.endMarks.subarray(0, run.count).some((mark) => mark !== 0)) return null;
    const lo = run.keys.slice(0, size);
    return { ranges: { family, count: run.count, lo, hi: run.ends?.slice(0, size) ?? lo.slice() }, from: null };
  }
  const intervals = intervalsOf(run);
  if (intervals === null) return null;
  const { lo, hi, from } = intervals;
  return { ranges: { family, count: from.length, lo, hi }, from };
}

/** Null: none expires. */
function expiries({ left }: ElementRun, count: number, from: Uint32Array | null, since: number): Uint32Array | null {
  if (left === null) return null;
  const seconds = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const own = left[from?.[i] ?? i]!;
    if (own > 0) seconds[i] = Math.min(0xffffffff, Math.max(1, Math.floor((since + own) / 1000)));
  }
  return seconds.some((second) => second > 0) ? seconds : null;
}
