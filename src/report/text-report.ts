/** The Plan for people: the outcome first, then the rules by decision and reason, then what it rests on and what to do next. */
import type { Assumption, Plan } from '../plan/plan.js';
import { printable } from './printable.js';
import type { PrefilterSummary } from './prefilter-summary.js';
import { bytes, count, counted } from './quantity.js';
import { decisionSections } from './decision-sections.js';
import type { TextStyle } from './text-style.js';
import { wrapped } from './wrapped.js';

/** What the run has done besides planning, and what the reader may do now. */
export interface Outcome {
  readonly done: string | null;
  readonly next: readonly string[];
}

export function* textReport(
  plan: Plan,
  prefilter: PrefilterSummary,
  { done, next }: Outcome,
  style: TextStyle,
): Generator<string> {
  if (done !== null) yield `${style.colors.green(printable(done))}\n\n`;
  yield heading(plan, style);
  yield summary(plan, prefilter, style);
  yield* decisionSections(plan, style);
  // Where nothing is dropped, nothing rests on anything.
  if (plan.summary.full + plan.summary.partial > 0) yield assumptions(plan.assumptions, style);
  yield whatNext(next, style);
}

function heading({ devices, inputs, allow }: Plan, { colors }: TextStyle): string {
  const read = inputs.map(({ file, format, rules, sets, elements }) => {
    const parts: string[] = [format];
    if (rules > 0 || sets === 0) parts.push(counted(rules, 'rule'));
    if (sets > 0) parts.push(counted(sets, 'set'), counted(elements, 'element'));
    return `  ${file === '-' ? 'standard input' : printable(file)}: ${parts.join(', ')}\n`;
  });
  return `${colors.bold(`Plan for ${devices.map(printable).join(', ')}`)}\n${read.join('')}${exempt(allow)}\n`;
}

function exempt({ prefixes, ports }: Plan['allow']): string {
  const named = [
    ...prefixes.map((prefix) => `from ${printable(prefix)}`),
    ...ports.map((port) => `to TCP and UDP port ${port}`),
  ];
  return named.length === 0 ? '' : `  passed by XDP in any case: ${named.join(', ')}\n`;
}

function summary(
  { summary: { rules, full, partial, none }, rules: decisions }: Plan,
  prefilter: PrefilterSummary,
  style: TextStyle,
): string {
  const { colors } = style;
  if (rules === 0) return `${colors.bold('There are no rules.')}\n\n`;
  const width = count(Math.max(full, partial, none)).length;
  const row = (n: number, name: string, meaning: string, color: (text: string) => string): string =>
    `  ${color(`${count(n).padStart(width)} ${name.padEnd(7)}`)}  ${meaning}\n`;
  const withPolicies = decisions.some(({ number }) => number === null);
  const noun = withPolicies ? 'rules and drop policies' : rules === 1 ? 'rule' : 'rules';
  const some = `${count(full + partial)} of ${count(rules)} ${noun} ${rules === 1 && !withPolicies ? 'runs' : 'run'} in XDP, in full or in part:`;
  const head = full + partial === 0 ? `None of ${count(rules)} ${noun} can run in XDP.` : some;
  return (
    `${colors.bold(head)}\n` +
    row(full, 'full', 'XDP drops all of their packets: they leave netfilter', colors.green) +
    row(partial, 'partial', 'XDP drops some of their packets early: they stay', colors.yellow) +
    row(none, 'none', 'nothing of them runs in XDP: they stay', colors.dim) +
    (full + partial === 0 ? '\n' : prefilterLine(prefilter, style))
  );
}

function prefilterLine({ steps, fields, tables }: PrefilterSummary, { columns }: TextStyle): string {
  if (steps === 0) return '\n';
  const memory = tables.reduce((sum, table) => sum + table.bytes, 0);
  // The tables of a few bytes that every prefilter has say nothing.
  const telling = tables.filter(({ name, entries: n }) => n > 0 && / (saddr|daddr|smac|tuple)$/.test(name));
  const entries = telling.map(
    ({ name, structure, entries: n }) => `${name}: ${counted(n, 'entry', 'entries')} in ${structure}`,
  );
  const text =
    `The prefilter has ${counted(steps, 'step')} over ${fields.join(', ')} and ${bytes(memory)} of tables` +
    (entries.length > 0 ? ` (${entries.join('; ')}).` : '.');
  return `${wrapped(text, columns, '')}\n\n`;
}

/** How the statement of a declared tolerance begins: there is nothing to check of it. */
export const toleranceMark = 'tolerance: ';

function assumptions(all: readonly Assumption[], { columns, colors }: TextStyle): string {
  if (all.length === 0) return '';
  const mark: Record<Assumption['status'], string> = {
    violated: colors.red('violated '),
    unchecked: colors.yellow('unchecked'),
    holds: colors.green('holds    '),
  };
  const row = ({ code, statement, status }: Assumption): string => {
    // The mark may contain colour codes, so the text is broken as if it had none.
    const tolerance = statement.startsWith(toleranceMark);
    const said = tolerance ? statement.slice(toleranceMark.length) : statement;
    const text = wrapped(`${printable(said)} [${code}]`, columns, ' '.repeat(13));
    return `  ${tolerance ? colors.dim('tolerated') : mark[status]}  ${text.slice(13)}\n`;
  };
  const order: readonly Assumption['status'][] = ['violated', 'unchecked', 'holds'];
  const rows = order.flatMap((status) => all.filter((assumption) => assumption.status === status)).map(row);
  return `${colors.bold('This rests on')}\n${rows.join('')}\n`;
}

function whatNext(next: readonly string[], { colors }: TextStyle): string {
  if (next.length === 0) return '';
  return `${colors.bold('Next')}\n${next.map((line) => `  ${printable(line)}\n`).join('')}`;
}
