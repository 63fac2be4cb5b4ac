/**
 * Matches and statements: what a rule asks of a packet and what it does. Dialect-neutral: iptables extensions and nft
 * expressions lower to the same kinds. What is not interpreted is `unknown`, with its text.
 */
import type { Span } from '../diagnostic.js';
import type { AddressFamily, AddressRanges } from './address.js';
import type { SetId } from './set.js';

/** Inclusive [low, high] pairs. */
export type Ranges = readonly (readonly [number, number])[];

export interface AddressMatch {
  readonly kind: 'address';
  readonly field: 'saddr' | 'daddr';
  readonly ranges: AddressRanges;
  readonly negate: boolean;
}

/** The packet is IPv4 or IPv6: what `meta nfproto` asks, and what nft presumes where a table holds both families. */
export interface FamilyMatch {
  readonly kind: 'family';
  readonly family: AddressFamily;
}

/** Membership in a named set; `dimensions` says which side of the packet feeds each part of the element. */
export interface SetMatch {
  readonly kind: 'set';
  readonly set: SetId;
  readonly name: string;
  readonly dimensions: readonly ('src' | 'dst')[];
  readonly negate: boolean;
  /** Options that we do not interpret (`--return-nomatch`, `--packets-gt` …): then nothing is known of the match. */
  readonly uninterpreted: readonly string[];
}

/** `name` without the trailing `+`/`*`; a wildcard matches every device whose name starts with it. */
export interface InterfaceMatch {
  readonly kind: 'interface';
  readonly direction: 'in' | 'out';
  readonly name: string;
  readonly wildcard: boolean;
  readonly negate: boolean;
}

/** Layer-4 protocol (after IPv6 extension headers). iptables writes 0 as "all": that is no match at all. */
export interface ProtocolMatch {
  readonly kind: 'protocol';
  readonly protocols: Ranges;
  readonly negate: boolean;
}

/**
 * A 16-bit port of the protocols that carry both ports in their first four bytes. The protocol itself is a separate
 * ProtocolMatch before it. `either` is multiport's `--ports`: source or destination.
 */
export interface PortMatch {
  readonly kind: 'port';
  readonly field: 'sport' | 'dport' | 'either';
  readonly ranges: Ranges;
  readonly negate: boolean;
  /** Bytes of the layer-4 header without which legacy iptables drops the packet outright: tcp 20, udp 8, multiport 4. */
  readonly headerBytes: number;
}

/** `(flags & mask) == value`, in the bit order of the TCP header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
export interface TcpFlagsMatch {
  readonly kind: 'tcpFlags';
  readonly mask: number;
  readonly value: number;
  readonly negate: boolean;
}

/** A layer-4 header of at least `bytes` bytes must be there (`-m tcp`, `-m udp`, `-m icmp` without further options). */
export interface HeaderMatch {
  readonly kind: 'header';
  readonly protocol: number;
  readonly bytes: number;
}

/** ICMP or ICMPv6 type and code; `codes` [[0,255]] when the rule does not ask for one. The ProtocolMatch stands before it. */
export interface IcmpMatch {
  readonly kind: 'icmp';
  readonly version: 4 | 6;
  readonly types: Ranges;
  readonly codes: Ranges;
  readonly negate: boolean;
}

/** IPv4 TTL or IPv6 hop limit as it stands in the packet when the rule is evaluated. */
export interface TtlMatch {
  readonly kind: 'ttl';
  readonly ranges: Ranges;
  readonly negate: boolean;
}

/** `(tos & mask) == value` on the IPv4 TOS byte or the IPv6 traffic class; `-m dscp` is mask 0xfc. */
export interface TosMatch {
  readonly kind: 'tos';
  readonly mask: number;
  readonly value: number;
  readonly negate: boolean;
}

/** Length of the IP packet in bytes, IP header included. */
export interface LengthMatch {
  readonly kind: 'length';
  readonly ranges: Ranges;
  readonly negate: boolean;
}

/** Ethernet source address, a 48-bit number. */
export interface MacMatch {
  readonly kind: 'mac';
  readonly addresses: Float64Array;
  readonly negate: boolean;
}

export type RouteType =
  'UNSPEC' | 'UNICAST' | 'LOCAL' | 'BROADCAST' | 'ANYCAST' | 'MULTICAST' | 'BLACKHOLE' | 'UNREACHABLE' | 'PROHIBIT';

/** Type of an address in the host's local routing table (`-m addrtype`). */
export interface AddressTypeMatch {
  readonly kind: 'addressType';
  readonly field: 'saddr' | 'daddr';
  readonly types: readonly RouteType[];
  readonly negate: boolean;
  /** `--limit-iface-in/out`: the lookup is bound to a device. */
  readonly limitInterface: 'in' | 'out' | null;
}

/**
 * The source of the packet is routed back (`-m rpfilter`, nft `fib saddr … oif`); negated: it is not. A mark that takes part in the lookup
 * (`--validmark`, `fib … mark`) is not told: without routing rules it decides nothing, and with rules nothing is claimed.
 */
export interface ReversePathMatch {
  readonly kind: 'reversePath';
  /** rpfilter takes unicast routes only; fib also those of broadcast addresses. */
  readonly by: 'rpfilter' | 'fib';
  /** The route must lead out of the device that the packet came from; else any will do. */
  readonly sameDevice: boolean;
  /** `--accept-local`: a source that is the host's own counts as routed. */
  readonly acceptLocal: boolean;
  readonly negate: boolean;
}

/** How the frame was addressed. */
export interface PacketTypeMatch {
  readonly kind: 'packetType';
  readonly type: 'host' | 'broadcast' | 'multicast' | 'otherhost';
  readonly negate: boolean;
}

/** iptables `-f`: second and further fragments, as long as nothing has put the datagram together before. */
export interface FragmentMatch {
  readonly kind: 'fragment';
  readonly negate: boolean;
}

export type CtState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED' | 'SNAT' | 'DNAT';

export interface CtStateMatch {
  readonly kind: 'ctState';
  readonly states: readonly CtState[];
  readonly negate: boolean;
}

/** `mark & mask` lies in one of the ranges: the mark that rules gave the packet (`-m mark`, `meta mark`). 32 bits, unsigned. */
export interface MarkMatch {
  readonly kind: 'mark';
  readonly mask: number;
  readonly ranges: Ranges;
  readonly negate: boolean;
}

/** Matches every packet: `-m comment`. Kept so that a rule prints back whole. */
export interface CommentMatch {
  readonly kind: 'comment';
  readonly text: string;
}

/**
 * Not decidable from the packet.
 * `pure`: evaluating it changes nothing (owner, time, string …).
 * `stateful`: evaluating it changes what later packets meet (limit, recent, hashlimit, connlimit, quota, statistic nth …), so every
 *   packet that would have met it must still meet it.
 * `opaque`: not understood at all; treated as stateful.
 */
export interface UnknownMatch {
  readonly kind: 'unknown';
  readonly name: string;
  readonly text: string;
  readonly knowledge: 'pure' | 'stateful' | 'opaque';
}

export type Match =
  | AddressMatch
  | FamilyMatch
  | SetMatch
  | InterfaceMatch
  | ProtocolMatch
  | PortMatch
  | TcpFlagsMatch
  | HeaderMatch
  | IcmpMatch
  | TtlMatch
  | TosMatch
  | LengthMatch
  | MacMatch
  | AddressTypeMatch
  | ReversePathMatch
  | PacketTypeMatch
  | FragmentMatch
  | CtStateMatch
  | MarkMatch
  | CommentMatch
  | UnknownMatch;

/** A verdict ends the walk (or moves it); the other statements let it go on. */
export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string };

export type Statement =
  | Verdict
  /** Answers the sender, so never silent. Terminal. */
  | { readonly kind: 'reject'; readonly text: string }
  /** DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP. Terminal in iptables. */
  | { readonly kind: 'nat'; readonly name: string; readonly text: string; readonly changes: 'source' | 'destination' }
  /** The packet's mark becomes `(mark & keep) ^ flip` (32 bits, unsigned). Not terminal. */
  | { readonly kind: 'setMark'; readonly keep: number; readonly flip: number; readonly text: string }
  /**
   * Sets the packet's mark to something unknown, sets its class or priority, or untracks it: seen by nobody when the packet is dropped
   * later. Not terminal.
   */
  | {
      readonly kind: 'annotate';
      readonly name: 'mark' | 'priority' | 'notrack' | 'zone' | 'helper';
      readonly text: string;
    }
  /** Rewrites bytes of the packet (TTL, DSCP, TCPMSS, checksum …). Not terminal. */
  | {
      readonly kind: 'mangle';
      readonly name: string;
      readonly changes: 'ttl' | 'tos' | 'length' | 'other';
      readonly text: string;
    }
  /** LOG, NFLOG, TRACE, TEE, SET, CONNMARK, AUDIT …: somebody outside the packet learns of it. Not terminal. */
  | { readonly kind: 'observe'; readonly name: string; readonly text: string }
  /** NFQUEUE, TPROXY, SYNPROXY: hands the packet over. Terminal or not, depending on state. */
  | { readonly kind: 'handover'; readonly name: string; readonly text: string }
  /** Not understood: may accept, drop, alter, observe. */
  | { readonly kind: 'opaque'; readonly name: string; readonly text: string };

/** One part of a rule in evaluation order: an nft rule may act between two matches. */
export type Part =
  { readonly match: Match; readonly span: Span } | { readonly statement: Statement; readonly span: Span };
