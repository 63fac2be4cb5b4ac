/** Every match kind against a packet: what the kernel's extension or expression answers, or `Maybe`. */
import type { Match, Ranges } from '../model/match.js';
import { inFewRanges } from './address-index.js';
import { known, Maybe, MaybeHotDrop, negateIf, No, Yes, type Answer } from './answer.js';
import { matchHeader, matchIcmp, matchPort, matchTcpFlags } from './match-transport.js';
import { matchMark } from './mark-state.js';
import { matchSet } from './match-set.js';
import { matchRoute } from './reverse-path.js';
import { changed, Changed, DestinationChanged, type View } from './view.js';

type Matcher<K extends Match['kind']> = (match: Extract<Match, { kind: K }>, view: View, state: number) => Answer;

const inRanges = (ranges: Ranges, value: number): boolean =>
  ranges.some(([low, high]) => value >= low && value <= high);

const FEW = 8;

const matchAddress: Matcher<'address'> = (match, view, state) => {
  // A family mismatch breaks an nft rule, negated or not; iptables has no such rules.
  if (match.ranges.family !== view.packet.family) return No;
  if (changed(state, Changed[match.field])) return Maybe;
  const address = view.packet[match.field];
  const inside =
    match.ranges.count <= FEW ? known(inFewRanges(match.ranges, address)) : view.longList(match.ranges)(address, null);
  return negateIf(match.negate, inside);
};

const matchFamily: Matcher<'family'> = (match, { packet }) => known(match.family === packet.family);

const matchInterface: Matcher<'interface'> = (match, view) => {
  const everything = match.wildcard && match.name === '';
  if (everything) return known(!match.negate);
  const inKnown = view.hook !== 'postrouting' && view.hook !== 'output';
  const outAbsent = view.hook === 'prerouting' || view.hook === 'input' || view.hook === 'ingress';
  if (match.direction === 'in' ? !inKnown : !outAbsent) return Maybe;
  // Without an outgoing device its name is empty; nft before 5.x broke the rule there, so its negation is not sure.
  const name = match.direction === 'in' ? view.device : '';
  if (name === '' && match.negate && view.dialect === 'nft') return Maybe;
  return negateIf(match.negate, known(match.wildcard ? name.startsWith(match.name) : name === match.name));
};

const matchProtocol: Matcher<'protocol'> = (match, { packet, dialect }, state) => {
  if (changed(state, 0)) return Maybe;
  // ip6_packet_match drops outright when the header chain is cut short.
  if (packet.protocol === null) return dialect === 'iptables' ? MaybeHotDrop : Maybe;
  return negateIf(match.negate, known(inRanges(match.protocols, packet.protocol)));
};

const matchTtl: Matcher<'ttl'> = (match, { packet, hook }, state) => {
  if (changed(state, Changed.ttl) || packet.fragment) return Maybe;
  const forwarded = hook === 'forward' || hook === 'postrouting';
  return negateIf(match.negate, known(inRanges(match.ranges, packet.ttl - (forwarded ? 1 : 0))));
};

const matchTos: Matcher<'tos'> = (match, { packet }, state) => {
  if (changed(state, Changed.tos) || packet.fragment) return Maybe;
  return negateIf(match.negate, known((packet.tos & match.mask) === match.value));
};

/** Protocols whose packets GRO may merge: IPIP, TCP with payload, UDP, IPv6 in IP, GRE, ESP. */
function mayMerge(protocol: number | null, l4: Uint8Array | null): boolean {
  if (protocol === null || l4 === null) return true;
  if (protocol === 6) return l4.length > ((l4[12] ?? 0) >> 4) * 4;
  return [4, 17, 41, 47, 50].includes(protocol);
}

const matchLength: Matcher<'length'> = (match, { packet }, state) => {
  if (changed(state, Changed.length) || packet.length === null) return Maybe;
  if (packet.fragment || mayMerge(packet.protocol, packet.l4)) return Maybe;
  return negateIf(match.negate, known(inRanges(match.ranges, packet.length)));
};

const matchMac: Matcher<'mac'> = (match, { packet, hook }) => {
  if (packet.fragment || hook === 'postrouting' || hook === 'output' || packet.hidden.has('smac')) return Maybe;
  return negateIf(match.negate, known(match.addresses.includes(packet.sourceMac)));
};

const matchAddressType: Matcher<'addressType'> = (match, { packet, routing }, state) => {
  if (match.limitInterface !== null || changed(state, Changed[match.field])) return Maybe;
  const type = routing.typeOf(packet[match.field]);
  if (type === null) return Maybe;
  if (packet.family === 4) return negateIf(match.negate, known(match.types.some((one) => one === type)));
  // IPv6 asks the routing table and combines several types with "and": only multicast is decided by the address.
  const only = match.types.length === 1 && match.types[0] === 'MULTICAST';
  return only ? negateIf(match.negate, known(type === 'MULTICAST')) : Maybe;
};

const matchReversePath: Matcher<'reversePath'> = (match, { packet, routing, device }, state) =>
  changed(state, Changed.saddr) ? Maybe : matchRoute(match, packet.saddr, device, routing.routeBack);

const matchPacketType: Matcher<'packetType'> = (match, { packet }) =>
  packet.fragment || packet.hidden.has('packetType')
    ? Maybe
    : negateIf(match.negate, known(packet.packetType === match.type));

/** `-f`: only a later fragment that nobody has put together matches. IPv6 has no such match. */
const matchFragment: Matcher<'fragment'> = (match, { packet }) =>
  packet.fragment ? Maybe : negateIf(match.negate, No);

/**
 * A state is known where the connection is taken for granted, and as far as all states that it leaves open agree. The first packet of a
 * connection is translated by the rules on its way, or not at all.
 */
const matchCtState: Matcher<'ctState'> = ({ states, negate }, { ctStates, afterConntrack }, state) => {
  if (ctStates === null || !afterConntrack || states.includes('SNAT')) return Maybe;
  if (states.includes('DNAT')) {
    const later = ctStates.some((one) => one === 'ESTABLISHED' || one === 'RELATED');
    if (later || changed(state, DestinationChanged)) return Maybe;
  }
  const among = ctStates.filter((one) => states.includes(one)).length;
  if (among !== 0 && among !== ctStates.length) return Maybe;
  return negateIf(negate, known(among > 0));
};

const matchers = {
  address: matchAddress,
  family: matchFamily,
  set: matchSet,
  interface: matchInterface,
  protocol: matchProtocol,
  port: matchPort,
  tcpFlags: matchTcpFlags,
  header: matchHeader,
  icmp: matchIcmp,
  ttl: matchTtl,
  tos: matchTos,
  length: matchLength,
  mac: matchMac,
  addressType: matchAddressType,
  reversePath: matchReversePath,
  packetType: matchPacketType,
  fragment: matchFragment,
  ctState: matchCtState,
  mark: (match, _, state) => matchMark(match, state),
  comment: () => Yes,
  unknown: () => Maybe,
} satisfies { [K in Match['kind']]: Matcher<K> };

/** What asks for the frame, or for nothing. */
const ofFrame = new Set<Match['kind']>(['packetType', 'mac', 'interface', 'comment']);

export function matchPacket(match: Match, view: View, state: number): Answer {
  // A tag in a tag is still there at ingress: the frame is no IP packet yet, and of VLANs we know nothing.
  if (view.hook === 'ingress' && view.packet.tags > 1 && !ofFrame.has(match.kind)) return Maybe;
  // The table is complete by `satisfies`; TypeScript cannot see that key and argument belong together.
  const matcher = matchers[match.kind] as (match: Match, view: View, state: number) => Answer;
  return matcher(match, view, state);
}
