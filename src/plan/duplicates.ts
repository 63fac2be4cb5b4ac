/**
 * Rules that say what a rule above them in their chain has said already. Only an explanation rests on it: no decision. So the text is
 * compared, where its matches are such that they answer the same twice.
 */
import type { Match } from '../model/match.js';
import type { Chain, Rule, RuleId } from '../model/ruleset.js';
import { isRun, ruleCount, segmentsOf, type Segment } from '../model/segments.js';
import { FirstWordings, hashOf } from './first-wordings.js';

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
  const found = new Map<RuleId, RuleId>();
  const first = new FirstWordings(ruleCount(chain), wordsAt);
  for (const segment of segmentsOf(chain)) {
    if (!endsSteadily(isRun(segment) ? segment.first : segment)) continue;
    if (!isRun(segment)) {
      const words = wordsOf(segment.text);
      note(found, segment, 0, first.find(hashOf(words, 0, words.length), segment, 0));
      continue;
    }
    const { source } = segment;
    const plain =
      source !== null && wordsOf(segment.text(0)) === source.text.slice(source.commandStart(0), source.end(0));
    for (let i = 0; i < segment.count; i++) {
      const words = plain ? source.text : wordsOf(segment.text(i));
      const hash = plain ? hashOf(words, source.commandStart(i), source.end(i)) : hashOf(words, 0, words.length);
      note(found, segment, i, first.find(hash, segment, i));
    }
  }
  return found;
}

function note(
  found: Map<RuleId, RuleId>,
  segment: Segment,
  i: number,
  first: { readonly segment: Segment; readonly row: number } | null,
): void {
  if (first === null) return;
  const [id, known] = [idAt(segment, i), idAt(first.segment, first.row)];
  if (id !== known) found.set(id, known);
}

const idAt = (segment: Segment, i: number): RuleId => (isRun(segment) ? segment.id(i) : segment.id);

const wordsAt = (segment: Segment, i: number): string => wordsOf(isRun(segment) ? segment.text(i) : segment.text);

const endsSteadily = ({ parts }: Pick<Rule, 'parts'>): boolean =>
  parts.every((part, i) =>
    'match' in part ? steady.has(part.match.kind) : i === parts.length - 1 && endings.has(part.statement.kind),
  );

const asides = ['[', 'counter', 'comment'];

/** Without counters and comments. */
function wordsOf(text: string): string {
  if (!asides.some((word) => text.includes(word))) return text.trim();
  return text
    .replace(/^\s*\[\d+:\d+\]/, '')
    .replace(/\bcounter packets \d+ bytes \d+/, 'counter')
    .replace(/ -m comment --comment ("(?:[^"\\]|\\.)*"|\S+)| comment "[^"]*"/, '')
    .trim();
}
