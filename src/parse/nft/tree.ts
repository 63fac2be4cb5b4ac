/**
 * nft's syntax tree: what the reader of text and the reader of JSON both make, and what is lowered to the model.
 * Nothing is resolved or checked here: order, names, variables and includes stand as they were written.
 */
import type { Diagnostic, Span } from '../../diagnostic.js';
import type { Expression, SetExpression, VariableExpression } from './tree-expression.js';
import type { Statement } from './tree-statement.js';

export type * from './tree-expression.js';
export type * from './tree-statement.js';

interface Node {
  readonly span: Span;
}

/** Offsets in the text of its file (UTF-16 units, end exclusive): what the residual cuts. Of JSON: the whole item. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

export type NftFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** A table of a command; `family` is ip when none was written. */
export interface TableName {
  readonly family: NftFamily;
  readonly table: string;
}

export interface Define extends Node {
  readonly kind: 'define';
  readonly verb: 'define' | 'redefine';
  readonly name: string;
  readonly value: Expression;
  readonly extent: Extent;
}

export interface Undefine extends Node {
  readonly kind: 'undefine';
  readonly name: string;
  readonly extent: Extent;
}

/** `include "dir/*.nft"`; `files` is what it named, in the order in which nft reads it. */
export interface Include extends Node {
  readonly kind: 'include';
  readonly pattern: string;
  readonly files: readonly IncludedFile[];
  readonly extent: Extent;
}

/** What an included file holds depends on where the include stands: commands, items of a table, or rules of a chain. */
export interface IncludedFile {
  readonly file: string;
  /** What an include statement at the same place would call this file alone. */
  readonly name: string;
  readonly text: string;
  readonly items: readonly (Command | TableItem | Rule)[];
}

export interface Rule extends Node {
  readonly kind: 'rule';
  readonly statements: readonly Statement[];
  readonly comment: string | null;
  /** From `# handle N` or JSON. */
  readonly handle: number | null;
  /** As it stands in the source, without trailing comment; for JSON, as nft would print it. */
  readonly text: string;
  readonly extent: Extent;
}

/** `name` is the standard name or null; priority = value of the name + `offset`. Variables stay in `expression`. */
export interface Priority {
  readonly name: string | null;
  readonly offset: number;
  readonly variable: VariableExpression | null;
}

export interface ChainHook {
  readonly type: string;
  readonly hook: string;
  /** A name, `$variable`, or a list of them. */
  readonly devices: readonly Expression[];
  readonly priority: Priority;
}

export interface Chain extends Node {
  readonly kind: 'chain';
  readonly name: string;
  readonly handle: number | null;
  /** Null: a regular chain. */
  readonly hook: ChainHook | null;
  /** accept, drop, `$variable`; null when not written (accept). */
  readonly policy: Expression | null;
  readonly flags: readonly string[];
  readonly comment: string | null;
  readonly items: readonly (Rule | Define | Undefine | Include | OpaqueNode)[];
  /** From the word `chain` to after `}`. */
  readonly extent: Extent;
}

/** `type ipv4_addr . inet_service` gives names; `typeof ip saddr . tcp dport` gives an expression; data may be an interval. */
export type SetType =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'typeof'; readonly expression: Expression };

export interface SetDeclaration extends Node {
  readonly kind: 'setDeclaration';
  /** `meter` is how old nft lists sets that meters made. */
  readonly keyword: 'set' | 'map' | 'meter';
  readonly name: string;
  readonly handle: number | null;
  readonly key: SetType | null;
  /** After the colon: value type, `verdict`, or an object type (`counter`, `quota` …); null for sets. */
  readonly data: SetType | null;
  readonly dataInterval: boolean;
  /** constant, interval, timeout, dynamic */
  readonly flags: readonly string[];
  /** Milliseconds. */
  readonly timeout: number | null;
  readonly gcInterval: number | null;
  readonly size: number | null;
  readonly policy: string | null;
  readonly autoMerge: boolean;
  readonly comment: string | null;
  /** counter, limit … given for each element. */
  readonly statements: readonly Statement[];
  readonly elements: SetExpression | VariableExpression | null;
  /** Lines of the block that are not understood. */
  readonly opaque: readonly OpaqueNode[];
  readonly extent: Extent;
}

/** A named object. `lines` are the attributes of its block as words; those that matter later are parsed in `statement`. */
export interface ObjectDeclaration extends Node {
  readonly kind: 'objectDeclaration';
  readonly object:
    'counter' | 'quota' | 'limit' | 'ct helper' | 'ct timeout' | 'ct expectation' | 'synproxy' | 'secmark' | 'tunnel';
  readonly name: string;
  readonly handle: number | null;
  readonly comment: string | null;
  /** counter, quota, limit, synproxy: the statement that the object holds; null for the others. */
  readonly statement: Statement | null;
  /** Attributes as written, one string each, blanks made one: `type "ftp" protocol tcp`, `l3proto ip`. */
  readonly attributes: readonly string[];
  readonly extent: Extent;
}

export interface Flowtable extends Node {
  readonly kind: 'flowtable';
  readonly name: string;
  readonly handle: number | null;
  readonly hook: string | null;
  readonly priority: Priority | null;
  readonly devices: readonly Expression[];
  readonly flags: readonly string[];
  readonly counter: boolean;
  readonly opaque: readonly OpaqueNode[];
  readonly extent: Extent;
}

/** Source text that is not understood, kept verbatim. */
export interface OpaqueNode extends Node {
  readonly kind: 'opaque';
  readonly text: string;
  readonly extent: Extent;
}

export type TableItem =
  Chain | SetDeclaration | ObjectDeclaration | Flowtable | Define | Undefine | Include | OpaqueNode;

export type AddVerb = 'add' | 'create' | 'insert' | 'replace' | 'delete' | 'destroy' | 'get' | 'reset';

/** `table inet filter { … }`; items null for `add table inet filter` without a block. `delete table` is a Removal. */
export interface TableBlock extends Node, TableName {
  readonly kind: 'table';
  readonly verb: 'add' | 'create';
  readonly handle: number | null;
  readonly flags: readonly string[];
  readonly comment: string | null;
  readonly items: readonly TableItem[] | null;
  readonly extent: Extent;
}

/** `add chain|set|map|counter|… FAMILY TABLE NAME { … }` outside a table block. */
export interface Declaration extends Node, TableName {
  readonly kind: 'declaration';
  readonly verb: AddVerb;
  readonly declared: Chain | SetDeclaration | ObjectDeclaration | Flowtable;
}

/** `add|insert|replace rule …` */
export interface RuleCommand extends Node, TableName {
  readonly kind: 'ruleCommand';
  readonly verb: 'add' | 'insert' | 'replace' | 'create';
  readonly chain: string;
  readonly position: { readonly kind: 'handle' | 'position' | 'index'; readonly number: number } | null;
  readonly rule: Rule;
  /** From the verb to the end of the rule. */
  readonly extent: Extent;
}

/** `add|create|delete|destroy|get|reset element …` */
export interface ElementCommand extends Node, TableName {
  readonly kind: 'elementCommand';
  readonly verb: AddVerb;
  readonly set: string;
  readonly elements: SetExpression | VariableExpression;
}

/** flush, delete, destroy, reset, rename: object word(s), then what it names. */
export interface Removal extends Node {
  readonly kind: 'removal';
  readonly verb: 'flush' | 'delete' | 'destroy' | 'reset' | 'rename';
  /** `ruleset`, `table`, `chain`, `rule`, `set`, `map`, `counter`, `counters` … */
  readonly object: string;
  /** null: all families. */
  readonly family: NftFamily | null;
  readonly table: string | null;
  readonly name: string | null;
  readonly handle: number | null;
  readonly newName: string | null;
}

/** `list …`, `describe …`, `export …`, `monitor …`: shows something and changes nothing. */
export interface Idle extends Node {
  readonly kind: 'idle';
  readonly text: string;
}

export type Command =
  TableBlock | Idle | Declaration | RuleCommand | ElementCommand | Removal | Define | Undefine | Include | OpaqueNode;

export interface NftFile {
  readonly kind: 'file';
  readonly file: string;
  readonly format: 'text' | 'json';
  readonly text: string;
  readonly commands: readonly Command[];
  /** Warnings: what is kept without being understood. */
  readonly diagnostics: readonly Diagnostic[];
}
