/** What was found in an input, where, and what follows from it. Every stage may import this file. */

/** A place in an input: lines and columns count from 1; columns count UTF-16 units as editors do. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Codes are stable: users filter by them. The value says what a diagnostic of this code means. */
export const diagnosticCodes = {
  syntax: 'the text is not of the dialect; nothing is planned',
  'unknown-format': 'the file is none of the formats that offload reads',
  unreadable: 'the file cannot be read',
  'missing-commit': 'an iptables table without COMMIT: the dump is cut short',
  'unknown-chain': 'a rule or jump names a chain that its table does not have',
  'unknown-set': 'a match names a set that no input defines; the match stays unknown',
  'opaque-match': 'a match is not understood; its rule stays in netfilter',
  'opaque-target': 'a target is not understood; its rule stays in netfilter',
  'duplicate-table': 'the same table occurs twice',
  'duplicate-set': 'the same set is created twice',
  'not-a-capture': 'a capture is neither pcap nor pcapng, or contradicts itself',
} as const;

export type DiagnosticCode = keyof typeof diagnosticCodes;

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  readonly span: Span;
  /** What was found and what follows from it. */
  readonly message: string;
  /** The offending source line, a caret, what was expected, what to do. */
  readonly notes: readonly string[];
}

/** Thrown by a reader when the input is wrong: the command line prints it and exits with 2. */
export class InputError extends Error {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics[0]?.message ?? 'unreadable input');
    this.name = 'InputError';
  }
}
