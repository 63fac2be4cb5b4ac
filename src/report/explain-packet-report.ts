/** The explanation of a packet, for people: the way, then both answers, then how they go together. */
import type { PacketExplanation, Tracking } from '../explain/explain-packet.js';
import { defaultSender, type RoutedBack } from '../explain/taken-for-granted.js';
import type { MetChain, MetRule, WayPart } from '../explain/walk-tree.js';
import type { RuleId } from '../model/ruleset.js';
import type { Fate } from '../oracle/fate.js';
import { passWords } from './pass-words.js';
import { placeText, sentence } from './explain-rule-report.js';
import { printable, shortened } from './printable.js';
import { counted } from './quantity.js';
import { ruleBody } from './rule-body.js';
import type { TextStyle } from './text-style.js';
import { wrapped } from './wrapped.js';

/** Neighbours that miss are folded where there are more of them than this. */
const shownMisses = 12;

const paragraph = (text: string, { columns }: TextStyle, first = '  ', rest = first): string =>
  `${wrapped(printable(text), columns, first, rest)}\n`;

const trackingWords: Record<Tracking, string> = {
  none: 'conntrack has no entry for it',
  NEW: 'the first packet of its connection (new)',
  ESTABLISHED: 'a packet of a connection that conntrack knows (established)',
  RELATED: 'related to a connection that conntrack knows',
  INVALID: 'invalid to conntrack',
  UNTRACKED: 'not tracked',
  open: 'nothing: its connection may be in any state',
};

export interface PacketHeading {
  readonly hostKnown: boolean;
}

const routedBackWords: Record<RoutedBack, string> = {
  'not known': 'How its source is routed is not known (--host, --live).',
  refused: 'Its source is routed nowhere: that route refuses.',
  nowhere: 'Its source is routed to no device: there is no route, or it is an address of this host.',
  'another device': 'Its source is routed to another device than it came from.',
  'same device': 'Its source is routed to the device that it came from.',
};

function takenText({ taken: { sender, routedBack } }: PacketExplanation): readonly string[] {
  const is = sender === defaultSender ? ', which is what is taken unless `from MAC` says another' : '';
  return [
    ...(sender === null ? [] : [`Its frame comes from ${sender}${is}.`]),
    ...(routedBack === null ? [] : [routedBackWords[routedBack]]),
  ];
}

export function* explainPacketReport(
  explanation: PacketExplanation,
  { hostKnown }: PacketHeading,
  style: TextStyle,
): Generator<string> {
  const { colors } = style;
  yield `${colors.bold(printable(`${explanation.packet} in ${explanation.device}`))}\n`;
  yield paragraph(`Taken for granted of its connection: ${trackingWords[explanation.tracking]}.`, style);
  for (const text of takenText(explanation)) yield paragraph(text, style);
  if (!hostKnown)
    yield paragraph('Nothing is known of the host (--host): the packet is taken to be for it, or for nobody.', style);
  for (const part of explanation.way) yield `\n${wayPart(part, style)}`;
  if (explanation.way.length === 0) yield `\n  It meets no rule.\n`;
  yield `\n${colors.bold('Netfilter')}\n${paragraph(netfilterText(explanation), style)}`;
  yield `\n${colors.bold('XDP')}\n${paragraph(prefilterText(explanation), style)}`;
  yield `\n${(explanation.difference === null ? colors.green : colors.red)(printable(togetherText(explanation)))}\n`;
}

function wayPart(part: WayPart, style: TextStyle): string {
  if (part.kind === 'routed') return paragraph(routedText(part), style, '');
  const { family, table, chain, hook, priority, policy } = part;
  const heading = style.colors.bold(printable(`${family} ${table} ${chain}`));
  const rules = metRules(part, '  ', style);
  const none = part.rules.length === 0 ? '  (no rules)\n' : '';
  return `${heading}  hook ${hook}, priority ${priority}\n${rules}${none}${policy === null ? '' : '  policy drop\n'}`;
}

function routedText({ local, lost }: Extract<WayPart, { kind: 'routed' }>): string {
  const gone = lost === null ? 'forwarded' : `discarded by the stack (${lost})`;
  if (local === 'yes') return 'Routed: to this host.';
  if (local === 'no') return `Routed: not to this host, so it is ${gone}.`;
  return `Routed: to this host, or if it has another address, ${gone}.`;
}

function* folded(rules: readonly MetRule[], all: boolean): Generator<readonly MetRule[]> {
  for (let i = 0; i < rules.length;) {
    let end = i;
    while (end < rules.length && rules[end]!.answer === 'no match') end++;
    if (end - i > shownMisses && !all) {
      yield rules.slice(i, end);
      i = end;
    } else yield [rules[i++]!];
  }
}

const numberOf = (id: RuleId): string => id.slice(id.lastIndexOf(' ') + 1);

function metRules({ rules }: MetChain, indent: string, style: TextStyle): string {
  const width = Math.max(0, ...rules.map(({ rule }) => numberOf(rule).length));
  return [...folded(rules, style.all)]
    .map((run) => {
      const [first] = run;
      if (first === undefined) return '';
      if (run.length > 1) {
        const last = run.at(-1) ?? first;
        const span = `${numberOf(first.rule)}–${numberOf(last.rule)}`;
        return style.colors.dim(`${indent}${span}  no match  ${counted(run.length, 'rule')} (--all)`) + '\n';
      }
      return metRule(first, indent, width, style);
    })
    .join('');
}

function metRule(met: MetRule, indent: string, width: number, style: TextStyle): string {
  const { colors, columns } = style;
  const paint = { matches: colors.bold, 'may match': colors.yellow, 'no match': colors.dim }[met.answer];
  const head = `${indent}${numberOf(met.rule).padStart(width)}  ${met.answer.padEnd(9)}  `;
  const text = shortened(printable(ruleBody(met.text)), Math.max(20, columns - head.length));
  const below = ' '.repeat(indent.length + width + 2);
  const said = [
    ...(met.match === null ? [] : [met.answer === 'no match' ? `fails on ${met.match}` : `unknown: ${met.match}`]),
    ...(met.does === null ? [] : [met.answer === 'matches' ? met.does : `if it matches: ${met.does}`]),
  ].join('; ');
  const lines = `${paint(`${head}${text}`)}\n${paragraph(`${placeText(met)}  ${said}`, style, below)}`;
  return lines + (met.inside === null ? '' : insideText(met.inside, `${indent}  `, style));
}

function insideText(inside: MetChain, indent: string, style: TextStyle): string {
  const name = style.colors.bold(printable(`chain ${inside.chain}`));
  if (inside.again) return `${indent}${name}  walked above, with the same outcome\n`;
  const rules = inside.rules.length === 0 ? `${indent}  (no rules)\n` : metRules(inside, `${indent}  `, style);
  return `${indent}${name}\n${rules}`;
}

const ruleNames = (rules: readonly RuleId[], { named }: PacketExplanation): string =>
  rules
    .slice(0, 4)
    .map((id) => {
      const place = named.find((one) => one.id === id);
      return place === undefined || place.line === 0 ? id : `${id} (${placeText(place)})`;
    })
    .join(', ') + (rules.length > 4 ? ` and ${rules.length - 4} more` : '');

function fateText(fate: Fate, explanation: PacketExplanation): string {
  switch (fate.kind) {
    case 'drop':
      return `drops it silently, by ${fate.rules.length > 1 ? 'one of ' : ''}${ruleNames(fate.rules, explanation)}`;
    case 'lost':
      return `decides nothing: ${fate.why}${fate.elsewhere ? ', and it may be for somebody else' : ''}`;
    case 'depends': {
      const on = fate.on.length === 0 ? '' : ` (${ruleNames(fate.on, explanation)})`;
      return `turns on what the packet does not show: ${fate.why}${on}`;
    }
    case 'pass': {
      const at = fate.rule === null ? '' : `, at ${ruleNames([fate.rule], explanation)}`;
      return {
        accept: 'accepts it: it gets through all chains',
        reject: `answers the sender${at}`,
        effect: `acts on it, so it is not dropped silently${at}`,
        mixed: 'lets it go on or answers it, and never drops it silently',
      }[fate.how];
    }
  }
}

function netfilterText(explanation: PacketExplanation): string {
  const { netfilter, end } = explanation;
  const first = sentence(fateText(netfilter, explanation));
  const effect = netfilter.kind === 'pass' && (netfilter.how === 'effect' || netfilter.how === 'mixed');
  const same = JSON.stringify(netfilter) === JSON.stringify(end);
  return effect && !same ? `${first} In the end it ${fateText(end, explanation)}.` : first;
}

function prefilterText(explanation: PacketExplanation): string {
  const { verdict, outcome, reason, step, steps, condition, rules } = explanation.xdp;
  const where = step === null ? '' : `step ${step} of ${steps} (${condition ?? ''})`;
  const owners = rules.length === 0 ? '' : `, which stands for ${ruleNames(rules, explanation)}`;
  if (verdict === 'drop') return `Drops it at ${where}${owners}.`;
  if (verdict === 'ask') {
    const then = {
      drop: 'has no entry, so it is dropped',
      pass: 'knows it, so it is passed to netfilter',
      depends: 'may know it: then it is passed, else dropped',
    }[outcome];
    return `Would drop it at ${where}${owners}, and asks conntrack first, which ${then}.`;
  }
  const routed = reason === 'guard' && rules.length === 0;
  const why = routed ? 'which way it is routed is not known' : (passWords[reason ?? 'noStep'] ?? '');
  return `Passes it to netfilter: ${why}${where === '' ? '' : `, at ${where}${owners}`}.`;
}

/** The last line: sound or not, and why. */
function togetherText({ netfilter, xdp, difference }: PacketExplanation): string {
  if (difference === 'unsound') return 'NOT SOUND: XDP drops what netfilter does not drop silently.';
  if (difference === 'leak') return 'NOT SOUND: XDP passes what only rules that leave netfilter would drop.';
  if (xdp.outcome === 'drop')
    return netfilter.kind === 'lost'
      ? 'Sound: no rule decides on it, and the stack discards it.'
      : 'Both agree: XDP drops what netfilter would have dropped silently.';
  if (xdp.outcome === 'depends')
    return 'Sound: XDP drops it only if conntrack does not know it, and then netfilter drops it silently.';
  switch (netfilter.kind) {
    case 'drop':
      return 'Sound: XDP leaves it to netfilter, which drops it.';
    case 'pass':
      return 'Both agree: XDP passes it, and netfilter does not drop it silently.';
    case 'lost':
    case 'depends':
      return 'Sound: XDP leaves it to netfilter and the stack.';
  }
}
