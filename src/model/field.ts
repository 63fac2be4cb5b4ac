/** The fields of a packet that XDP can look up, and when a packet lacks one. */

/** Fields of at most 16 bits. Encodings:
 * `protocol` 0..255 (IPv6: after extension headers) · `sport`, `dport` host order, 0 where the protocol has none · `tcpFlags` flags byte | 0x100 when the
 * segment has payload (GRO may merge FIN and PSH of such segments) · `icmp` type << 8 | code, 0 but for ICMP of either version · `ttl` · `tos` whole byte · `length` IP packet
 * length, capped to 65535 · `mark` number of a mark state (StepProgram) · `reversePath` see `ReversePath` · `packetType` 0 host, 1 broadcast, 2 multicast, 4 to 6
 * the same with a VLAN tag in a VLAN tag · `device` position in `Plan.devices` · `availability`.
 * A step over sport, dport, tcpFlags or icmp always has a protocol literal that fixes protocols which carry the field. */
export type SmallField =
  | 'protocol'
  | 'sport'
  | 'dport'
  | 'tcpFlags'
  | 'icmp'
  | 'ttl'
  | 'tos'
  | 'length'
  | 'packetType'
  | 'mark'
  | 'reversePath'
  | 'device'
  | 'availability';

/** Added to `packetType` when there is a VLAN tag in a VLAN tag, both of id 0. */
export const nestedTags = 4;

/** Fields of the link-layer header: what a capture does not tell that has been made without one. */
export type LinkField = 'smac' | 'packetType';

export type Field = SmallField | 'saddr' | 'daddr' | 'smac' | 'tuple';

/** Values of the field `availability`, most known first. */
export const Availability = {
  /** The whole layer-4 header is there (tcp 20, udp and udplite 8, icmp and icmpv6 8, sctp and dccp 12 bytes; others 0). */
  complete: 0,
  /** Not a fragment, but the layer-4 header is cut short: sport, dport, tcpFlags, icmp and tuples of them are lacking. */
  shortHeader: 1,
  /** A fragment (IPv4 MF or offset): also ttl, tos, length, smac and packetType are lacking, for netfilter may see the datagram put
   * together, with those of its first fragment. */
  fragment: 2,
  /** IPv6 fragments, AH, or more extension headers than we walk: also protocol is lacking. */
  noProtocol: 3,
} as const;

/** Values of the field `reversePath`: how the source of the packet is routed, once a step has had it looked up. */
export const ReversePath = {
  /** Not looked up, or the kernel does not say. */
  unknown: 0,
  /** By a route of type blackhole, unreachable or prohibit. */
  refused: 1,
  /** By no route, or by one that is not unicast: local, broadcast, anycast. */
  unforwarded: 2,
  otherDevice: 3,
  /** Out of the device that the packet came from. */
  sameDevice: 4,
} as const;

/** Below this availability value (inclusive) the field is there. saddr, daddr, device, mark, reversePath, availability always are. */
export const availableUpTo: Readonly<Record<Exclude<Field, 'tuple'>, number>> = {
  saddr: 3,
  daddr: 3,
  device: 3,
  mark: 3,
  reversePath: 3,
  availability: 3,
  protocol: 2,
  smac: 1,
  packetType: 1,
  ttl: 1,
  tos: 1,
  length: 1,
  sport: 0,
  dport: 0,
  tcpFlags: 0,
  icmp: 0,
};

/** The same for a set of values: a tuple is there as long as the packet has what it asks for. */
export const knownUpTo = (
  set: { readonly field: Exclude<Field, 'tuple'> } | { readonly field: 'tuple'; readonly availableUpTo: number },
): number => (set.field === 'tuple' ? set.availableUpTo : availableUpTo[set.field]);
