/** Named sets (ipset, nft) as columns: one typed array per part of the element. */
import type { Span } from '../diagnostic.js';
import type { AddressRanges } from './address.js';
import type { SmallTupleField } from './tuples.js';

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
  /** nft, `flags interval`: the kernel keeps ranges, as marks where they begin and end. */
  readonly intervals?: true;
}

/** hash:ip, hash:net, bitmap:ip, nft ipv4_addr/ipv6_addr. With `nomatch`, the most specific prefix decides. */
export interface AddressSet extends SetBase, ElementColumns {
  readonly kind: 'addresses';
  readonly ranges: AddressRanges;
}

/** One part of every element of a set of several parts, as columns. Which side of a packet it is about is said by the match. */
export type SetPart =
  /** `network`: of overlapping ones the most specific decides; else the kernel stores single addresses. */
  | { readonly kind: 'address'; readonly ranges: AddressRanges; readonly network: boolean }
  /** Inclusive ranges; of ICMP type << 8 | code, 0 of protocols without ports. */
  | {
      readonly kind: 'port';
      readonly protocol: Uint8Array;
      readonly portLo: Uint16Array;
      readonly portHi: Uint16Array;
    }
  /** 48-bit numbers. */
  | { readonly kind: 'mac'; readonly addresses: Float64Array }
  /** A wildcard stands for every device whose name begins so. */
  | { readonly kind: 'interface'; readonly names: readonly string[]; readonly wildcard: Uint8Array }
  /** A field of nft, whose side the match does not choose; ranges are inclusive. */
  | {
      readonly kind: 'number';
      readonly field: SmallTupleField;
      readonly lo: Uint16Array;
      readonly hi: Uint16Array;
    };

/** hash:ip,port, hash:net,iface, hash:net,port,net …, hash:mac; nft concatenations. */
export interface TupleSet extends SetBase, ElementColumns {
  readonly kind: 'tuples';
  /** Of columns; `elements` counts what a dump holds, and a concatenation may stand for a set that is counted elsewhere. */
  readonly count: number;
  readonly parts: readonly SetPart[];
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

/** What we do not interpret; `why` goes into the reason. */
export interface OpaqueSet extends SetBase {
  readonly kind: 'opaque';
  readonly why: string;
  /** A packet that is looked up may change it. */
  readonly learns?: true;
}

export type NamedSet = AddressSet | TupleSet | PortSet | ListSet | OpaqueSet;
