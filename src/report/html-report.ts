/**
 * The Plan as one page for a browser: everything in one file, nothing is fetched, no scripts. Text from an input is shown as text: what a
 * browser would take for markup is escaped, and what a terminal may not show stays visible here too.
 */
import { type Assumption, type OffloadKind, type Plan, type ReasonCode, reasonCodes } from '../plan/plan.js';
import { htmlStyle } from './html-style.js';
import type { PrefilterSummary } from './prefilter-summary.js';
import { printable } from './printable.js';
import { bytes, count, counted } from './quantity.js';
import { ruleBody } from './rule-body.js';
import { type RuleRun, ruleRuns, runName } from './rule-runs.js';
import { type Outcome, toleranceMark } from './text-report.js';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as text, between tags and in quoted attributes. */
const text = (value: string): string =>
  printable(value).replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

const titles: Readonly<Record<OffloadKind, readonly [title: string, meaning: string]>> = {
  full: ['Full', 'XDP drops all of their packets: they leave netfilter'],
  partial: ['Partial', 'XDP drops some of their packets early: they stay in netfilter'],
  none: ['None', 'nothing of them runs in XDP: they stay in netfilter'],
};
const kinds = ['full', 'partial', 'none'] as const;

/** Runs of one reason that are shown at once; the others open on a click. */
const shownRuns = 20;

export function* htmlReport(plan: Plan, prefilter: PrefilterSummary, { done, next }: Outcome): Generator<string> {
  const title = `Plan for ${plan.devices.join(', ')}`;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(title)} – offload</title>
<style>
${htmlStyle}</style>
</head>
<body>
<header>
<h1>${text(title)}</h1>
${done === null ? '' : `<p class="done">${text(done)}</p>\n`}${inputs(plan)}</header>
<main>
${summary(plan, prefilter)}`;
  for (const kind of kinds) yield* decisions(plan, kind);
  yield assumptions(plan);
  yield structures(prefilter);
  if (next.length > 0) yield `<section>\n<h2>Next</h2>\n<pre>${next.map(text).join('\n')}</pre>\n</section>\n`;
  yield '</main>\n</body>\n</html>\n';
}

function inputs({ inputs: read, allow: { prefixes, ports } }: Plan): string {
  const rows = read.map(({ file, format, rules, sets, elements }) => {
    const holds = [counted(rules, 'rule'), ...(sets > 0 ? [counted(sets, 'set'), counted(elements, 'element')] : [])];
    return `<li><code>${text(file)}</code>: ${text(format)}, ${holds.join(', ')}</li>\n`;
  });
  const passed = [...prefixes.map((prefix) => `from ${prefix}`), ...ports.map((port) => `to TCP and UDP port ${port}`)];
  const exempt = passed.length === 0 ? '' : `<li>passed by XDP in any case: ${text(passed.join(', '))}</li>\n`;
  return `<ul>\n${rows.join('')}${exempt}</ul>\n`;
}

function summary({ summary: all }: Plan, { steps, fields, tables }: PrefilterSummary): string {
  const share = (n: number): string => ((100 * n) / Math.max(1, all.rules)).toFixed(2);
  const bars = kinds.map((kind) => `<span class="${kind}" style="width:${share(all[kind])}%"></span>`).join('');
  const rows = kinds.map(
    (kind) =>
      `<tr><th scope="row"><a href="#${kind}" class="mark ${kind}">${titles[kind][0]}</a></th><td class="number">${count(all[kind])}</td>` +
      `<td>${titles[kind][1]}</td></tr>\n`,
  );
  const memory = bytes(tables.reduce((sum, table) => sum + table.bytes, 0));
  const size =
    steps === 0
      ? ''
      : `<p>The prefilter has ${counted(steps, 'step')} over ${text(fields.join(', '))} and ${memory} of tables.</p>\n`;
  return `<section>
<h2>${count(all.full + all.partial)} of ${counted(all.rules, 'rule')} and drop policies run in XDP, in full or in part</h2>
<div class="bar" aria-hidden="true">${bars}</div>
<table>
${rows.join('')}</table>
${size}</section>
`;
}

function* decisions(plan: Plan, kind: OffloadKind): Generator<string> {
  const texts = new Map(plan.rules.map((rule) => [rule.id, rule.text]));
  const of = plan.rules.filter(({ offload }) => offload === kind);
  if (of.length === 0) return;
  yield `<section id="${kind}">\n<h2><span class="mark ${kind}">${titles[kind][0]}</span> ${titles[kind][1]}</h2>\n`;
  for (const code of Object.keys(reasonCodes) as ReasonCode[]) {
    const rules = of.filter(({ reason }) => reason.code === code);
    if (rules.length === 0) continue;
    const rows = ruleRuns(rules).map((run) => runRow(run, texts));
    yield `<h3>${counted(rules.length, 'rule')}: ${text(reasonCodes[code])} <code>${code}</code></h3>\n${table(rows.slice(0, shownRuns))}`;
    if (rows.length > shownRuns)
      yield `<details>\n<summary>${count(rows.length - shownRuns)} more</summary>\n${table(rows.slice(shownRuns))}</details>\n`;
  }
  yield '</section>\n';
}

const table = (rows: readonly string[]): string => `<table class="rules">\n${rows.join('')}</table>\n`;

function runRow(run: RuleRun, texts: ReadonlyMap<string, string>): string {
  const { first, last, rules } = run;
  const notes: string[] = [];
  if (!first.reason.message.startsWith(reasonCodes[first.reason.code])) notes.push(`why: ${first.reason.message}`);
  if (!run.uniform && last.reason.message !== first.reason.message)
    notes.push(`why (${String(last.number)}): ${last.reason.message}`);
  for (const blocker of first.reason.blockedBy) notes.push(`behind: ${blocker}: ${ruleBody(texts.get(blocker) ?? '')}`);
  if (first.hint !== null) notes.push(`hint: ${first.hint}`);
  const body = `<code>${text(ruleBody(first.text))}</code>${rules > 1 ? ` … <code>${text(ruleBody(last.text))}</code>` : ''}`;
  const said = notes.map((note) => `<div class="note">${text(note)}</div>`).join('');
  const place = `${first.file}:${first.line}`;
  return `<tr><th scope="row" title="${text(place)}">${text(runName(run))}</th><td>${body}${said}</td></tr>\n`;
}

function assumptions({ assumptions: all, summary: { full, partial } }: Plan): string {
  // Where nothing is dropped, nothing rests on anything.
  if (full + partial === 0) return '';
  const rows = (['violated', 'unchecked', 'holds'] as const).flatMap((status) =>
    all.filter((assumption) => assumption.status === status).map(assumptionRow),
  );
  return `<section>\n<h2>This rests on</h2>\n${table(rows)}</section>\n`;
}

function assumptionRow({ code, statement, status }: Assumption): string {
  const tolerated = statement.startsWith(toleranceMark);
  const said = tolerated ? statement.slice(toleranceMark.length) : statement;
  const mark = tolerated ? '<span>tolerated</span>' : `<span class="status ${status}">${status}</span>`;
  return `<tr><th scope="row">${mark}</th><td>${text(said)} <code>${text(code)}</code></td></tr>\n`;
}

function structures({ tables }: PrefilterSummary): string {
  if (tables.length === 0) return '';
  const rows = tables.map(
    ({ name, structure, entries, bytes: size }) =>
      `<tr><th scope="row">${text(name)}</th><td>${text(structure)}</td><td class="number">${count(entries)}</td><td class="number">${bytes(size)}</td></tr>\n`,
  );
  const head = '<tr><th>table</th><th>structure</th><th class="number">entries</th><th class="number">size</th></tr>\n';
  return `<details>\n<summary>Tables of the prefilter</summary>\n<table>\n${head}${rows.join('')}</table>\n</details>\n`;
}
