/**
 * Rules that say what a rule above them in their chain has said already. Only an explanation rests on it: no decision. So the text is
 * compared, where its matches are such that they answer the same twice.
 */
import type { AddressRun } from '../model/address-run.js';
import type { Match } from '../model/match.js';
import type { Chain, Rule, RuleId } from '../model/ruleset.js';
import { areInOrder, inWrittenOrder, isRun, ruleCount, rulesIn, segmentsOf, type Segment } from '../model/segments.js';
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
  for (const { segment, from, to } of stretchesOf(chain)) {
    if (!endsSteadily(isRun(segment) ? segment.first : segment)) continue;
    if (!isRun(segment)) {
      const words = wordsOf(segment.text);
      note(found, segment, 0, first.find(hashOf(words, 0, words.length), segment, 0));
      continue;
    }
    const { source } = segment;
    const plain = source !== null && isPlain(segment);
    for (let i = from; i < to; i++) {
      const words = plain ? source.text : wordsOf(segment.text(i));
      const hash = plain ? hashOf(words, source.commandStart(i), source.end(i)) : hashOf(words, 0, words.length);
      note(found, segment, i, first.find(hash, segment, i));
    }
  }
  return found;
}

const known = new WeakMap<AddressRun, boolean>();

/** Nothing is left out of the texts of its rules but counters in front. */
function isPlain(run: AddressRun): boolean {
  const { source } = run;
  const found =
    known.get(run) ??
    (source !== null && wordsOf(run.text(0)) === source.text.slice(source.commandStart(0), source.end(0)));
  known.set(run, found);
  return found;
}

interface Stretch {
  readonly segment: Segment;
  /** Of a run, rules from one up to another. */
  readonly from: number;
  readonly to: number;
}

/** In the order of the rules. */
const stretchesOf = (chain: Chain): readonly Stretch[] =>
  areInOrder(segmentsOf(chain))
    ? segmentsOf(chain).map((segment) => ({ segment, from: 0, to: rulesIn(segment) }))
    : inWrittenOrder(chain).map(({ segment, at }) => ({ segment, from: at, to: at + 1 }));

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
