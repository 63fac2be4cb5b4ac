/** Named sets (ipset, nft) as columns: one typed array per part of the element. */
import type { Span } from '../diagnostic.js';
import type { AddressRanges } from './address.js';

/** `ipset:<name>` or `nft:<family> <table> <name>`. */
export type SetId = string & { readonly __brand: 'SetId' };

/** Per-element columns that every kind of set may have; `null` when no element uses the column. */
export interface ElementColumns {
  /** 1 where the element is an exception (`nomatch`). */
  readonly nomatch: Uint8Array | null;
  /** Whole seconds the element had left when the dump was made, at least; 1 also where it was less; 0: it never expires. */
  readonly timeout: Uint32Array | null;
}

interface SetBase {
  readonly id: SetId;
  readonly name: string;
  /** As the dialect writes it: `hash:net`, `ipv4_addr`. */
  readonly type: string;
  readonly span: Span;
  /** Elements carry their own packet counters, so ours must too. */
  readonly counters: boolean;
  /** The set has a default timeout: elements added later expire. */
  readonly defaultTimeout: number | null;
  readonly elements: number;
  /** Second since the epoch at which the elements had their `timeout` left, or more; absent where nobody knows how old the dump is. */
  readonly asOf?: number;
  /** Its elements stand in the matches of some rules, not only by its name. */
  readonly inRules?: true;
}

/** hash:ip, hash:net, bitmap:ip, nft ipv4_addr/ipv6_addr. With `nomatch`, the most specific prefix decides. */
export interface AddressSet extends SetBase, ElementColumns {
  readonly kind: 'addresses';
  readonly ranges: AddressRanges;
}

/** Parallel columns of address, protocol, port (for ICMP the "port" is type << 8 | code). */
export interface AddressPortColumns {
  readonly ranges: AddressRanges;
  readonly protocol: Uint8Array;
  readonly portLo: Uint16Array;
  readonly portHi: Uint16Array;
}

/** hash:ip,port and hash:net,port. */
export interface AddressPortSet extends SetBase, ElementColumns, AddressPortColumns {
  readonly kind: 'addressPorts';
}

/** bitmap:port: TCP and UDP ports. */
export interface PortSet extends SetBase, ElementColumns {
  readonly kind: 'ports';
  readonly portLo: Uint16Array;
  readonly portHi: Uint16Array;
}

/** list:set: matches where one of its members matches, in order. */
export interface ListSet extends SetBase, ElementColumns {
  readonly kind: 'list';
  readonly members: readonly SetId[];
}

/** A type that we do not interpret (yet); `why` goes into the reason. */
export interface OpaqueSet extends SetBase {
  readonly kind: 'opaque';
  readonly why: string;
}

export type NamedSet = AddressSet | AddressPortSet | PortSet | ListSet | OpaqueSet;
