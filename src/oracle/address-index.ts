/** Membership of an address in the elements of a set, with timeouts and `nomatch`. */
import type { AddressRanges } from '../model/address.js';
import type { ElementColumns } from '../model/set.js';
import { known, Maybe, No, Yes, type Answer } from './answer.js';
import { compareWords } from './parse-prefix.js';
import { buildRangeList, inRangeList, type RangeList } from './range-list.js';
import { buildTimedList, groupBySize, surelyUntil, type TimedList } from './timed-list.js';

/** `at`: seconds since the epoch; null where the time is not known. */
export type AddressTest = (address: Uint32Array, at: number | null) => Answer;

/** Elements that expire. */
interface Timed {
  readonly all: RangeList;
  /** Empty where nobody knows when they do. */
  readonly ends: TimedList;
}

/** Past its time an element may be gone, or may have been added anew: what only such an element says is `Maybe`. */
function isThere({ all, ends }: Timed, address: Uint32Array, at: number | null): Answer {
  if (all.count === 0 || !inRangeList(all, address)) return No;
  return at !== null && at < surelyUntil(ends, address) ? Yes : Maybe;
}

function testPlain(sure: RangeList, timed: Timed): AddressTest {
  return (address, at) => (inRangeList(sure, address) ? Yes : isThere(timed, address, at));
}

/** Elements of one size: the kernel walks the prefix lengths of hash:net from the longest. */
interface Layer {
  readonly size: number;
  readonly sureMember: RangeList;
  readonly sureException: RangeList;
  readonly timedMember: Timed;
  readonly timedException: Timed;
}

function timedOf(ranges: AddressRanges, columns: ElementColumns, elements: Uint32Array, asOf: number | null): Timed {
  return {
    all: buildRangeList(ranges, elements),
    ends: asOf === null ? [] : buildTimedList(ranges, columns, elements, asOf),
  };
}

function layerOf(
  ranges: AddressRanges,
  columns: ElementColumns,
  size: number,
  elements: readonly number[],
  asOf: number | null,
): Layer {
  const pick = (timed: boolean, exception: boolean): Uint32Array =>
    Uint32Array.from(elements).filter(
      (e) => (columns.timeout?.[e] ?? 0) > 0 === timed && ((columns.nomatch?.[e] ?? 0) === 1) === exception,
    );
  return {
    size,
    sureMember: buildRangeList(ranges, pick(false, false)),
    sureException: buildRangeList(ranges, pick(false, true)),
    timedMember: timedOf(ranges, columns, pick(true, false), asOf),
    timedException: timedOf(ranges, columns, pick(true, true), asOf),
  };
}

/** Most specific first; a timed element may or may not be there, so both its answer and the next one's are possible. */
function testLayers(layers: readonly Layer[]): AddressTest {
  return (address, at) => {
    let possible = 0; // bit 0: no, bit 1: yes
    for (const layer of layers) {
      const timedMember = isThere(layer.timedMember, address, at);
      const timedException = isThere(layer.timedException, address, at);
      if (timedMember !== No) possible |= 2;
      if (timedException !== No) possible |= 1;
      const member = timedMember === Yes || inRangeList(layer.sureMember, address);
      const exception = timedException === Yes || inRangeList(layer.sureException, address);
      // The same prefix cannot be stored twice; should an input claim so, both answers stay possible.
      if (member) possible |= 2;
      if (exception) possible |= 1;
      if (member || exception) return possible === 3 ? Maybe : known(possible === 2);
    }
    return possible >= 2 ? Maybe : No;
  };
}

/** `picked`: the elements that count, all when null. `asOf`: second at which the elements had their timeout left; null: not known. */
export function indexAddresses(
  ranges: AddressRanges,
  columns: ElementColumns,
  picked: Uint32Array | null,
  asOf: number | null,
): AddressTest {
  const elements = picked ?? Uint32Array.from({ length: ranges.count }, (_, i) => i);
  if (columns.nomatch === null) {
    if (columns.timeout === null) return testPlain(buildRangeList(ranges, elements), noneTimed);
    const isTimed = (element: number): boolean => (columns.timeout?.[element] ?? 0) > 0;
    const sure = elements.filter((element) => !isTimed(element));
    return testPlain(buildRangeList(ranges, sure), timedOf(ranges, columns, elements.filter(isTimed), asOf));
  }
  const layers = [...groupBySize(ranges, elements)].map(([size, list]) => layerOf(ranges, columns, size, list, asOf));
  return testLayers(layers.sort((a, b) => a.size - b.size));
}

const noneTimed: Timed = { all: { count: 0, lo: new Uint32Array(0), hi: new Uint32Array(0) }, ends: [] };

/** Linear for the few ranges of a rule's own address match. */
export function inFewRanges(ranges: AddressRanges, address: Uint32Array): boolean {
  const words = address.length;
  for (let i = 0; i < ranges.count; i++) {
    if (compareWords(address, ranges.lo, i * words) >= 0 && compareWords(address, ranges.hi, i * words) <= 0)
      return true;
  }
  return false;
}
