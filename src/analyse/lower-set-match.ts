/** Set matches (`-m set --match-set NAME src,dst`) as conditions, after `ip_set_test` (Linux 6.18). */
import type { Ranges, SetMatch } from '../model/match.js';
import type { AddressPortSet, NamedSet } from '../model/set.js';
import type { Context } from './context.js';
import type { Condition, Dnf, ValueSet } from './logic.js';
import { and, andDnf, exactly, FALSE, isExact, small, TRUE, unknown } from './logic.js';
import { addressValues, portValues, readOnce, tupleValues } from './set-values.js';

/** Nested list:set deeper than the kernel allows (it allows none at all inside a list) ends here. */
const maxDepth = 4;

export function lowerSetMatch(match: SetMatch, context: Context): Condition {
  const set = context.sets.get(match.set);
  if (!set || match.uninterpreted.length > 0) return unknown;
  if (context.destinationRewritten && match.dimensions.includes('dst')) return unknown;
  const member = membership(set, match.dimensions, context, 0);
  return match.negate ? not(member) : member;
}

function membership(set: NamedSet, sides: SetMatch['dimensions'], context: Context, depth: number): Condition {
  const [first, second] = sides;
  if (!first || depth > maxDepth || context.changedSets.has(set.name)) return unknown;
  switch (set.kind) {
    case 'addresses': {
      // A set of the other family never matches.
      if (set.ranges.family !== context.family) return exactly(FALSE);
      return condition(addressValues(set, first, context.setValues));
    }
    case 'addressPorts': {
      if (set.ranges.family !== context.family) return exactly(FALSE);
      if (!second || set.nomatch || !onlyPortProtocols(set, context.family)) return unknown;
      return and(
        exactly([[small('protocol', tupleProtocols(context.family))]]),
        condition(tupleValues(set, [first, second], context.setValues)),
      );
    }
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
      return any(
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

function condition({ may, must }: { may: ValueSet; must: ValueSet | null }): Condition {
  const mayDnf: Dnf = [[{ set: may, negate: false }]];
  if (may === must) return exactly(mayDnf);
  return { may: mayDnf, must: must && [[{ set: must, negate: false }]] };
}

/** One of them holds; none of no conditions does. */
function any(conditions: readonly Condition[]): Condition {
  const may: Dnf = conditions.some((one) => one.may === TRUE) ? TRUE : conditions.flatMap((one) => one.may);
  if (conditions.every(isExact)) return exactly(may);
  return { may, must: conditions.flatMap((one) => one.must ?? []) };
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

/** Protocols for which both we and `ip_set_get_ip4_port`/`ip_set_get_ip6_port` read a port: tcp, udp, sctp, udplite, icmp. */
const tupleProtocols = (family: 4 | 6): Ranges =>
  family === 4
    ? [
        [1, 1],
        [6, 6],
        [17, 17],
        [132, 132],
        [136, 136],
      ]
    : [
        [6, 6],
        [17, 17],
        [58, 58],
        [132, 132],
        [136, 136],
      ];

function onlyPortProtocols(set: AddressPortSet, family: 4 | 6): boolean {
  const known = new Set(tupleProtocols(family).map(([protocol]) => protocol));
  return set.protocol.every((protocol) => known.has(protocol));
}
