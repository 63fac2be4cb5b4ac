/** Syntax tree of ipset save. A million `add` lines are a few AddRuns: columns of offsets into the text, no object for each. */
import type { Diagnostic, Span } from '../diagnostic.js';
import type { Word } from './iptables-tree.js';

/** `timeout 60`, `nomatch`, `comment "x"`. */
export interface IpsetOption {
  readonly name: string;
  readonly value: Word | null;
  readonly span: Span;
}

export interface IpsetBlankLine {
  readonly kind: 'blank';
  readonly span: Span;
}

export interface IpsetCommentLine {
  readonly kind: 'comment';
  readonly span: Span;
  readonly text: string;
}

export interface IpsetCommitLine {
  readonly kind: 'commit';
  readonly span: Span;
}

export interface CreateLine {
  readonly kind: 'create';
  readonly span: Span;
  readonly set: Word;
  readonly type: Word;
  readonly options: readonly IpsetOption[];
  /** `-exist`: no error if it is there already. */
  readonly exist: boolean;
}

export interface ElementLine {
  readonly kind: 'add' | 'del';
  readonly span: Span;
  readonly set: Word;
  readonly element: Word;
  readonly options: readonly IpsetOption[];
  /** `-exist`: an element that is there already takes the new options. */
  readonly exist: boolean;
}

export interface PairLine {
  readonly kind: 'swap' | 'rename';
  readonly span: Span;
  readonly from: Word;
  readonly to: Word;
}

export interface WholeLine {
  readonly kind: 'flush' | 'destroy';
  readonly span: Span;
  /** null: every set. */
  readonly set: Word | null;
}

/**
 * Consecutive `add SET ELEMENT` lines of one set, with no options but timeout, packets, bytes, comment and nomatch, each at most once.
 * Offsets count UTF-16 units in `text`. A column is null where no line uses it.
 */
export interface AddRun {
  readonly kind: 'adds';
  /** The first line; the others follow without a gap. */
  readonly span: Span;
  readonly set: string;
  readonly count: number;
  readonly text: string;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly timeout: Uint32Array | null;
  readonly packets: Float64Array | null;
  readonly bytes: Float64Array | null;
  /** Offsets of the comment's text between its quotes; 0 to 0 is no comment. */
  readonly commentStart: Uint32Array | null;
  readonly commentEnd: Uint32Array | null;
  readonly nomatch: Uint8Array | null;
}

/** A line as the grammar reads it. */
export type IpsetLine =
  IpsetBlankLine | IpsetCommentLine | IpsetCommitLine | CreateLine | ElementLine | PairLine | WholeLine;

export interface IpsetDump {
  readonly file: string;
  /** Without byte order mark and carriage returns; AddRuns point into it. */
  readonly text: string;
  readonly lines: readonly (IpsetLine | AddRun)[];
  readonly errors: readonly Diagnostic[];
}
