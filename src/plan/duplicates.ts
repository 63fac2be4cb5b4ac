/**
 * Rules that say what a rule above them in their chain has said already. Only an explanation rests on it: no decision. So the text is
 * compared, where its matches are such that they answer the same twice.
 */
import type { Match } from '../model/match.js';
import type { Chain, Rule, RuleId } from '../model/ruleset.js';

const steady: ReadonlySet<Match['kind']> = new Set([
  'address',
  'family',
  'interface',
  'protocol',
  'port',
  'tcpFlags',
  'header',
  'icmp',
  'mac',
  'addressType',
  'packetType',
  'fragment',
  'ctState',
  'comment',
] as const);

const endings: ReadonlySet<string> = new Set(['accept', 'drop', 'return', 'reject', 'goto']);

/** The first rule of its words, for each later one. */
export function duplicatesIn(chain: Chain): ReadonlyMap<RuleId, RuleId> {
  const first = new Map<string, RuleId>();
  const found = new Map<RuleId, RuleId>();
  for (const rule of chain.rules) {
    if (!endsSteadily(rule)) continue;
    const words = wordsOf(rule);
    const known = first.get(words);
    if (known === undefined) first.set(words, rule.id);
    else if (known !== rule.id) found.set(rule.id, known);
  }
  return found;
}

const endsSteadily = ({ parts }: Rule): boolean =>
  parts.every((part, i) =>
    'match' in part ? steady.has(part.match.kind) : i === parts.length - 1 && endings.has(part.statement.kind),
  );

const asides = ['[', 'counter', 'comment'];

/** Without counters and comments. */
function wordsOf({ text }: Rule): string {
  if (!asides.some((word) => text.includes(word))) return text.trim();
  return text
    .replace(/^\s*\[\d+:\d+\]/, '')
    .replace(/\bcounter packets \d+ bytes \d+/, 'counter')
    .replace(/ -m comment --comment ("(?:[^"\\]|\\.)*"|\S+)| comment "[^"]*"/, '')
    .trim();
}
