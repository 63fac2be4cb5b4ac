/**
 * What a packet's unknown fields must be for it to have come here: within a chain entered by `-p tcp -j chain`, a fragment whose
 * protocol is unknown is TCP. Later matches on the same field are decided by that, or at least not contradicted.
 */
import type { AddressMatch, Match, Ranges, TcpFlagsMatch } from '../model/match.js';
import { Maybe, No, Yes, type Answer } from './answer.js';
import { compareWords } from './parse-prefix.js';

/** `match` is true of the packet in this state; it says nothing once the state has changed. */
export interface Assumption {
  readonly match: Match;
  readonly state: number;
}

interface Values {
  readonly field: string;
  readonly ranges: Ranges;
}

const complement = (ranges: Ranges): Ranges => {
  const result: [number, number][] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) result.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= 0xffff) result.push([next, 0xffff]);
  return result;
};

const values = (field: string, ranges: Ranges, negate: boolean): Values => ({
  field,
  ranges: negate ? complement(ranges) : ranges,
});

const wholeCodes = (codes: Ranges): boolean => codes.length === 1 && codes[0]?.[0] === 0 && codes[0][1] === 255;

/** The match as a set of values of one number field, or null where it is not that. */
function valuesOf(match: Match): Values | null {
  const { kind } = match;
  if (kind === 'protocol') return values(kind, match.protocols, match.negate);
  if (kind === 'port') return match.field === 'either' ? null : values(match.field, match.ranges, match.negate);
  if (kind === 'ttl' || kind === 'length') return values(kind, match.ranges, match.negate);
  if (kind !== 'icmp' || !wholeCodes(match.codes)) return null;
  return values(`icmp${match.version}`, match.types, match.negate);
}

const meet = (a: Ranges, b: Ranges): [number, number][] =>
  a.flatMap(([low, high]) =>
    b
      .map(([from, to]): [number, number] => [Math.max(low, from), Math.min(high, to)])
      .filter(([from, to]) => from <= to),
  );

function fromValues(assumed: readonly Match[], match: Match): Answer {
  const asked = valuesOf(match);
  if (asked === null) return Maybe;
  let possible: Ranges = [[0, 0xffff]];
  for (const one of assumed) {
    const given = valuesOf(one);
    if (given?.field === asked.field) possible = meet(possible, given.ranges);
  }
  if (meet(possible, asked.ranges).length === 0) return No;
  // Extensions differ in what they do without a layer-4 header: one that reads it may be true and the next one false, whatever it
  // asks. So an assumption about ports and types can contradict a match, and never prove it.
  const readsHeader = match.kind === 'port' || match.kind === 'icmp';
  return !readsHeader && meet(possible, complement(asked.ranges)).length === 0 ? Yes : Maybe;
}

function disjoint(a: AddressMatch, b: AddressMatch): boolean {
  if (a.negate || b.negate || a.field !== b.field || a.ranges.family !== b.ranges.family) return false;
  if (a.ranges.count * b.ranges.count > 64) return false;
  const words = a.ranges.family === 4 ? 1 : 4;
  for (let i = 0; i < a.ranges.count; i++) {
    const lo = a.ranges.lo.subarray(i * words, (i + 1) * words);
    const hi = a.ranges.hi.subarray(i * words, (i + 1) * words);
    for (let k = 0; k < b.ranges.count; k++) {
      if (compareWords(lo, b.ranges.hi, k * words) <= 0 && compareWords(hi, b.ranges.lo, k * words) >= 0) return false;
    }
  }
  return true;
}

const flagsConflict = (a: TcpFlagsMatch, b: TcpFlagsMatch): boolean =>
  !a.negate && !b.negate && ((a.value ^ b.value) & a.mask & b.mask) !== 0;

function contradicts(assumed: Match, match: Match): boolean {
  if (assumed.kind === 'address' && match.kind === 'address') return disjoint(assumed, match);
  return assumed.kind === 'tcpFlags' && match.kind === 'tcpFlags' && flagsConflict(assumed, match);
}

/** The answer of a match that the packet itself leaves open: `Maybe` unless the assumptions decide it. */
export function underAssumptions(assumptions: readonly Assumption[], match: Match, state: number): Answer {
  const assumed = assumptions.filter((one) => one.state === state).map((one) => one.match);
  if (assumed.length === 0) return Maybe;
  return assumed.some((one) => contradicts(one, match)) ? No : fromValues(assumed, match);
}
