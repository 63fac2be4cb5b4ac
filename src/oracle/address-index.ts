/** Membership of an address in the elements of a set, with timeouts and `nomatch`. */
import { wordsPerAddress, type AddressRanges } from '../model/address.js';
import type { ElementColumns } from '../model/set.js';
import { known, Maybe, No, Yes, type Answer } from './answer.js';
import { compareWords } from './parse-prefix.js';
import { buildRangeList, inRangeList, type RangeList } from './range-list.js';

export type AddressTest = (address: Uint32Array) => Answer;

/** A timed element may have expired since the dump: what only such an element says is `Maybe`. */
function testPlain(sure: RangeList, timed: RangeList): AddressTest {
  return (address) => {
    if (inRangeList(sure, address)) return Yes;
    return timed.count > 0 && inRangeList(timed, address) ? Maybe : No;
  };
}

/** Elements of one size: the kernel walks the prefix lengths of hash:net from the longest. */
interface Layer {
  readonly size: number;
  readonly sureMember: RangeList;
  readonly sureException: RangeList;
  readonly timedMember: RangeList;
  readonly timedException: RangeList;
}

/** log2 of the range's size, rounded up: equal for prefixes of one length. */
function sizeOf(ranges: AddressRanges, element: number): number {
  const words = wordsPerAddress(ranges.family);
  let bits = 0;
  for (let i = 0; i < words; i++) {
    const at = element * words + i;
    const differing = ((ranges.lo[at] ?? 0) ^ (ranges.hi[at] ?? 0)) >>> 0;
    if (differing !== 0) return (words - i) * 32 - Math.clz32(differing);
    bits = 0;
  }
  return bits;
}

function layerOf(ranges: AddressRanges, columns: ElementColumns, size: number, elements: readonly number[]): Layer {
  const pick = (timed: boolean, exception: boolean): RangeList =>
    buildRangeList(
      ranges,
      Uint32Array.from(
        elements.filter(
          (e) => (columns.timeout?.[e] ?? 0) > 0 === timed && ((columns.nomatch?.[e] ?? 0) === 1) === exception,
        ),
      ),
    );
  return {
    size,
    sureMember: pick(false, false),
    sureException: pick(false, true),
    timedMember: pick(true, false),
    timedException: pick(true, true),
  };
}

/** Most specific first; a timed element may or may not be there, so both its answer and the next one's are possible. */
function testLayers(layers: readonly Layer[]): AddressTest {
  return (address) => {
    let possible = 0; // bit 0: no, bit 1: yes
    for (const layer of layers) {
      if (inRangeList(layer.timedMember, address)) possible |= 2;
      if (inRangeList(layer.timedException, address)) possible |= 1;
      const member = inRangeList(layer.sureMember, address);
      const exception = inRangeList(layer.sureException, address);
      // The same prefix cannot be stored twice; should an input claim so, both answers stay possible.
      if (member) possible |= 2;
      if (exception) possible |= 1;
      if (member || exception) return possible === 3 ? Maybe : known(possible === 2);
    }
    return possible >= 2 ? Maybe : No;
  };
}

/** `picked`: the elements that count, all when null. */
export function indexAddresses(
  ranges: AddressRanges,
  columns: ElementColumns,
  picked: Uint32Array | null,
): AddressTest {
  const elements = picked ?? Uint32Array.from({ length: ranges.count }, (_, i) => i);
  if (columns.nomatch === null) {
    if (columns.timeout === null) return testPlain(buildRangeList(ranges, elements), EMPTY);
    const isTimed = (element: number): boolean => (columns.timeout?.[element] ?? 0) > 0;
    const sure = elements.filter((element) => !isTimed(element));
    return testPlain(buildRangeList(ranges, sure), buildRangeList(ranges, elements.filter(isTimed)));
  }
  const bySize = new Map<number, number[]>();
  for (const element of elements) {
    const size = sizeOf(ranges, element);
    const list = bySize.get(size);
    if (list === undefined) bySize.set(size, [element]);
    else list.push(element);
  }
  const layers = [...bySize].map(([size, list]) => layerOf(ranges, columns, size, list));
  return testLayers(layers.sort((a, b) => a.size - b.size));
}

const EMPTY: RangeList = { count: 0, lo: new Uint32Array(0), hi: new Uint32Array(0) };

/** Linear for the few ranges of a rule's own address match. */
export function inFewRanges(ranges: AddressRanges, address: Uint32Array): boolean {
  const words = address.length;
  for (let i = 0; i < ranges.count; i++) {
    if (compareWords(address, ranges.lo, i * words) >= 0 && compareWords(address, ranges.hi, i * words) <= 0)
      return true;
  }
  return false;
}
