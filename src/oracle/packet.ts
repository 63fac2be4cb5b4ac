/** A packet as netfilter's hooks see it: after the link layer, the stack's sanity checks and the trim. */
import type { AddressFamily } from '../model/address.js';
import type { LinkField } from '../model/field.js';

export interface Packet {
  readonly family: AddressFamily;
  readonly packetType: 'host' | 'broadcast' | 'multicast';
  /** 48-bit number. */
  readonly sourceMac: number;
  /** What of the two was made up: no rule may count on it. */
  readonly hidden: ReadonlySet<LinkField>;
  /** Words in host order, most significant first (1 or 4). */
  readonly saddr: Uint32Array;
  readonly daddr: Uint32Array;
  /** Null: fragments of IPv6, AH, a header chain that is cut short, jumbograms. Tools and kernels then differ. */
  readonly protocol: number | null;
  readonly fragment: boolean;
  /** Layer-4 header and payload, trimmed to the IP length. Null where netfilter may see other bytes or none (fragments …). Made when read: most packets are decided by their addresses. */
  readonly l4: Uint8Array | null;
  readonly ttl: number;
  readonly tos: number;
  /** IP packet length in bytes, null for jumbograms. */
  readonly length: number | null;
  /** Carries an LSRR or SSRR option: the stack drops it after PREROUTING (accept_source_route 0). */
  readonly sourceRouted: boolean;
  /** VLAN tags (id 0) before it. */
  readonly tags: number;
}

export type Reception = { readonly kind: 'packet'; readonly packet: Packet } | Lost;

export interface Lost {
  readonly kind: 'lost';
  readonly why: string;
  readonly elsewhere: boolean;
  /** What chains at ingress see of it, before the stack discards it; null: not known. */
  readonly atIngress: Packet | null;
}

export const lost = (why: string, elsewhere = false, atIngress: Packet | null = null): Lost => ({
  ...{ kind: 'lost', why, elsewhere },
  atIngress,
});
