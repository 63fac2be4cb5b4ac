/** The syntax tree of an iptables dump to tables of the model. */
import type { Diagnostic, Span } from '../diagnostic.js';
import type {
  ChainLine,
  IptablesDump,
  LineRun,
  LineTurns,
  RuleLine,
  VariantLine,
  Word,
} from '../parse/iptables-tree.js';
import { textAt, variantAt } from '../parse/line-run.js';
import { linesInTurn } from '../parse/line-turns.js';
import { quote } from '../parse/syntax-error.js';
import { appendRun } from './append-run.js';
import { appendTurns, type LowerLine } from './append-turns.js';
import { applyCommand } from './apply-command.js';
import { baseChainPlace, iptablesTables } from './base-chains.js';
import { checkJumps } from './check-jumps.js';
import { report } from './dump-walk.js';
import type { DumpWalk } from './dump-walk.js';
import { lowerRule } from './lower-rule.js';
import { ruleOf, VariantLowering } from './lower-variant.js';
import type { Table } from './ruleset.js';
import { TableDraft } from './table-draft.js';

export interface LoweredDump {
  readonly tables: readonly Table[];
  readonly diagnostics: readonly Diagnostic[];
}

export function lowerIptables(dump: IptablesDump, label = (table: string): string => table): LoweredDump {
  const walk: DumpWalk = { label, dump, diagnostics: [], tables: [], table: null, variants: null, chains: new Set() };
  dump.lines.forEach((line, i) => {
    switch (line.kind) {
      case 'blank':
      case 'comment':
        return;
      case 'table': {
        openTable(walk, line.name, line.span, i);
        return;
      }
      case 'commit': {
        closeTable(walk, line.span);
        return;
      }
      case 'chain': {
        declareChain(walk, line);
        return;
      }
      case 'rule':
      case 'variant': {
        applyRuleLine(walk, line, dump.texts[i]!);
        return;
      }
      case 'run': {
        applyRun(walk, line);
        return;
      }
      case 'turns': {
        applyTurns(walk, line);
        return;
      }
    }
  });
  if (walk.table) missingCommit(walk, walk.table);
  return { tables: walk.tables, diagnostics: walk.diagnostics };
}

function missingCommit(walk: DumpWalk, table: TableDraft): void {
  const message = `table ${table.name} has no COMMIT; the dump is cut short, so rules may be missing`;
  report(walk, 'missing-commit', table.span, message);
}

function openTable(walk: DumpWalk, name: Word, span: Span, index: number): void {
  if (walk.table) missingCommit(walk, walk.table);
  const { file, family, lines } = walk.dump;
  if (!iptablesTables.includes(name.text)) {
    report(
      walk,
      'syntax',
      name.span,
      `unknown table ${quote(name.text)}; expected one of ${iptablesTables.join(', ')}`,
    );
  }
  if (walk.tables.some((table) => table.name === walk.label(name.text))) {
    const message = `table ${name.text} stands twice in this file; iptables-restore would keep the last, which of them is in force is not known`;
    report(walk, 'duplicate-table', span, message);
  }
  const table = new TableDraft(family, name.text, file, span, walk.label(name.text));
  walk.table = table;
  walk.chains = new Set();
  for (let i = index + 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.kind === 'table') break;
    if (line.kind === 'chain') walk.chains.add(line.name.text);
    if (line.kind === 'rule' && line.command.name === 'new-chain') walk.chains.add(line.command.values[0]?.text ?? '');
  }
  walk.variants = new VariantLowering(family === 'ip' ? 4 : 6, (line) => lowerLine(walk, ruleOf(line)));
}

function closeTable(walk: DumpWalk, span: Span): void {
  if (!walk.table) {
    report(walk, 'syntax', span, 'COMMIT without a table; expected a table such as *filter before it');
    return;
  }
  const table = walk.table.finish();
  for (const bad of checkJumps(table)) report(walk, bad.code, bad.span, bad.message);
  walk.tables.push(table);
  walk.table = null;
}

function declareChain(walk: DumpWalk, line: ChainLine): void {
  if (!walk.table) {
    report(walk, 'syntax', line.span, 'a chain outside a table; expected a table such as *filter before it');
    return;
  }
  const policy = line.policy?.text ?? '-';
  const base = baseChainPlace(walk.table.name, line.name.text) !== null;
  if (policy !== '-' && policy !== 'ACCEPT' && policy !== 'DROP') {
    report(
      walk,
      'syntax',
      line.policy?.span ?? line.span,
      `unknown policy ${quote(policy)}; expected ACCEPT, DROP or -`,
    );
    return;
  }
  if (!base && policy !== '-') {
    const message = `chain ${quote(line.name.text)} is not built into table ${walk.table.name}, so it has no policy; expected -`;
    report(walk, 'syntax', line.policy?.span ?? line.span, message);
    return;
  }
  walk.table.declare(line.name.text, line.span, policy === 'DROP' ? 'drop' : 'accept');
}

function applyRuleLine(walk: DumpWalk, line: RuleLine | VariantLine, text: string): void {
  const span = line.kind === 'rule' ? line.span : { file: walk.dump.file, line: line.line, column: 1 };
  if (!walk.table) {
    report(walk, 'syntax', span, 'a rule outside a table; expected a table such as *filter before it');
    return;
  }
  applyCommand(walk, walk.table, { line, span, text }, () =>
    line.kind === 'variant' ? lowerVariant(walk, line) : lowerLine(walk, line),
  );
}

const lowerVariant = (walk: DumpWalk, line: VariantLine): ReturnType<typeof lowerRule> =>
  walk.variants?.lowerVariant(line) ?? lowerLine(walk, ruleOf(line));

/** Appends the lines as they are; what is not that plain is applied line by line. */
function applyRun(walk: DumpWalk, run: LineRun): void {
  const each = (from: number, to: number): void => {
    for (let i = from; i < to; i++) applyRuleLine(walk, variantAt(run, i), textAt(run, i));
  };
  if (!walk.table || !appendRun(walk, walk.table, run, each)) each(0, run.count);
}

/** As `applyRun`. */
function applyTurns(walk: DumpWalk, turns: LineTurns): void {
  const lower: LowerLine = (line) => lowerVariant(walk, line);
  if (walk.table && appendTurns(walk, walk.table, turns, lower)) return;
  for (const { line, text } of linesInTurn(turns)) applyRuleLine(walk, line, text);
}

function lowerLine(walk: DumpWalk, rule: RuleLine): ReturnType<typeof lowerRule> {
  const table = walk.table?.name ?? '';
  return lowerRule(rule, walk.dump.family === 'ip' ? 4 : 6, {
    isChain: (name) => walk.chains.has(name) && !baseChainPlace(table, name),
    chain: rule.command.values[0]?.text ?? '',
  });
}
