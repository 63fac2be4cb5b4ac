/**
 * Runs among rules that have been made already, as those of nft are: rules one below the other that differ in addresses and ports only. Reading
 * them took what it took; the stages behind take each run as one.
 */
import { isDeepStrictEqual } from 'node:util';
import { wordsPerAddress, type AddressFamily } from './address.js';
import { AddressRun, askedBy, familyOf, type RunPlace, type RunRows } from './address-run.js';
import type { AddressMatch, Match, Part, PortMatch } from './match.js';
import type { Cut } from './nft-text.js';
import { fewest } from './pieces.js';
import type { Rule } from './ruleset.js';
import type { Segment } from './segments.js';
import { stretches } from './stretches.js';
import { PortListBuilder, sliceRules, type RuleColumn } from './rule-columns.js';

/** In the order of the rules. */
export function segmentsOfRules(rules: readonly Rule[], prefix: string): Segment[] {
  const segments: Segment[] = [];
  for (let from = 0; from < rules.length;) {
    const holes = holesOf(rules[from]!);
    let to = from + 1;
    if (holes.length > 0) while (to < rules.length && follows(rules[to - 1]!, rules[to]!, rules[from]!, holes)) to++;
    if (to - from < fewest) for (let i = from; i < to; i++) segments.push(rules[i]!);
    else for (const run of runsOf(rules.slice(from, to), holes, prefix)) segments.push(run);
    from = to;
  }
  return segments;
}

function* runsOf(rules: readonly Rule[], holes: readonly number[], prefix: string): Generator<Segment> {
  const columns = holes.map((at) => columnOf(rules, at));
  for (const { rows, varying } of stretches(columns, 0, rules.length)) {
    const own = rules.slice(...rows);
    if (own.length < fewest) {
      yield* own;
      continue;
    }
    const values = sliceRules(columns, ...rows);
    const askedOf = (hole: number): RuleColumn => askedBy(own[0]!.parts[holes[hole]!]!, values[hole]!, own.length);
    const made = {
      ...{ count: own.length, family: familyOf(values), columns: varying.map(askedOf) },
      varying: varying.map((hole) => holes[hole]!),
    };
    yield new ListedRules(own, made, { prefix, number: own[0]!.number });
  }
}

class ListedRules extends AddressRun {
  readonly first: Rule;
  readonly source = null;

  constructor(
    private readonly listed: readonly Rule[],
    rows: RunRows,
    place: RunPlace,
  ) {
    super(rows, place);
    this.first = listed[0]!;
  }

  override get rules(): readonly Rule[] {
    return this.listed;
  }

  line(i: number): number {
    return this.listed[i]!.span.line;
  }

  text(i: number): string {
    return this.listed[i]!.text;
  }

  cut(i: number): Cut | undefined {
    return this.listed[i]!.cut;
  }

  protected rule(i: number): Rule {
    return this.listed[i]!;
  }
}

/** Parts of which the next rules may have other values: one address, ports or ranges of them; none where no address is among them. */
function holesOf({ parts }: Rule): number[] {
  const last = parts[parts.length - 1];
  if (!last || !('statement' in last) || last.statement.kind !== 'drop') return [];
  const holes = [...parts.keys()].filter((i) => holds(parts[i]!));
  const fields = holes.map((i) => (parts[i] as { match: AddressMatch | PortMatch }).match.field);
  const isTwice = new Set(fields).size < fields.length;
  return isTwice || !fields.some((field) => field === 'saddr' || field === 'daddr') ? [] : holes;
}

function holds(part: Part): boolean {
  if (!('match' in part)) return false;
  const { match } = part;
  if (match.kind === 'address') return !match.negate && match.ranges.count === 1;
  return match.kind === 'port' && match.field !== 'either' && match.ranges.length > 0;
}

/** `rule` comes behind `before`, and is like `first` but for the values. */
function follows(before: Rule, rule: Rule, first: Rule, holes: readonly number[]): boolean {
  if (rule.number !== before.number + 1 || rule.parts.length !== first.parts.length) return false;
  if (rule.span.file !== first.span.file || !isCutAlike(rule, first)) return false;
  return rule.parts.every((part, i) => {
    const other = first.parts[i]!;
    if ('statement' in part) return 'statement' in other && isDeepStrictEqual(part.statement, other.statement);
    if ('statement' in other) return false;
    return holes.includes(i) ? isOther(part, other.match as AddressMatch | PortMatch) : isSame(part.match, other.match);
  });
}

function isOther(part: Part & { readonly match: Match }, other: AddressMatch | PortMatch): boolean {
  const { match } = part;
  if (!holds(part) || match.kind !== other.kind) return false;
  if (match.kind === 'address' && other.kind === 'address')
    return match.field === other.field && match.ranges.family === other.ranges.family;
  return (
    match.kind === 'port' &&
    other.kind === 'port' &&
    match.field === other.field &&
    match.negate === other.negate &&
    match.headerBytes === other.headerBytes
  );
}

function isSame(match: Match, other: Match): boolean {
  if (match === other) return true;
  return match.kind === other.kind && isDeepStrictEqual(match, other);
}

/** What keeps one in its place keeps the other. */
export const isCutAlike = ({ cut }: Pick<Rule, 'cut'>, { cut: other }: Pick<Rule, 'cut'>): boolean =>
  cut?.kind === other?.kind && (cut?.kind !== 'kept' || (other?.kind === 'kept' && cut.why === other.why));

function columnOf(rules: readonly Rule[], at: number): RuleColumn {
  const match = (i: number): Match => (rules[i]!.parts[at] as { match: Match }).match;
  const first = match(0);
  if (first.kind === 'port') {
    const lists = new PortListBuilder(rules.length);
    for (let i = 0; i < rules.length; i++) {
      for (const [low, high] of (match(i) as PortMatch).ranges) lists.add(low, high);
      lists.close();
    }
    return lists.column(first.field as 'sport' | 'dport');
  }
  const { field, ranges } = first as AddressMatch;
  return { field, ranges: addressesOf(ranges.family, rules.length, (i) => (match(i) as AddressMatch).ranges) };
}

function addressesOf(
  family: AddressFamily,
  count: number,
  at: (i: number) => AddressMatch['ranges'],
): AddressMatch['ranges'] {
  const words = wordsPerAddress(family);
  const [lo, hi] = [new Uint32Array(count * words), new Uint32Array(count * words)];
  for (let i = 0; i < count; i++) {
    lo.set(at(i).lo.subarray(0, words), i * words);
    hi.set(at(i).hi.subarray(0, words), i * words);
  }
  return { family, count, lo, hi };
}
