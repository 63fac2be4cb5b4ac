/**
 * The prefilter as a decision list: what the analysis proved, in the order netfilter would have decided it. One list per
 * address family. First step that matches wins; no step matches: pass.
 *
 * Unknown bytes. A packet may lack a field (fragments, cut headers; see `Availability`). A literal over a field that the packet
 * lacks is false in a `drop` or `skip` step and true in a `pass` step, negated or not: drops need proof, guards err to true.
 */
import type { AddressFamily, AddressRanges } from '../model/address.js';
import type { Ranges } from '../model/match.js';

/** Fields of at most 16 bits. Encodings:
 * `protocol` 0..255 (IPv6: after extension headers) · `sport`, `dport` host order · `tcpFlags` flags byte | 0x100 when the segment has
 * payload (GRO may merge FIN and PSH of such segments) · `icmp` type << 8 | code · `ttl` · `tos` whole byte · `length` IP packet
 * length, capped to 65535 · `packetType` 0 host, 1 broadcast, 2 multicast · `device` position in `Plan.devices` · `availability`.
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
  | 'device'
  | 'availability';

export type Field = SmallField | 'saddr' | 'daddr' | 'smac' | 'tuple';

/** Values of the field `availability`, most known first. */
export const Availability = {
  /** The whole layer-4 header is there (tcp 20, udp and udplite 8, icmp and icmpv6 8, sctp and dccp 12 bytes; others 0). */
  complete: 0,
  /** Not a fragment, but the layer-4 header is cut short: sport, dport, tcpFlags, icmp and tuples are lacking. */
  shortHeader: 1,
  /** A fragment (IPv4 MF or offset): also ttl, tos and length are lacking, for netfilter may see the datagram put together. */
  fragment: 2,
  /** IPv6 fragments, AH, or more extension headers than we walk: also protocol is lacking. */
  noProtocol: 3,
} as const;

/** Below this availability value (inclusive) the field is there. saddr, daddr, smac, packetType, device, availability always are. */
export const availableUpTo: Readonly<Record<Field, number>> = {
  saddr: 3,
  daddr: 3,
  smac: 3,
  packetType: 3,
  device: 3,
  availability: 3,
  protocol: 2,
  ttl: 1,
  tos: 1,
  length: 1,
  sport: 0,
  dport: 0,
  tcpFlags: 0,
  icmp: 0,
  tuple: 0,
};

/**
 * A named set of values of one field. `counters`, where present, is parallel to the entries and gives the counter of each; of
 * overlapping entries the first one counts. Entries may overlap and are in no order.
 */
export type Atom =
  | {
      readonly kind: 'values';
      readonly field: SmallField;
      readonly ranges: Ranges;
      readonly counters: Uint32Array | null;
    }
  | {
      readonly kind: 'addresses';
      readonly field: 'saddr' | 'daddr';
      readonly ranges: AddressRanges;
      readonly counters: Uint32Array | null;
    }
  | {
      readonly kind: 'macs';
      readonly field: 'smac';
      readonly addresses: readonly number[];
      readonly counters: Uint32Array | null;
    }
  | {
      /** address × protocol × port, as hash:ip,port; the address comes from `addressField`, the port from `portField` (ICMP: type << 8 | code). */
      readonly kind: 'tuples';
      readonly field: 'tuple';
      readonly addressField: 'saddr' | 'daddr';
      readonly portField: 'sport' | 'dport';
      readonly ranges: AddressRanges;
      readonly protocol: Uint8Array;
      readonly portLo: Uint16Array;
      readonly portHi: Uint16Array;
      readonly counters: Uint32Array | null;
    };

/** `atom` indexes `StepProgram.atoms`. */
export interface Literal {
  readonly atom: number;
  readonly negate: boolean;
}

export type Outcome =
  /** `counter` counts the drop, unless the atom of `counted` (an index into `when`, not negated) has a counter for the entry that matched. */
  | { readonly kind: 'drop'; readonly counter: number; readonly counted: number | null }
  | { readonly kind: 'pass' }
  /** Go on at step `to`, which is later than this one; `to == steps.length` is the end: pass. */
  | { readonly kind: 'skip'; readonly to: number };

/** A conjunction of literals; a step without literals matches every packet. */
export interface Step {
  readonly when: readonly Literal[];
  readonly outcome: Outcome;
}

export interface StepProgram {
  readonly family: AddressFamily;
  readonly atoms: readonly Atom[];
  readonly steps: readonly Step[];
}

/** What is compiled: both families, and how many counters there are (counter ids are shared by the families). */
export interface Prefilter {
  /** A family without steps passes everything. */
  readonly ip: StepProgram;
  readonly ip6: StepProgram;
  readonly counters: number;
}
