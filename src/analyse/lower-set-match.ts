/** Set matches (`-m set --match-set NAME src,dst`) as conditions, after `ip_set_test` (Linux 6.18). */
import type { SetMatch } from '../model/match.js';
import type { NamedSet } from '../model/set.js';
import type { Context } from './context.js';
import type { Condition, Dnf } from './logic.js';
import { and, andDnf, anyOf, exactly, FALSE, isExact, small, TRUE, unknown } from './logic.js';
import { addressValues, condition, portValues, readOnce } from './set-values.js';
import { tupleMembership } from './lower-tuple-set.js';

/** Nested list:set deeper than the kernel allows (it allows none at all inside a list) ends here. */
const maxDepth = 4;

export function lowerSetMatch(match: SetMatch, context: Context): Condition {
  const set = context.sets.get(match.set);
  if (!set || match.uninterpreted.length > 0) return unknown;
  if (context.destinationRewritten && match.dimensions.includes('dst')) return unknown;
  const member = membership(set, match.dimensions, context, 0);
  return match.negate ? not(member) : member;
}

/** Looking a packet up may change the set, so every packet that would be must still be. */
export const learns = ({ set }: SetMatch, sets: Context['sets']): boolean => setLearns(sets.get(set), sets, 0);

function setLearns(set: NamedSet | undefined, sets: Context['sets'], depth: number): boolean {
  if (set?.kind === 'opaque') return set.learns === true;
  if (set?.kind !== 'list' || depth > maxDepth) return false;
  return set.members.some((id) => setLearns(sets.get(id), sets, depth + 1));
}

function membership(set: NamedSet, sides: SetMatch['dimensions'], context: Context, depth: number): Condition {
  const [first] = sides;
  if (!first || depth > maxDepth || context.changedSets.has(set.name)) return unknown;
  switch (set.kind) {
    case 'addresses': {
      // A set of the other family never matches.
      if (set.ranges.family !== context.family) return exactly(FALSE);
      return condition(addressValues(set, first, context.setValues));
    }
    case 'tuples':
      return tupleMembership(set, sides, context);
    case 'ports': {
      const tcpUdp = small('protocol', [
        [6, 6],
        [17, 17],
      ]);
      return and(exactly([[tcpUdp]]), condition(portValues(set, first, context.setValues)));
    }
    case 'list': {
      readOnce(context.setValues, set.id);
      if (set.nomatch) return unknown;
      return anyOf(
        set.members.map((id, i) => {
          const member = context.sets.get(id);
          const found = member ? membership(member, sides, context, depth + 1) : unknown;
          const leaves = (set.timeout?.[i] ?? 0) > 0;
          return leaves ? { may: found.may, must: null } : found;
        }),
      );
    }
    case 'opaque':
      return unknown;
  }
}

/** Not: every conjunction fails in some literal. What may be a member is certainly none outside `may`, and the other way round. */
function not(member: Condition): Condition {
  const outside = member.may === TRUE ? null : negate(member.may);
  if (isExact(member) && outside) return exactly(outside);
  return { may: (member.must && negate(member.must)) ?? TRUE, must: outside };
}

/** Null when the result would grow too large. */
function negate(dnf: Dnf): Dnf | null {
  let result: Dnf | null = TRUE;
  for (const conj of dnf) {
    const fails: Dnf = conj.map((literal) => [{ ...literal, negate: !literal.negate }]);
    result = result && andDnf(result, fails);
  }
  return result;
}
