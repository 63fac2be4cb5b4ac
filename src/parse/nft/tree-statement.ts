/** Statements of nft's syntax tree: what stands in a rule, in the order written. */
import type { Span } from '../../diagnostic.js';
import type {
  Expression,
  MapExpression,
  OptionExpression,
  SetExpression,
  SetReference,
  VariableExpression,
  Verdict,
} from './tree-expression.js';
import type { Rule } from './tree.js';

interface Node {
  readonly span: Span;
}

export type MatchOperator = '==' | '!=' | '<' | '>' | '<=' | '>=' | '!';

/** `left right` (implicit), `left != right`. With `mask` it is `left value / mask` (`tcp flags syn / syn,ack`). */
export interface MatchStatement extends Node {
  readonly kind: 'match';
  readonly left: Expression;
  readonly operator: MatchOperator;
  /** No operator was written: for bit masks and lists "any of these bits", else equality. Then `operator` is `==`. */
  readonly implicit: boolean;
  readonly right: Expression;
  readonly mask: Expression | null;
}

/** `key vmap { … }`, `key vmap @name` */
export interface VerdictMapStatement extends Node {
  readonly kind: 'vmap';
  readonly key: Expression;
  readonly data: SetExpression | SetReference | VariableExpression;
}

/** `jump { … }`, `goto { … }`: rules in place. */
export interface ChainBlockStatement extends Node {
  readonly kind: 'chainBlock';
  readonly verdict: 'jump' | 'goto';
  readonly rules: readonly Rule[];
}

/** Counters pass 2^53, so numbers of packets and bytes are bigint. */
export interface CounterStatement extends Node {
  readonly kind: 'counter';
  readonly packets: bigint | null;
  readonly bytes: bigint | null;
}

/** `limit rate over 10 mbytes/second burst 5 packets`; units as written (`packets`, `bytes`, `kbytes`, `mbytes`). */
export interface LimitStatement extends Node {
  readonly kind: 'limit';
  readonly over: boolean;
  readonly rate: bigint;
  readonly unit: string;
  readonly per: string;
  readonly burst: bigint | null;
  readonly burstUnit: string | null;
}

export interface QuotaStatement extends Node {
  readonly kind: 'quota';
  readonly over: boolean;
  readonly bytes: bigint;
  readonly unit: string;
  readonly used: bigint | null;
  readonly usedUnit: string | null;
}

/** `last`, `last used 1h`, `last used never`; milliseconds. */
export interface LastStatement extends Node {
  readonly kind: 'last';
  readonly used: number | 'never' | null;
}

/** `ct count over 10` */
export interface CtCountStatement extends Node {
  readonly kind: 'ctCount';
  readonly over: boolean;
  readonly count: number;
}

/** `counter name "x"`, `limit name …`, `quota name …`, `synproxy name …`, `ct helper|timeout|expectation set …`, `tunnel name …`. */
export interface ObjectStatement extends Node {
  readonly kind: 'objref';
  readonly object:
    'counter' | 'limit' | 'quota' | 'synproxy' | 'ct helper' | 'ct timeout' | 'ct expectation' | 'secmark' | 'tunnel';
  readonly name: Expression;
}

export interface LogStatement extends Node {
  readonly kind: 'log';
  readonly prefix: string | null;
  readonly level: string | null;
  readonly group: number | null;
  readonly snaplen: number | null;
  readonly queueThreshold: number | null;
  /** `all`, `tcp sequence`, `tcp options`, `ip options`, `skuid`, `ether` */
  readonly flags: readonly string[];
}

/** `reject with icmpx type admin-prohibited`, `reject with tcp reset` (type `tcp`, code null). */
export interface RejectStatement extends Node {
  readonly kind: 'reject';
  readonly type: 'icmp' | 'icmpv6' | 'icmpx' | 'tcp' | null;
  readonly code: Expression | null;
}

export interface NatStatement extends Node {
  readonly kind: 'nat';
  readonly type: 'snat' | 'dnat' | 'masquerade' | 'redirect';
  readonly family: 'ip' | 'ip6' | null;
  readonly address: Expression | null;
  readonly port: Expression | null;
  /** `prefix`, `interval`, `addr . port` before `to`. */
  readonly form: 'prefix' | 'interval' | 'concat' | null;
  /** random, fully-random, persistent */
  readonly flags: readonly string[];
}

/** `meta mark set …`, `ct mark set …`, `ip dscp set …`, `tcp option maxseg size set …`, `@nh,64,8 set …`. */
export interface MangleStatement extends Node {
  readonly kind: 'mangle';
  readonly left: Expression;
  readonly value: Expression;
}

/** `add @s { key timeout 1m limit … : data }` */
export interface SetUpdateStatement extends Node {
  readonly kind: 'setUpdate';
  readonly operation: 'add' | 'update' | 'delete';
  readonly set: SetReference | VariableExpression;
  readonly elements: SetExpression;
}

/** `meter name size n { key statement }` */
export interface MeterStatement extends Node {
  readonly kind: 'meter';
  readonly name: string;
  readonly size: number | null;
  readonly elements: SetExpression;
}

export interface QueueStatement extends Node {
  readonly kind: 'queue';
  readonly number: Expression | null;
  readonly flags: readonly string[];
}

export interface DupStatement extends Node {
  readonly kind: 'dup';
  readonly to: Expression;
  readonly device: Expression | null;
}

export interface FwdStatement extends Node {
  readonly kind: 'fwd';
  readonly family: 'ip' | 'ip6' | null;
  readonly to: Expression;
  readonly device: Expression | null;
}

export interface TproxyStatement extends Node {
  readonly kind: 'tproxy';
  readonly family: 'ip' | 'ip6' | null;
  readonly address: Expression | null;
  readonly port: Expression | null;
}

export interface SynproxyStatement extends Node {
  readonly kind: 'synproxy';
  readonly mss: number | null;
  readonly wscale: number | null;
  readonly timestamp: boolean;
  readonly sackPermitted: boolean;
}

export interface NotrackStatement extends Node {
  readonly kind: 'notrack';
}

/** `flow add @ft` */
export interface FlowStatement extends Node {
  readonly kind: 'flow';
  readonly flowtable: string;
}

/** `reset tcp option timestamp` */
export interface OptionResetStatement extends Node {
  readonly kind: 'optionReset';
  readonly option: OptionExpression;
}

/** `xt match "recent"`, `xt target LOG`: an extension of iptables-nft whose options nft does not show. */
export interface XtStatement extends Node {
  readonly kind: 'xt';
  readonly type: string;
  readonly name: string;
}

/** An expression standing alone, as `ip daddr map …` in JSON: does nothing that is known. */
export interface MapStatement extends Node {
  readonly kind: 'mapStatement';
  readonly map: MapExpression;
}

/** Text that the grammar does not know, verbatim. When a rule is not understood, it is one such statement with the whole rule. */
export interface OpaqueStatement extends Node {
  readonly kind: 'opaque';
  readonly text: string;
}

export type Statement =
  | MatchStatement
  | Verdict
  | VerdictMapStatement
  | ChainBlockStatement
  | CounterStatement
  | LimitStatement
  | QuotaStatement
  | LastStatement
  | CtCountStatement
  | ObjectStatement
  | LogStatement
  | RejectStatement
  | NatStatement
  | MangleStatement
  | SetUpdateStatement
  | MeterStatement
  | QueueStatement
  | DupStatement
  | FwdStatement
  | TproxyStatement
  | SynproxyStatement
  | NotrackStatement
  | FlowStatement
  | OptionResetStatement
  | XtStatement
  | MapStatement
  | OpaqueStatement;
