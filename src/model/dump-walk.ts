/** State of the walk over the lines of one iptables dump. */
import type { Diagnostic, DiagnosticCode, Span } from '../diagnostic.js';
import type { IptablesDump } from '../parse/iptables-tree.js';
import { excerpt } from '../parse/syntax-error.js';
import type { VariantLowering } from './lower-variant.js';
import type { Table } from './ruleset.js';
import type { TableDraft } from './table-draft.js';

export interface DumpWalk {
  readonly dump: IptablesDump;
  /** What a table is called in rule ids. */
  readonly label: (table: string) => string;
  readonly diagnostics: Diagnostic[];
  readonly tables: Table[];
  table: TableDraft | null;
  variants: VariantLowering | null;
  /** Chains that some line of the table makes: hand-written files may jump ahead. */
  chains: Set<string>;
}

export function report(walk: DumpWalk, code: DiagnosticCode, span: Span, message: string): void {
  const notes = excerpt(walk.dump.source[span.line - 1] ?? '', span.column);
  walk.diagnostics.push({ code, severity: 'error', span, message, notes });
}
