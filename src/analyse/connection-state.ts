/**
 * Connection states, given that conntrack does not know the packet. XDP asks conntrack before it drops, so the analysis may take "no
 * entry" for granted once it has put down that the question must be asked (outcome `ask`). Then ESTABLISHED cannot be, and
 * RELATED neither: ICMP errors are never dropped on that ground, and with helpers or zones nothing is asked at all. Nor can UNTRACKED, unless
 * rules say so: neighbour discovery is, but only TCP and UDP can be asked about.
 *
 * NEW or INVALID shows in the packet where no connection can begin with it: nf_conntrack_proto_tcp.c (Linux 6.18), tcp_error() and the row
 * "no state yet" of its table. A SYN is NEW unless its header or checksum is wrong, and so are UDP and, while
 * `nf_conntrack_tcp_loose` is on, an ACK: neither can be told.
 */
import { effectsOf } from '../model/effects.js';
import type { CtState, CtStateMatch } from '../model/match.js';
import type { Ruleset, Table } from '../model/ruleset.js';
import type { Condition, Conj, Dnf } from './logic.js';
import { exactly, FALSE, small, TRUE } from './logic.js';
import { rangesWhere } from '../model/small-ranges.js';
import type { Walk } from './walk.js';

export interface StateCondition {
  readonly condition: Condition;
  /** Packets of which the condition says more than nothing, for conntrack does not know them: it has to be asked about these. */
  readonly asks: Dnf;
  /** States that match, of those that are possible without an entry. */
  readonly states: readonly CtState[];
}

const flag = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const;
const kind = flag.FIN | flag.SYN | flag.RST | flag.ACK;

/** URG, PSH, ECE and CWR do not matter with these. */
const mayBegin = (flags: number): boolean => (flags & kind) === flag.SYN || (flags & kind) === flag.ACK;

const tcp = small('protocol', [[6, 6]]);
/**
 * Merging by GRO changes nothing here: it adds FIN to an ACK, which may be either, and to nothing else that may begin a connection
 * (tcp_gro_receive).
 */
const beginsNothing: Conj = [
  tcp,
  small(
    'tcpFlags',
    rangesWhere(0x1ff, (value) => !mayBegin(value)),
  ),
];
const mayBeNew: Dnf = [
  [small('protocol', [[6, 6]], true)],
  [
    tcp,
    small(
      'tcpFlags',
      rangesWhere(0x1ff, (value) => mayBegin(value)),
    ),
  ],
];

/**
 * @param possible States of a packet without an entry; null where XDP cannot ask.
 * @returns Null where nothing is known of the state.
 */
export function lowerState(
  match: CtStateMatch,
  possible: readonly CtState[] | null,
  { eliminations }: Walk,
): StateCondition | null {
  // DNAT: none of these packets, for rules that translate destinations let their packets pass (flatten.ts), and no connection has.
  if (!possible || match.states.includes('SNAT')) return null;
  const holds = possible.filter((state) => match.states.includes(state) !== match.negate);
  if (holds.length === possible.length) return { condition: exactly(TRUE), asks: TRUE, states: holds };
  if (holds.length === 0) return { condition: exactly(FALSE), asks: TRUE, states: holds };
  const untracked = possible.includes('UNTRACKED') && !holds.includes('UNTRACKED');
  const left = eliminations.filter(({ states }) =>
    possible.every((state) => states.includes(state) || holds.includes(state)),
  );
  const must = [
    ...(holds.includes('INVALID') && !untracked ? [beginsNothing] : []),
    ...left.map(({ when }) => when),
  ].slice(0, maxAlternatives);
  const onlyNew = holds.length === 1 && holds[0] === 'NEW';
  const asks = onlyNew ? [beginsNothing, ...must] : must;
  return { condition: { may: onlyNew ? mayBeNew : TRUE, must: must.length > 0 ? must : null }, asks, states: holds };
}

/** More than these and the rest is left to netfilter. */
const maxAlternatives = 8;

/** States of a packet without an entry. */
export function untrackedStates(tables: readonly Table[]): readonly CtState[] {
  return hasAnnotation(tables, ['notrack']) ? ['NEW', 'INVALID', 'UNTRACKED'] : ['NEW', 'INVALID'];
}

/** Helpers make packets RELATED that have no entry of their own; a zone hides entries from the question. */
export const hidesConnections = (ruleset: Ruleset): boolean => hasAnnotation(ruleset.tables, ['zone', 'helper']);

/** nft `flow add`: once offloaded, packets of a flow go from the device straight out, past every chain (nf_flow_table, Linux 6.18). */
export const bypassesChains = (tables: readonly Table[]): boolean =>
  tables.some((table) =>
    effectsOf(table).some(
      (effect) => (effect.kind === 'observe' || effect.kind === 'opaque') && /^flow\b|^FLOWOFFLOAD/.test(effect.name),
    ),
  );

function hasAnnotation(tables: readonly Table[], names: readonly string[]): boolean {
  return tables.some((table) =>
    effectsOf(table).some((effect) => effect.kind === 'annotate' && names.includes(effect.name)),
  );
}
