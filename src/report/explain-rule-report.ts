/** The explanation of a rule, for people. */
import type { Blocker, DropStep, RuleExplanation, RulePlace } from '../explain/explain-rule.js';
import type { Change } from '../explain/what-if.js';
import { reasonCodes } from '../plan/plan.js';
import { printable, shortened } from './printable.js';
import { counted } from './quantity.js';
import { ruleBody } from './rule-body.js';
import type { TextStyle } from './text-style.js';
import { wrapped } from './wrapped.js';

/** Lists longer than this are cut, unless all is asked for. */
const shown = 8;

export const placeText = ({ file, line }: Pick<RulePlace, 'file' | 'line'>): string =>
  `${file === '-' ? 'standard input' : printable(file)}:${line}`;

export const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

const paragraph = (text: string, { columns }: TextStyle, first = '  ', rest = first): string =>
  `${wrapped(printable(text), columns, first, rest)}\n`;

const decisions = {
  full: 'full: XDP drops all of its packets on the covered devices',
  partial: 'partial: XDP drops some of its packets early',
  none: 'none: nothing of it runs in XDP',
} as const;

export function* explainRuleReport(explanation: RuleExplanation, style: TextStyle): Generator<string> {
  const { colors } = style;
  const color = { full: colors.green, partial: colors.yellow, none: colors.dim }[explanation.offload];
  yield `${colors.bold(printable(explanation.id))}  ${placeText(explanation)}\n`;
  yield paragraph(ruleBody(explanation.text), style, '  ', '    ');
  yield `\n${colors.bold('Decision')}\n  ${color(decisions[explanation.offload])}\n\n`;
  yield why(explanation, style);
  yield blockers(explanation.blockedBy, style);
  yield drops(explanation, style);
  yield change(explanation, style);
  yield residual(explanation, style);
  yield assumptions(explanation, style);
}

/** The general sentence, then what was found here; the rules in the way have a section of their own. */
function why({ code, reason, blockedBy }: RuleExplanation, style: TextStyle): string {
  const general = reasonCodes[code];
  const named = blockedBy.length > 0 ? general : reason;
  const both =
    named === general || blockedBy.length > 0 ? sentence(general) : `${sentence(general)} ${sentence(named)}`;
  return `${style.colors.bold('Why')}\n${paragraph(`${both} [${code}]`, style)}\n`;
}

function blockers(all: readonly Blocker[], style: TextStyle): string {
  if (all.length === 0) return '';
  const { colors, columns } = style;
  const listed = style.all ? all : all.slice(0, shown);
  const rows = listed.map(
    (blocker) =>
      `  ${colors.bold(printable(blocker.id))}  ${blocker.line === 0 ? '' : placeText(blocker)}\n` +
      `    ${shortened(printable(ruleBody(blocker.text)), columns - 4)}\n${paragraph(blocker.why, style, '    ')}`,
  );
  const more = all.length - listed.length;
  return (
    `${colors.bold('In the way, in the order that packets meet them')}\n${rows.join('')}` +
    `${more > 0 ? `  … and ${counted(more, 'more rule', 'more rules')} (--all)\n` : ''}\n`
  );
}

function drops({ drops: steps, offload }: RuleExplanation, style: TextStyle): string {
  if (steps.length === 0) return '';
  const listed = style.all ? steps : steps.slice(0, shown);
  const more = steps.length - listed.length;
  const title = offload === 'full' ? 'Dropped in XDP' : 'The part that XDP drops early';
  return (
    `${style.colors.bold(title)}\n${listed.map((step) => dropLine(step, style)).join('')}` +
    `${more > 0 ? `  … and ${counted(more, 'more step')} (--all)\n` : ''}\n`
  );
}

function dropLine({ family, step, condition, asks, guards }: DropStep, style: TextStyle): string {
  const limits = [
    ...(guards > 0 ? [`not matched by ${counted(guards, 'guard')} before it`] : []),
    ...(asks ? ['not known to conntrack, which is asked'] : []),
  ];
  const but = limits.length === 0 ? '' : `; ${limits.join(', ')}`;
  return paragraph(`IPv${family}, step ${step}: ${condition}${but}`, style, '  ', '    ');
}

function changeText({ above, to, offload, code, message }: Change): string {
  const where = above === null ? `to the top of ${to}` : `above ${above}`;
  const then =
    offload === 'full' ? 'XDP would drop all of its packets' : `it would be ${offload} [${code}]: ${message}`;
  return (
    `Move it ${where}: planned that way, ${then}. ` +
    `Packets that match it are then dropped before the rules which it is moved above can accept, answer or count them: ` +
    `make sure that this is what you want.`
  );
}

function change({ hint, change: tried }: RuleExplanation, style: TextStyle): string {
  const text = tried !== null ? changeText(tried) : hint === null ? null : sentence(`It ${hint}`);
  const title = tried !== null ? 'What would help, tried by planning again' : 'What would help';
  return text === null ? '' : `${style.colors.bold(title)}\n${paragraph(text, style)}\n`;
}

function residual({ residual: where, number }: RuleExplanation, style: TextStyle): string {
  const text =
    where === 'left out'
      ? 'It is left out of the residual ruleset, except for packets of devices that XDP does not cover.'
      : `${number === null ? 'The policy' : 'The rule'} stays in the residual ruleset as it is: netfilter decides whatever XDP passes.`;
  return `${style.colors.bold('In netfilter')}\n${paragraph(text, style)}`;
}

function assumptions({ assumptions: all }: RuleExplanation, style: TextStyle): string {
  if (all.length === 0) return '';
  const rows = all.map(({ code, statement, status }) =>
    paragraph(`${status.padEnd(9)}  ${statement} [${code}]`, style, '  ', ' '.repeat(13)),
  );
  return `\n${style.colors.bold('This rests on')}\n${rows.join('')}`;
}
