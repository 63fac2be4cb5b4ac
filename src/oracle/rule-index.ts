/**
 * Leaves out rules that surely do not match by their address, so that a hundred thousand `-s A -j DROP` lines do not cost a
 * hundred thousand evaluations. Exact: a rule left out would have answered `No` at an address match, and nothing before that
 * match could have had an effect or dropped the packet.
 */
import type { AddressFamily } from '../model/address.js';
import type { AddressMatch, Match } from '../model/match.js';
import type { Rule } from '../model/ruleset.js';
import { maskWord } from './parse-prefix.js';

/** Matches that can be skipped over: no effect, no hot drop (the packets for which `protocol` has one are walked linearly). */
const skippable: ReadonlySet<Match['kind']> = new Set([
  'address',
  'interface',
  'protocol',
  'comment',
  'mac',
  'packetType',
  'ttl',
  'tos',
  'length',
  'addressType',
  'ctState',
  'set',
] as const);

type Bucket = Map<number | string, number[]>;

interface Side {
  /** Bucket per prefix length. */
  readonly lengths: Map<number, Bucket>;
  readonly all: number[];
}

export interface RuleIndex {
  /** Positions in the chain, ascending. A null address is unknown: all rules about that side are candidates. */
  readonly candidates: (saddr: Uint32Array | null, daddr: Uint32Array | null) => readonly number[];
}

/** Prefix length of element `i`, or -1 when the range is no prefix. */
function prefixLength(match: AddressMatch, i: number): number {
  const words = match.ranges.family === 4 ? 1 : 4;
  let length = 0;
  let open = false;
  for (let w = 0; w < words; w++) {
    const lo = match.ranges.lo[i * words + w] ?? 0;
    const hi = match.ranges.hi[i * words + w] ?? 0;
    const free = (lo ^ hi) >>> 0;
    if ((lo & free) !== 0 || (open && free !== 0xffffffff) || ((free + 1) & free) !== 0) return -1;
    if (!open) length += Math.clz32(free);
    open ||= free !== 0;
  }
  return length;
}

function bucketKey(words: Uint32Array, at: number, count: number, length: number): number | string {
  if (count === 1) return ((words[at] ?? 0) & maskWord(length)) >>> 0;
  let key = '';
  for (let w = 0; w < 4; w++) key += String(((words[at + w] ?? 0) & maskWord(length - w * 32)) >>> 0) + ':';
  return key;
}

/** The first plain address match of the rule that can serve as its key. */
function keyMatch(rule: Rule, family: AddressFamily): AddressMatch | null {
  for (const part of rule.parts) {
    if (!('match' in part)) return null;
    const { match } = part;
    if (!skippable.has(match.kind)) return null;
    if (match.kind !== 'address' || match.negate || match.ranges.family !== family) continue;
    for (let i = 0; i < match.ranges.count; i++) if (prefixLength(match, i) < 0) return null;
    return match;
  }
  return null;
}

function insert(side: Side, match: AddressMatch, position: number): void {
  const words = match.ranges.family === 4 ? 1 : 4;
  side.all.push(position);
  for (let i = 0; i < match.ranges.count; i++) {
    const length = prefixLength(match, i);
    let bucket = side.lengths.get(length);
    if (bucket === undefined) side.lengths.set(length, (bucket = new Map<number | string, number[]>()));
    const key = bucketKey(match.ranges.lo, i * words, words, length);
    const list = bucket.get(key);
    if (list === undefined) bucket.set(key, [position]);
    else if (list.at(-1) !== position) list.push(position);
  }
}

function collect(side: Side, address: Uint32Array | null, into: number[][]): void {
  if (address === null) {
    if (side.all.length > 0) into.push(side.all);
    return;
  }
  for (const [length, bucket] of side.lengths) {
    const list = bucket.get(bucketKey(address, 0, address.length, length));
    if (list !== undefined) into.push(list);
  }
}

const emptySide = (): Side => ({ lengths: new Map<number, Bucket>(), all: [] });

export function indexRules(rules: readonly Rule[], family: AddressFamily): RuleIndex {
  const sides = { saddr: emptySide(), daddr: emptySide() };
  const always: number[] = [];
  rules.forEach((rule, position) => {
    const match = keyMatch(rule, family);
    if (match === null) always.push(position);
    else insert(sides[match.field], match, position);
  });
  return {
    candidates: (saddr, daddr) => {
      const lists: number[][] = [];
      collect(sides.saddr, saddr, lists);
      collect(sides.daddr, daddr, lists);
      if (lists.length === 0) return always;
      if (lists.length === 1 && always.length === 0) return lists[0] ?? always;
      return [...new Set([...always, ...lists.flat()])].sort((a, b) => a - b);
    },
  };
}
