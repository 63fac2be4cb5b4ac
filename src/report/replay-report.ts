/** A replayed capture for people: what was dropped, what was not and why, who sent it, and when. */
import type { Plan, RuleDecision } from '../plan/plan.js';
import type { RuleId } from '../model/ruleset.js';
import type { HeavyHitters } from '../replay/heavy-hitters.js';
import { type SourceKey, sourceText } from '../replay/source-key.js';
import type { PassCount, ReplayTally } from '../replay/tally.js';
import { passWords } from './pass-words.js';
import { printable, shortened } from './printable.js';
import { bytes, count, counted } from './quantity.js';
import { ruleBody } from './rule-body.js';
import type { TextStyle } from './text-style.js';
import { wrapped } from './wrapped.js';

export interface ReplayHeading {
  readonly capture: string;
  readonly device: string;
  readonly engine: 'model' | 'kernel';
  /** No facts were given: what is taken for granted instead. */
  readonly hostKnown: boolean;
  /** Sentences about the capture and the run that a reader must know. */
  readonly notes: readonly string[];
}

const shown = { rules: 20, sources: 10, reasons: 12, seconds: 24 } as const;

export function* replayReport(
  plan: Plan,
  tally: ReplayTally,
  heading: ReplayHeading,
  style: TextStyle,
): Generator<string> {
  const texts = new Map(plan.rules.map((rule) => [rule.id, rule]));
  yield head(tally, heading, style);
  yield netfilterPart(tally, style);
  yield prefilterPart(tally, heading, style);
  yield differencePart(tally, heading, style);
  yield rulePart(tally, texts, style);
  yield sourcePart('Dropped by XDP, by source', tally.droppedSources, style);
  yield sourcePart('Not dropped by XDP, by source', tally.passedSources, style);
  yield passPart(tally, texts, style);
  yield doubtPart(tally, texts, style);
  yield timePart(tally, style);
}

const utc = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

function head(tally: ReplayTally, { capture, device, hostKnown, notes }: ReplayHeading, style: TextStyle): string {
  const { start, span } = tally.timeline;
  const when = start === null ? '' : `, ${counted(span, 'second')} from ${utc(start)} UTC`;
  const said = [
    ...(hostKnown
      ? []
      : [
          'Nothing is known of the host (--host): every packet is taken to be for it, and FORWARD chains are not walked.',
        ]),
    ...notes,
  ];
  return (
    `${style.colors.bold(`Replay of ${printable(capture)} on ${printable(device)}`)}\n` +
    `  ${counted(tally.packets, 'packet')}, ${bytes(tally.bytes)}${when}\n` +
    said.map((note) => `${wrapped(printable(note), style.columns, '  ')}\n`).join('') +
    '\n'
  );
}

interface Row {
  readonly packets: number;
  readonly text: string;
}

/** Rows without packets are left out; percentages are of `whole`. */
function rows(list: readonly Row[], whole: number, { columns }: TextStyle): string {
  const some = list.filter(({ packets }) => packets > 0);
  const width = Math.max(0, ...some.map(({ packets }) => count(packets).length));
  return some
    .map(({ packets, text }) => {
      const start = `  ${count(packets).padStart(width)}  ${percent(packets, whole).padStart(6)}  `;
      return `${start}${wrapped(text, columns, ' '.repeat(start.length)).slice(start.length)}\n`;
    })
    .join('');
}

/** Never 0.0 % of something, nor 100.0 % of less than all. */
function percent(part: number, whole: number): string {
  if (whole === 0) return '';
  const tenths = Math.round((part / whole) * 1000);
  const honest = part > 0 && tenths === 0 ? 1 : part < whole && tenths === 1000 ? 999 : tenths;
  return `${(honest / 10).toFixed(1)}%`;
}

function netfilterPart({ netfilter, unseen, packets }: ReplayTally, style: TextStyle): string {
  const list: Row[] = [
    { packets: netfilter.drop, text: 'dropped silently' },
    { packets: netfilter.new, text: 'dropped silently, unless they belong to a connection' },
    { packets: netfilter.pass, text: 'not dropped silently: accepted, answered, logged or counted' },
    { packets: netfilter.lost, text: 'never decided by a rule: not IP, for somebody else, or malformed' },
    { packets: netfilter.depends, text: 'depends on what a packet does not show: connections, marks, rates' },
    ...[...unseen].map(([text, n]) => ({ packets: n, text: printable(text) })),
  ];
  return `${style.colors.bold('What netfilter does with them, by the ruleset as it stands')}\n${rows(list, packets, style)}\n`;
}

function prefilterPart(tally: ReplayTally, { engine }: ReplayHeading, style: TextStyle): string {
  const { netfilter, prefilter, kernel, packets, rules } = tally;
  const unseen = [...tally.unseen.values()].reduce((sum, n) => sum + n, 0);
  const list: Row[] =
    engine === 'kernel'
      ? [
          { packets: kernel.drop, text: 'dropped by the loaded program' },
          { packets: kernel.pass, text: 'passed to netfilter' },
          { packets: kernel.hidden, text: 'not told: it turns on a link-layer header that the capture lacks' },
          { packets: kernel.notRun, text: 'not run: the kernel takes frames of 14 to 65,549 bytes' },
        ]
      : [
          { packets: prefilter.drop, text: 'dropped before the stack' },
          { packets: prefilter.ask, text: 'dropped before the stack, unless conntrack knows them' },
          { packets: prefilter.pass, text: 'passed to netfilter' },
        ];
  const title =
    engine === 'kernel'
      ? 'What XDP does with them: the loaded program, run on their bytes'
      : 'What XDP would do with them, by the steps of the plan';
  const missed = [...rules.values()].reduce((sum, rule) => sum + rule.missed, 0);
  const silent = netfilter.drop + netfilter.new;
  const share =
    silent === 0
      ? ''
      : `  Of the ${counted(silent, 'packet')} that netfilter drops silently, XDP drops ${count(silent - missed)} (${percent(silent - missed, silent)}).\n`;
  return `${style.colors.bold(title)}\n${rows([...list, { packets: unseen, text: 'not asked (see above)' }], packets, style)}${share}\n`;
}

function differencePart(
  { differences, packets }: ReplayTally,
  { engine }: ReplayHeading,
  { colors }: TextStyle,
): string {
  const { unsound, leak, unfaithful } = differences;
  if (unsound + leak + unfaithful === 0) {
    const what = engine === 'kernel' ? 'the loaded program, the plan and the ruleset agree' : 'plan and ruleset agree';
    return `${colors.green(`0 differences: ${what} on ${counted(packets, 'packet')}.`)}\n\n`;
  }
  const list = [
    ...(unsound > 0 ? [`${count(unsound)} dropped by XDP but perhaps not by netfilter`] : []),
    ...(leak > 0 ? [`${count(leak)} passed by XDP though only rules that leave netfilter drop them`] : []),
    ...(unfaithful > 0 ? [`${count(unfaithful)} on which the loaded program does not do what the plan says`] : []),
  ];
  return `${colors.red(`Differences: ${list.join('; ')}.`)}\n\n`;
}

function rulePart(tally: ReplayTally, texts: ReadonlyMap<RuleId, RuleDecision>, style: TextStyle): string {
  const { colors, columns, all } = style;
  const hit = [...tally.rules].sort(([, a], [, b]) => b.netfilter - a.netfilter || b.prefilter - a.prefilter);
  if (hit.length === 0) return '';
  const list = all ? hit : hit.slice(0, shown.rules);
  const width = Math.max(9, ...list.map(([, each]) => count(Math.max(each.netfilter, each.prefilter)).length));
  const name = Math.min(44, Math.max(4, ...list.map(([rule]) => printable(rule).length)));
  const line = (a: string, b: string, c: string, text: string): string =>
    `${shortened(`  ${a.padStart(width)}  ${b.padStart(width)}  ${c.padEnd(name)}  ${text}`, columns).trimEnd()}\n`;
  const body = list.map(([rule, each]) =>
    line(
      count(each.netfilter),
      count(each.prefilter),
      printable(rule),
      printable(ruleBody(texts.get(rule)?.text ?? '')),
    ),
  );
  const more = hit.length - list.length;
  return (
    `${colors.bold('Packets dropped, by rule')}\n` +
    colors.dim(line('netfilter', 'XDP', 'rule', '')) +
    body.join('') +
    (more > 0 ? `  … and ${counted(more, 'more rule')} (--all lists them)\n` : '') +
    '\n'
  );
}

function sourcePart(title: string, sources: HeavyHitters<SourceKey>, style: TextStyle): string {
  const top = sources.top(shown.sources);
  if (top.length === 0) return '';
  const width = Math.max(...top.map(([, n]) => count(n).length));
  const unsure = sources.uncertainty > 0 ? ` (each may have ${count(sources.uncertainty)} more)` : '';
  const lines = top.map(([key, n]) => `  ${count(n).padStart(width)}  ${sourceText(key)}\n`);
  return `${style.colors.bold(`${title}${unsure}`)}\n${lines.join('')}\n`;
}

function passPart(
  { passes, packets }: ReplayTally,
  texts: ReadonlyMap<RuleId, RuleDecision>,
  style: TextStyle,
): string {
  if (passes.size === 0) return '';
  const list = [...passes.values()].sort((a, b) => b.packets - a.packets);
  const text = ({ reason, rule }: PassCount): string => {
    const words = passWords[reason] ?? reason;
    if (rule === null) return reason === 'guard' ? 'which way they are routed is not known' : words;
    return `${words}: ${printable(shortened(`${rule} ${ruleBody(texts.get(rule)?.text ?? '')}`, style.columns))}`;
  };
  const some = style.all ? list : list.slice(0, shown.reasons);
  return `${style.colors.bold('Passed by XDP, and why')}\n${rows(
    some.map((each) => ({ packets: each.packets, text: text(each) })),
    packets,
    style,
  )}\n`;
}

function doubtPart(
  { doubts, packets }: ReplayTally,
  texts: ReadonlyMap<RuleId, RuleDecision>,
  style: TextStyle,
): string {
  if (doubts.size === 0) return '';
  const list = [...doubts].sort(([, a], [, b]) => b - a);
  const some = style.all ? list : list.slice(0, shown.reasons);
  return `${style.colors.bold('What an answer of netfilter depends on, first')}\n${rows(
    some.map(([key, n]) => ({
      packets: n,
      text: printable(shortened(`${key} ${ruleBody(texts.get(key as RuleId)?.text ?? '')}`.trim(), style.columns)),
    })),
    packets,
    style,
  )}\n`;
}

function timePart({ timeline }: ReplayTally, { colors, columns }: TextStyle): string {
  const { width, slots } = timeline.rows(shown.seconds);
  if (slots.length < 2) return '';
  const most = Math.max(...slots.map(({ dropped, passed }) => dropped + passed));
  const number = Math.max(7, ...slots.map(({ dropped, passed }) => count(Math.max(dropped, passed)).length));
  const room = Math.max(10, Math.min(40, columns - 24 - 2 * number));
  const day = slots[0]!.start - (slots[0]!.start % 86_400) !== slots.at(-1)!.start - (slots.at(-1)!.start % 86_400);
  const lines = slots.map(({ start, dropped, passed }) => {
    const bar = (n: number): number => (n === 0 ? 0 : Math.max(1, Math.round((n / most) * room)));
    const clock = day ? utc(start).slice(5) : utc(start).slice(11);
    const figures = `${count(dropped).padStart(number)}  ${count(passed).padStart(number)}`;
    return `  ${clock}  ${figures}  ${colors.red('#'.repeat(bar(dropped)))}${'-'.repeat(bar(passed))}`.trimEnd();
  });
  const each = width === 1 ? 'a second' : width < 120 ? `${width} seconds` : `${count(width / 60)} minutes`;
  const head = `  ${' '.repeat(day ? 14 : 8)}  ${'dropped'.padStart(number)}  ${'passed'.padStart(number)}`;
  return `${colors.bold(`Over time, one line ${each} (# dropped by XDP, - passed)`)}\n${colors.dim(head)}\n${lines.join('\n')}\n`;
}
