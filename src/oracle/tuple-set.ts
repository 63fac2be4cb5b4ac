/** Sets of several parts: which elements a packet is, and which of them decides. */
import type { AddressRanges } from '../model/address.js';
import type { SetPart, TupleSet } from '../model/set.js';
import { Maybe, No, Yes, type Answer } from './answer.js';
import { inFewRanges } from './address-index.js';
import type { SetKey, SetTest } from './set-index.js';

type Side = 'src' | 'dst';

/** Elements that may hold a value of one of the parts; a superset is good enough. */
type Candidates = (key: SetKey, sides: readonly Side[]) => readonly number[];

/** Does the part of element `i` hold? Yes, No, or not known. */
function partAnswer(part: SetPart, i: number, side: Side, key: SetKey): Answer {
  switch (part.kind) {
    case 'address': {
      const address = key.address(side);
      if (address === null) return Maybe;
      return isInside(part.ranges, i, address) ? Yes : No;
    }
    case 'port': {
      const port = key.port(side);
      if (port === 'none') return No;
      if (port === null) return Maybe;
      if (port.protocol !== part.protocol[i]) return No;
      if (port.port === null) return Maybe;
      return port.port >= part.portLo[i]! && port.port <= part.portHi[i]! ? Yes : No;
    }
    case 'mac': {
      const mac = key.mac(side);
      if (mac === null) return Maybe;
      return mac !== 0 && mac === part.addresses[i] ? Yes : No;
    }
    case 'interface': {
      const device = key.device(side);
      if (device === null) return Maybe;
      const name = part.names[i]!;
      if (device === '') return No;
      return (part.wildcard[i] === 1 ? device.startsWith(name) : device === name) ? Yes : No;
    }
    case 'number': {
      const value = key.number(part.field);
      if (value === 'none') return No;
      if (value === null) return Maybe;
      return value >= part.lo[i]! && value <= part.hi[i]! ? Yes : No;
    }
  }
}

function isInside({ family, lo, hi }: AddressRanges, i: number, address: Uint32Array): boolean {
  const words = family === 4 ? 1 : 4;
  if (address.length !== words) return false;
  const one = {
    family,
    count: 1,
    lo: lo.subarray(i * words, (i + 1) * words),
    hi: hi.subarray(i * words, (i + 1) * words),
  };
  return inFewRanges(one, address);
}

/** Bits in which the range's bounds agree, where those make it up; null: it is no prefix. */
function prefixBits({ family, lo, hi }: AddressRanges, i: number): number | null {
  const words = family === 4 ? 1 : 4;
  let bits = 0;
  while (bits < words * 32) {
    const w = i * words + (bits >>> 5);
    const bit = 31 - (bits & 31);
    if (((lo[w]! ^ hi[w]!) >>> bit) & 1) break;
    bits++;
  }
  for (let at = bits; at < words * 32; at++) {
    const w = i * words + (at >>> 5);
    const bit = 31 - (at & 31);
    if ((lo[w]! >>> bit) & 1 || !((hi[w]! >>> bit) & 1)) return null;
  }
  return bits;
}

const firstBits = (address: Uint32Array, bits: number): string => {
  let text = String(bits);
  for (let w = 0; w < address.length; w++) {
    const own = Math.max(0, Math.min(32, bits - w * 32));
    text += ` ${own === 0 ? 0 : address[w]! >>> (32 - own)}`;
  }
  return text;
};

/** By the prefixes of the address part with most different ones. */
function byAddress(part: SetPart & { kind: 'address' }, at: number, count: number): Candidates {
  const { ranges } = part;
  const words = ranges.family === 4 ? 1 : 4;
  const byPrefix = new Map<string, number[]>();
  const lengths = new Set<number>();
  const loose: number[] = [];
  for (let i = 0; i < count; i++) {
    const bits = prefixBits(ranges, i);
    if (bits === null) {
      loose.push(i);
      continue;
    }
    lengths.add(bits);
    const name = firstBits(ranges.lo.subarray(i * words, (i + 1) * words), bits);
    const list = byPrefix.get(name);
    if (list === undefined) byPrefix.set(name, [i]);
    else list.push(i);
  }
  return (key, sides) => {
    const address = key.address(sides[at] ?? 'src');
    if (address === null) return allOf(count);
    if (address.length !== words) return [];
    const found = [...loose];
    for (const bits of lengths) found.push(...(byPrefix.get(firstBits(address, bits)) ?? []));
    return found;
  };
}

const allOf = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function candidatesOf(set: TupleSet): Candidates {
  let best = null as Candidates | null;
  let most = 0;
  set.parts.forEach((part, at) => {
    if (part.kind !== 'address') return;
    const different = new Set(part.ranges.lo).size;
    if (different <= most) return;
    most = different;
    best = byAddress(part, at, set.count);
  });
  const every = allOf(set.count);
  return best ?? (() => every);
}

/** Lengths of the networks of an element, in the order in which `mtype_test_cidrs` tries them. */
function specificity(set: TupleSet, i: number): number[] {
  return set.parts.flatMap((part) =>
    part.kind === 'address' && part.network ? [prefixBits(part.ranges, i) ?? -1] : [],
  );
}

/** Is it still there? Past its time it may have been added anew. */
function aliveAnswer({ timeout, asOf }: TupleSet, i: number, at: number | null): Answer {
  const left = timeout?.[i] ?? 0;
  if (left === 0) return Yes;
  return asOf !== undefined && left > 1 && at !== null && at < asOf + left ? Yes : Maybe;
}

const both = (a: Answer, b: Answer): Answer => (a === No || b === No ? No : a === Yes && b === Yes ? Yes : Maybe);

interface Found {
  readonly element: number;
  readonly answer: Answer;
  /** Its networks hold, and another part of it does not: hash:net,iface ends its search there. */
  readonly stops: Answer;
  readonly lengths: readonly number[];
}

function find(set: TupleSet, element: number, sides: readonly Side[], key: SetKey): Found {
  let answer: Answer = aliveAnswer(set, element, key.at);
  let stops = answer;
  set.parts.forEach((part, at) => {
    const one = partAnswer(part, element, sides[at] ?? 'src', key);
    answer = both(answer, one);
    if (part.kind === 'address') stops = both(stops, one);
  });
  const ends = endsAtNetworks(set) && answer !== Yes;
  return { element, answer, stops: ends ? stops : No, lengths: specificity(set, element) };
}

const endsAtNetworks = ({ parts }: TupleSet): boolean =>
  parts.some(({ kind }) => kind === 'interface') && parts.some((part) => part.kind === 'address' && part.network);

const moreSpecificFirst = (a: Found, b: Found): number => {
  for (const [k, length] of a.lengths.entries()) if (length !== b.lengths[k]) return (b.lengths[k] ?? 0) - length;
  return 0;
};

/** Bits of what may come of it: 1 no, 2 yes. */
function decide(set: TupleSet, found: Found[]): Answer {
  const layers: Found[][] = [];
  for (const one of found.sort(moreSpecificFirst)) {
    const last = layers[layers.length - 1]?.[0];
    if (last && moreSpecificFirst(last, one) === 0) layers[layers.length - 1]!.push(one);
    else layers.push([one]);
  }
  let possible = 0;
  for (const layer of layers) {
    let decided = false;
    let doubtful = false;
    for (const { element, answer, stops } of layer) {
      if (answer !== No) possible |= set.nomatch?.[element] === 1 ? 1 : 2;
      if (answer === Yes) decided = true;
      if (answer === Maybe) doubtful = true;
      if (answer !== Yes && stops !== No) possible |= 1;
    }
    // An element whose time is over, and which is still there, makes the search go on.
    if (!decided && !doubtful) decided = layer.some(({ stops }) => stops === Yes);
    if (decided) return answerOf(possible);
  }
  return answerOf(possible | 1);
}

const answerOf = (possible: number): Answer => (possible === 3 ? Maybe : possible === 2 ? Yes : No);

export function indexTuples(set: TupleSet): SetTest {
  const candidates = candidatesOf(set);
  const families = set.parts.flatMap((part) => (part.kind === 'address' ? [part.ranges.family] : []));
  const ordered = set.nomatch !== null || endsAtNetworks(set);
  return (sides, key) => {
    if (families.some((family) => family !== key.family)) return No;
    if (sides.length < set.parts.length) return Maybe;
    // nft reads the whole key first, and breaks the rule where it cannot.
    for (const part of set.parts) if (part.kind === 'number') key.number(part.field);
    if (set.parts.some((part, at) => part.kind === 'port' && key.port(sides[at] ?? 'src') === 'none')) return No;
    const found: Found[] = [];
    for (const element of candidates(key, sides)) {
      const one = find(set, element, sides, key);
      if (one.answer === Yes && !ordered) return Yes;
      if (one.answer !== No || one.stops !== No) found.push(one);
    }
    if (!ordered) return found.some(({ answer }) => answer === Maybe) ? Maybe : No;
    return decide(set, found);
  };
}
