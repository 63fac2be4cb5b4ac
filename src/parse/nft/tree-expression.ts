/** Expressions of nft's syntax tree, in nft's own words. Nothing is resolved: names of services, variables and set references stay. */
import type { Span } from '../../diagnostic.js';

interface Node {
  readonly span: Span;
}

/** How a constant was written. `word`: a bare name (`ssh`, `established`, `eth0`) · `wildcard`: `eth*` · `time`: `1h30m`. */
export type ValueForm = 'number' | 'word' | 'quoted' | 'address' | 'time' | 'wildcard';

/** A constant: `text` as written, without quotes or the brackets of an IPv6 address. */
export interface ValueExpression extends Node {
  readonly kind: 'value';
  readonly form: ValueForm;
  readonly text: string;
}

/** `$name` */
export interface VariableExpression extends Node {
  readonly kind: 'variable';
  readonly name: string;
}

/** `tcp dport`, `ip saddr`, `arp saddr ip` (field `saddr ip`), `th dport`, `vxlan ip saddr` (protocol `vxlan ip`). */
export interface PayloadExpression extends Node {
  readonly kind: 'payload';
  readonly protocol: string;
  readonly field: string;
}

/** `@th,160,112`: offset and length in bits from the start of the header. */
export interface RawExpression extends Node {
  readonly kind: 'raw';
  readonly base: 'll' | 'nh' | 'th' | 'ih';
  readonly offset: number;
  readonly length: number;
}

/** IPv6 extension header field (`frag more-fragments`), or its presence (`exthdr frag`: field null). */
export interface ExtensionHeaderExpression extends Node {
  readonly kind: 'exthdr';
  readonly header: string;
  readonly field: string | null;
}

/** TCP, IP, SCTP chunk or DCCP option: `tcp option maxseg size`; field null asks for presence; raw is `@kind,offset,length`. */
export interface OptionExpression extends Node {
  readonly kind: 'option';
  readonly protocol: 'tcp' | 'ip' | 'sctp' | 'dccp';
  readonly option: string;
  readonly field: string | null;
  readonly raw: { readonly offset: number; readonly length: number } | null;
}

/** `meta mark`, `iifname`: written with or without `meta`. */
export interface MetaExpression extends Node {
  readonly kind: 'meta';
  readonly key: string;
}

/** `ct state`, `ct original ip saddr` (key `ip saddr`). */
export interface CtExpression extends Node {
  readonly kind: 'ct';
  readonly key: string;
  readonly direction: 'original' | 'reply' | null;
}

/** `fib saddr . iif oif`: flags saddr, iif; result oif. `check` is newer nft's boolean form. */
export interface FibExpression extends Node {
  readonly kind: 'fib';
  readonly flags: readonly string[];
  readonly result: string;
}

/** `rt mtu`, `rt ip nexthop` */
export interface RouteExpression extends Node {
  readonly kind: 'rt';
  readonly key: string;
  readonly family: 'ip' | 'ip6' | null;
}

/** `socket transparent`, `socket cgroupv2 level 2` */
export interface SocketExpression extends Node {
  readonly kind: 'socket';
  readonly key: string;
  readonly level: number | null;
}

/** `osf ttl loose name` */
export interface OsfExpression extends Node {
  readonly kind: 'osf';
  readonly key: 'name' | 'version';
  readonly ttl: string | null;
}

/** `ipsec in spnum 1 ip saddr` */
export interface IpsecExpression extends Node {
  readonly kind: 'ipsec';
  readonly direction: 'in' | 'out';
  readonly number: number;
  readonly family: 'ip' | 'ip6' | null;
  readonly key: string;
}

/** `tunnel id`, `tunnel path` */
export interface TunnelExpression extends Node {
  readonly kind: 'tunnel';
  readonly key: string;
}

/** `numgen inc mod 2 offset 100` */
export interface NumgenExpression extends Node {
  readonly kind: 'numgen';
  readonly mode: 'inc' | 'random';
  readonly modulus: number;
  readonly offset: number;
}

/** `jhash ip saddr mod 2 seed 0xdeadbeef offset 100`, `symhash mod 2` (expression null). */
export interface HashExpression extends Node {
  readonly kind: 'hash';
  readonly expression: Expression | null;
  readonly modulus: number;
  readonly seed: number | null;
  readonly offset: number;
}

/** `a . b` */
export interface ConcatExpression extends Node {
  readonly kind: 'concat';
  readonly parts: readonly Expression[];
}

/** `a, b` without braces: flags that may be set together (`ct state new,related`). */
export interface ListExpression extends Node {
  readonly kind: 'list';
  readonly parts: readonly Expression[];
}

/** `10.0.0.0/8` */
export interface PrefixExpression extends Node {
  readonly kind: 'prefix';
  readonly address: Expression;
  readonly length: number;
}

/** `a-b`, both inclusive */
export interface RangeExpression extends Node {
  readonly kind: 'range';
  readonly low: Expression;
  readonly high: Expression;
}

/** `&`, `|`, `^`, `<<`, `>>`; words (`and`, `or`, `xor` …) are read as the same operators. */
export interface BinaryExpression extends Node {
  readonly kind: 'binary';
  readonly operator: '&' | '|' | '^' | '<<' | '>>';
  readonly left: Expression;
  readonly right: Expression;
}

/** `@name` */
export interface SetReference extends Node {
  readonly kind: 'setReference';
  readonly name: string;
}

/**
 * `{ … }`. Exactly one of `elements` and `columns` is filled: columns when every element is a plain IPv4 address, a plain IPv6
 * address or a plain number below 2^32 (each alone, as prefix or as range; with nothing but timeout and expires behind it).
 */
export interface SetExpression extends Node {
  readonly kind: 'set';
  readonly elements: readonly Element[];
  readonly columns: ElementColumns | null;
}

/** Elements as columns, in the order of the text. */
export interface ElementColumns {
  readonly type: 'ipv4' | 'ipv6' | 'number';
  readonly count: number;
  /** Inclusive bounds; words per element: ipv6 4 (most significant first), else 1; host order. `lo` as written, even if below a prefix. */
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  /** 255: one value · 254: a range · else the length of the prefix. */
  readonly form: Uint8Array;
  /** Milliseconds, NaN where the element has none; null when no element has one. */
  readonly timeout: Float64Array | null;
  readonly expires: Float64Array | null;
}

/** One element of a set, map, verdict map, or of `add @set { … }`. */
export interface Element extends Node {
  /** `*` is `catchAll`. */
  readonly key: Expression | CatchAll;
  /** After the colon: value, verdict or object name. */
  readonly data: Expression | Verdict | null;
  /** Milliseconds. */
  readonly timeout: number | null;
  readonly expires: number | null;
  readonly comment: string | null;
  /** counter, limit, quota, ct count, last … written between key and colon. */
  readonly statements: readonly import('./tree-statement.js').Statement[];
}

export interface CatchAll extends Node {
  readonly kind: 'catchAll';
}

/** `key map { … }` or `key map @name` */
export interface MapExpression extends Node {
  readonly kind: 'map';
  readonly key: Expression;
  readonly data: SetExpression | SetReference | VariableExpression;
}

/** Text that the grammar does not know, verbatim. */
export interface OpaqueExpression extends Node {
  readonly kind: 'opaque';
  readonly text: string;
}

/** accept, drop, continue, return, jump CHAIN, goto CHAIN. `chain` may be `$variable`; a `block` is a chain without a name. */
export type Verdict =
  | (Node & { readonly kind: 'verdict'; readonly verdict: 'accept' | 'drop' | 'continue' | 'return' })
  | (Node & {
      readonly kind: 'verdict';
      readonly verdict: 'jump' | 'goto';
      readonly chain: string | VariableExpression;
    });

export type Expression =
  | ValueExpression
  | VariableExpression
  | PayloadExpression
  | RawExpression
  | ExtensionHeaderExpression
  | OptionExpression
  | MetaExpression
  | CtExpression
  | FibExpression
  | RouteExpression
  | SocketExpression
  | OsfExpression
  | IpsecExpression
  | TunnelExpression
  | NumgenExpression
  | HashExpression
  | ConcatExpression
  | ListExpression
  | PrefixExpression
  | RangeExpression
  | BinaryExpression
  | SetReference
  | SetExpression
  | MapExpression
  | OpaqueExpression;
