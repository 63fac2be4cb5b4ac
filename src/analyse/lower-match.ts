/** A match as a condition on what XDP sees. The dispatch table breaks the build when a kind is added without an answer here. */
import type { Match, Ranges } from '../model/match.js';
import { Availability } from '../model/field.js';
import type { Context } from './context.js';
import type { HostSetName } from './host-sets.js';
import type { Condition, Conj, Dnf, Lit } from './logic.js';
import { and, exactly, FALSE, small, TRUE, unknown } from './logic.js';
import { nestedTags } from '../model/field.js';
import { markIn } from './mark-steps.js';
import { lowerReversePath } from './reverse-path.js';
import { lowerSetMatch } from './lower-set-match.js';
import { complement } from '../model/small-ranges.js';
import { lowerTcpFlags } from './tcp-flags.js';

type Lowering = { readonly [K in Match['kind']]: (match: Extract<Match, { kind: K }>, context: Context) => Condition };

/** tcp, udp, dccp, sctp, udplite: source and destination port are the first four bytes. */
export const portProtocols: Ranges = [
  [6, 6],
  [17, 17],
  [33, 33],
  [132, 132],
  [136, 136],
];

const ofPorts = small('protocol', portProtocols);
const when = (...literals: Lit[]): Condition => exactly([literals]);
const always: Condition = exactly(TRUE);
const never: Condition = exactly(FALSE);

const lowering = {
  address: (match, context) => {
    if (match.field === 'daddr' && context.destinationRewritten) return unknown;
    if (match.ranges.family !== context.family) return match.negate ? always : never;
    return when({
      set: { kind: 'addresses', field: match.field, ranges: match.ranges, named: false, counters: null },
      negate: match.negate,
    });
  },
  family: (match, context) => (match.family === context.family ? always : never),
  set: lowerSetMatch,
  interface: (match, context) => {
    const matches = (name: string): boolean =>
      (match.wildcard ? name.startsWith(match.name) : name === match.name) !== match.negate;
    if (match.direction === 'out') {
      // Before routing there is no output device: iptables compares with the empty name.
      return context.hook === 'forward' || context.hook === 'postrouting' ? unknown : matches('') ? always : never;
    }
    const positions = context.devices.flatMap((name, i): Ranges => (matches(name) ? [[i, i]] : []));
    if (positions.length === context.devices.length) return always;
    return positions.length === 0 ? never : when(small('device', positions));
  },
  protocol: (match) => when(small('protocol', match.protocols, match.negate)),
  port: (match, context) => {
    const side = (field: 'sport' | 'dport'): Condition => {
      if (field === 'dport' && context.destinationRewritten) return { may: [[ofPorts]], must: null };
      return when(ofPorts, small(field, match.ranges, match.negate));
    };
    if (match.field !== 'either') return side(match.field);
    return match.negate ? and(side('sport'), side('dport')) : or(side('sport'), side('dport'));
  },
  tcpFlags: (match) => lowerTcpFlags(match),
  header: () => ({ may: TRUE, must: [[small('availability', [[Availability.complete, Availability.complete]])]] }),
  icmp: (match) => {
    const pairs = match.types.flatMap(([low, high]) =>
      Array.from({ length: high - low + 1 }, (_, i) => low + i).flatMap((type): Ranges =>
        match.codes.map(([from, to]) => [type * 256 + from, type * 256 + to] as const),
      ),
    );
    const protocol = match.version === 4 ? 1 : 58;
    return when(small('protocol', [[protocol, protocol]]), small('icmp', pairs, match.negate));
  },
  ttl: (match, context) => {
    const ranges = match.negate ? complement(match.ranges, 255) : match.ranges;
    // ip_forward and ip6_forward decrement before the FORWARD hook (Linux 6.18): the rule sees one less than XDP does.
    const forwarded = context.hook === 'forward' || context.hook === 'postrouting';
    const shift = forwarded ? 1 : 0;
    const seen = ranges.flatMap(([lo, hi]): Ranges =>
      lo + shift > 255 ? [] : [[lo + shift, Math.min(hi + shift, 255)]],
    );
    return when(small('ttl', seen));
  },
  tos: (match) => {
    const values = Array.from({ length: 256 }, (_, tos) => tos).filter(
      (tos) => ((tos & match.mask) === match.value) !== match.negate,
    );
    return when(
      small(
        'tos',
        values.map((tos) => [tos, tos] as const),
      ),
    );
  },
  length: (match, context) => {
    // GRO merges segments and datagrams before netfilter; ICMP it leaves alone. XDP sees at most 65535 of it.
    const icmp = context.family === 4 ? 1 : 58;
    const length = small('length', match.ranges, match.negate);
    const isIcmp: Lit = small('protocol', [[icmp, icmp]]);
    return { may: [[{ ...isIcmp, negate: true }], [isIcmp, length]], must: [[isIcmp, length]] };
  },
  mac: (match) => when({ set: { kind: 'macs', field: 'smac', addresses: match.addresses }, negate: match.negate }),
  addressType: (match, context) => {
    const names = match.types.map((type): HostSetName | 'UNICAST' | null => {
      switch (type) {
        case 'LOCAL':
        case 'BROADCAST':
        case 'ANYCAST':
        case 'MULTICAST':
        case 'UNICAST':
          return type;
        case 'UNSPEC':
        case 'BLACKHOLE':
        case 'UNREACHABLE':
        case 'PROHIBIT':
          return null;
      }
    });
    // IPv6 addrtype asks the full routing table (xt_addrtype, Linux 6.18), which XDP's copy does not follow.
    if (context.family === 6 || match.limitInterface || names.includes(null)) return unknown;
    if (match.field === 'daddr' && context.destinationRewritten) return unknown;
    const is = (name: HostSetName, negate: boolean): Lit => ({ set: context.host.get(name, match.field), negate });
    const one = (name: HostSetName | 'UNICAST' | null): Lit =>
      name === 'UNICAST' || !name ? is('notUnicast', true) : is(name, false);
    const literals = names.map(one);
    if (match.negate) return when(...literals.map((literal) => ({ ...literal, negate: !literal.negate })));
    return exactly(literals.map((literal): Conj => [literal]));
  },
  reversePath: lowerReversePath,
  packetType: (match) => {
    const code = { host: 0, broadcast: 1, multicast: 2, otherhost: 3 }[match.type];
    const ranges = [code, code | nestedTags].map((value) => [value, value] as const);
    return when(small('packetType', ranges, match.negate));
  },
  // Whether anything has put the datagram together before this hook depends on the whole host; a packet that is none stays none.
  fragment: (match) =>
    match.negate
      ? { may: TRUE, must: [[small('availability', [[Availability.complete, Availability.shortHeader]])]] }
      : { may: [[small('availability', [[Availability.fragment, Availability.noProtocol]])]], must: null },
  ctState: () => unknown,
  mark: (match, { marks }) => {
    const { sure, possible } = marks.test(match);
    const within = (states: readonly number[]): Dnf => {
      if (states.length === 0) return FALSE;
      return states.length === marks.count ? TRUE : [[markIn(states)]];
    };
    return sure.length === possible.length
      ? exactly(within(sure))
      : { may: within(possible), must: sure.length === 0 ? null : within(sure) };
  },
  comment: () => always,
  unknown: () => unknown,
} satisfies Lowering;

function or(a: Condition, b: Condition): Condition {
  const may: Dnf = [...a.may, ...b.may];
  if (a.may === a.must && b.may === b.must) return exactly(may);
  // One side certain is enough: the other only adds.
  return { may, must: [...(a.must ?? []), ...(b.must ?? [])] };
}

export function lowerMatch(match: Match, context: Context): Condition {
  return (lowering[match.kind] as (match: Match, context: Context) => Condition)(match, context);
}
