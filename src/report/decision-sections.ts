/** Rules grouped by decision, then by reason, with neighbours folded into runs: the size of the report is that of the reasons. */
import { type OffloadKind, type Plan, type ReasonCode, type RuleDecision, reasonCodes } from '../plan/plan.js';
import { printable, shortened } from './printable.js';
import { count, counted } from './quantity.js';
import { ruleBody } from './rule-body.js';
import { type RuleRun, ruleRuns, runName } from './rule-runs.js';
import type { TextStyle } from './text-style.js';
import { wrapped } from './wrapped.js';

/** Runs shown for one reason, unless all are asked for. */
const shownRuns = 8;
/** … of reasons that need nobody's attention. */
const shownPlainRuns = 3;
const plainReasons: ReadonlySet<ReasonCode> = new Set(['not-a-drop', 'other-device', 'not-on-path', 'never-matches']);

const titles: Record<OffloadKind, string> = {
  full: 'Full: out of netfilter, decided in XDP',
  partial: 'Partial: dropped early where possible, and still in netfilter',
  none: 'None: in netfilter as before',
};

export function* decisionSections(plan: Plan, style: TextStyle): Generator<string> {
  const textOf = textsOf(plan);
  const groups = new Map<OffloadKind, Map<ReasonCode, RuleDecision[]>>();
  for (const decision of plan.rules) {
    const reasons = getOrSet(groups, decision.offload, () => new Map<ReasonCode, RuleDecision[]>());
    getOrSet(reasons, decision.reason.code, (): RuleDecision[] => []).push(decision);
  }
  for (const offload of ['full', 'partial', 'none'] as const) {
    const reasons = groups.get(offload);
    if (reasons === undefined) continue;
    yield `${style.colors.bold(titles[offload])}\n`;
    for (const code of Object.keys(reasonCodes) as ReasonCode[]) {
      const decisions = reasons.get(code);
      if (decisions !== undefined) yield* reasonSection(code, decisions, textOf, style);
    }
    yield '\n';
  }
}

/** Only rules that stand in others' way are asked for. */
function textsOf(plan: Plan): (id: string) => string {
  let texts: ReadonlyMap<string, string> | null = null;
  return (id) => (texts ??= new Map(plan.rules.map((rule) => [rule.id, rule.text]))).get(id) ?? '';
}

function* reasonSection(
  code: ReasonCode,
  decisions: readonly RuleDecision[],
  textOf: (id: string) => string,
  style: TextStyle,
): Generator<string> {
  const { columns, colors, all } = style;
  const head = `${counted(decisions.length, 'rule')}: ${reasonCodes[code]} [${code}]`;
  yield `${colors.cyan(wrapped(head, columns, '  '))}\n`;
  const runs = ruleRuns(decisions);
  const limit = plainReasons.has(code) ? shownPlainRuns : shownRuns;
  // One more than the limit is shown rather than a line that says so.
  const shown = all || runs.length <= limit + 1 ? runs : runs.slice(0, limit);
  const width = Math.min(44, Math.max(...shown.map((run) => printable(runName(run)).length)));
  for (const run of shown) yield runLines(run, width, textOf, style);
  if (shown.length < runs.length) {
    const hidden = decisions.length - shown.reduce((sum, run) => sum + run.rules, 0);
    yield colors.dim(`    … and ${counted(hidden, 'more rule')} (--all lists them)\n`);
  }
}

function runLines(run: RuleRun, width: number, textOf: (id: string) => string, style: TextStyle): string {
  const { columns, colors } = style;
  const { first, last } = run;
  const name = printable(runName(run));
  const space = columns - 6 - Math.max(width, name.length);
  const lines = [`    ${name.padEnd(width)}  ${runText(run, space)}`];
  const note = (label: string, text: string): void => {
    lines.push(colors.dim(wrapped(`${label}${printable(text)}`, columns, '      ', '        ')));
  };
  const said = reasonCodes[first.reason.code];
  const [blocker, ...others] = first.reason.blockedBy;
  if (!first.reason.message.startsWith(said)) {
    note('why: ', first.reason.message);
    if (!run.uniform && last.reason.message !== first.reason.message)
      note(`why (${String(last.number)}): `, last.reason.message);
  } else if (blocker !== undefined) {
    const more = others.length > 0 ? ` (and ${count(others.length)} more)` : '';
    note('behind: ', shortened(`${blocker}: ${ruleBody(textOf(blocker))}`, 2 * columns) + more);
  }
  if (first.hint !== null) note('hint: ', first.hint);
  return `${lines.join('\n')}\n`;
}

/** The first rule, and the last one where both fit. */
function runText({ first, last, rules }: RuleRun, space: number): string {
  const from = printable(ruleBody(first.text));
  if (rules === 1) return shortened(from, space);
  const both = `${from}  …  ${printable(ruleBody(last.text))}`;
  return both.length <= space ? both : `${shortened(from, space - 2)} …`;
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = make();
  map.set(key, made);
  return made;
}
