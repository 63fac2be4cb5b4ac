/** Syntax tree of iptables-save and of hand-written rules files, in the words of iptables. */
import type { Diagnostic, Span } from '../diagnostic.js';

/** A word after unquoting and unescaping. */
export interface Word {
  readonly text: string;
  readonly span: Span;
}

/** Numbers as written: they may exceed 2^53. */
export interface Counters {
  readonly packets: string;
  readonly bytes: string;
}

/** An option with the words that follow it: which of them belong to it is for the extension to say. */
export interface Option {
  /** As written, dashes included: `-s`, `--dport`. */
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly Word[];
  readonly span: Span;
}

export type CommandName =
  | 'append'
  | 'insert'
  | 'delete'
  | 'replace'
  | 'flush'
  | 'new-chain'
  | 'delete-chain'
  | 'policy'
  | 'rename-chain'
  | 'zero';

export interface Command {
  readonly name: CommandName;
  readonly values: readonly Word[];
  readonly span: Span;
}

export interface BlankLine {
  readonly kind: 'blank';
  readonly span: Span;
}

export interface CommentLine {
  readonly kind: 'comment';
  readonly span: Span;
  /** `#` included. */
  readonly text: string;
}

export interface TableLine {
  readonly kind: 'table';
  readonly span: Span;
  readonly name: Word;
}

export interface ChainLine {
  readonly kind: 'chain';
  readonly span: Span;
  readonly name: Word;
  /** `ACCEPT`, `DROP`, or `-` for a chain of the user; null where a dump leaves it out. */
  readonly policy: Word | null;
  readonly counters: Counters | null;
}

export interface CommitLine {
  readonly kind: 'commit';
  readonly span: Span;
}

/** A command with its options: `-A INPUT -s 192.0.2.1 -j DROP`. */
export interface RuleLine {
  readonly kind: 'rule';
  readonly span: Span;
  readonly counters: Counters | null;
  readonly command: Command;
  readonly options: readonly Option[];
}

/** An option of a shape whose one value differs from line to line. */
export interface Hole {
  /** Which of the rule's options. */
  readonly option: number;
  /** Length of the value in the first line: later columns shift by the difference. */
  readonly length: number;
  /** Option that repeats the value; null: none does. */
  readonly echo: number | null;
}

/**
 * The shape of many lines: the same words but for the values of a few options (an address, a port), and the numbers of leading counters
 * where there are any.
 */
export interface Shape {
  /** What the grammar made of the first line of this shape. */
  readonly rule: RuleLine;
  /** In the order of the line. None: the lines are the same but for counters. */
  readonly holes: readonly Hole[];
  /** Length of `[packets:bytes] ` before the first line's words, 0 without: so do all columns behind. */
  readonly counters: number;
  /** The same with the name of the set as a value, of lines that were told apart by it. */
  readonly unnamed?: Shape;
}

/** A line that differs from an earlier one in these values, and counters, only: blocklists have 100,000 of them. `expandVariant` makes a RuleLine of it. */
export interface VariantLine {
  readonly kind: 'variant';
  readonly line: number;
  readonly shape: Shape;
  /** One for each hole, quotes and escapes as they stand in the line. */
  readonly values: readonly string[];
  /** `[packets:bytes] `, where the shape has counters; else empty. */
  readonly counters: string;
}

/** Where a value of each line begins and ends. */
export interface TextColumn {
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/** Two or more lines of one shape: columns of offsets into the text. `variantsOf` makes a VariantLine of each. */
export interface LineRun {
  readonly kind: 'run';
  /** Number of the first line, or of the first of all that stand in turn. */
  readonly line: number;
  /** How far below that one each stands; null: one below the other. */
  readonly below: Uint32Array | null;
  readonly shape: Shape;
  readonly count: number;
  readonly text: string;
  /** Where each line begins. */
  readonly from: Uint32Array;
  /** One for each hole. */
  readonly values: readonly TextColumn[];
  /** Length of what stands after the last value, or, without one, of all words: the same in all lines. */
  readonly after: number;
}

/** Consecutive lines of several shapes in turn: a run for each shape. */
export interface LineTurns {
  readonly kind: 'turns';
  /** Number of the first line. */
  readonly line: number;
  /** Which of the runs each line is of. */
  readonly kinds: Uint16Array;
  /** In the order of their first lines. */
  readonly runs: readonly LineRun[];
  /** Where the last line ends. */
  readonly end: number;
}

export type IptablesLine =
  BlankLine | CommentLine | TableLine | ChainLine | CommitLine | RuleLine | VariantLine | LineRun | LineTurns;

export interface IptablesDump {
  readonly file: string;
  readonly family: 'ip' | 'ip6';
  readonly lines: readonly IptablesLine[];
  /** The source line that each of `lines` was made of, without its end; of a run the first. */
  readonly texts: readonly string[];
  /** All source lines without their ends, made when they are first asked for. */
  readonly source: readonly string[];
  readonly errors: readonly Diagnostic[];
}
