/** What a reader should be told of a ruleset that was read: names that nothing defines, extensions that nobody interprets. One warning for each name and file. */
import type { Diagnostic, DiagnosticCode, Span } from '../diagnostic.js';
import { notShown } from './lower-nft/managed.js';
import type { Part } from './match.js';
import type { NamedSet, SetId } from './set.js';
import type { Rule, Table } from './ruleset.js';
import { isRun, kindsOf, rulesIn, segmentsOf, type Segment } from './segments.js';

interface Warning {
  readonly code: DiagnosticCode;
  readonly span: Span;
  readonly rule: Rule;
  readonly what: string;
  rules: number;
}

export function rulesetWarnings(tables: readonly Table[], sets: ReadonlyMap<SetId, NamedSet>): Diagnostic[] {
  const warnings = new Map<string, Warning>();
  const short = tables.filter(isShort);
  for (const table of tables) {
    if (short.includes(table)) continue;
    for (const chain of table.chains.values()) {
      for (const segment of segmentsOf(chain)) noteAll(warnings, segment, sets);
    }
  }
  return [...short.map(shortTable), ...[...warnings.values()].map(toDiagnostic)];
}

/** Whether the table has rules of iptables-nft that only nft has listed. */
const isShort = ({ managed, chains }: Table): boolean =>
  managed !== undefined &&
  [...chains.values()].some((chain) =>
    [...kindsOf(chain)].some(
      ({ parts: [first] }) =>
        first && 'match' in first && first.match.kind === 'unknown' && first.match.text === notShown,
    ),
  );

function shortTable({ family, name, span }: Table): Diagnostic {
  const message = `table ${family} ${name} is iptables' own, of which nft does not show everything; all of its rules stay in netfilter`;
  const notes = [`add the output of ${family === 'ip6' ? 'ip6tables-save' : 'iptables-save'} to the inputs`];
  return { code: 'opaque-match', severity: 'warning', span, message, notes };
}

function noteAll(warnings: Map<string, Warning>, segment: Segment, sets: ReadonlyMap<SetId, NamedSet>): void {
  const rule = isRun(segment) ? segment.first : segment;
  for (const part of rule.parts) {
    const found = problem(part, sets);
    if (!found) continue;
    const key = `${found.code} ${found.what} ${part.span.file}`;
    const known = warnings.get(key);
    if (known) known.rules += rulesIn(segment);
    else warnings.set(key, { ...found, span: part.span, rule, rules: rulesIn(segment) });
  }
}

function problem(part: Part, sets: ReadonlyMap<SetId, NamedSet>): { code: DiagnosticCode; what: string } | null {
  if ('statement' in part) {
    return part.statement.kind === 'opaque' ? { code: 'opaque-target', what: part.statement.name } : null;
  }
  const { match } = part;
  if (match.kind === 'set' && !sets.has(match.set)) return { code: 'unknown-set', what: match.name };
  return match.kind === 'unknown' && match.knowledge === 'opaque' ? { code: 'opaque-match', what: match.name } : null;
}

function toDiagnostic(warning: Warning): Diagnostic {
  const { code, span, what, rule } = warning;
  const rules = warning.rules === 1 ? `rule ${rule.id} stays` : `rule ${rule.id} and ${warning.rules - 1} more stay`;
  const sentence =
    code === 'unknown-set'
      ? `set "${what}" is in no input; ${rules} in netfilter`
      : `${code === 'opaque-target' ? 'target' : 'match'} "${what}" is not understood; ${rules} in netfilter`;
  const notes = code === 'unknown-set' ? ['add the output of "ipset save" to the inputs'] : [];
  return { code, severity: 'warning', span, message: sentence, notes };
}
