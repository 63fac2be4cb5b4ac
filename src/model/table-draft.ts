/** A table while the lines of its dump are applied in order, as iptables-restore applies them. */
import type { Span } from '../diagnostic.js';
import type { RuleLine, VariantLine } from '../parse/iptables-tree.js';
import { LineRules, placeOf, type RunLines, type RunPlace } from './address-run.js';
import { baseChainPlace } from './base-chains.js';
import { EditedList } from './edited-list.js';
import type { LoweredRule } from './lower-rule.js';
import type { Chain, Family, RuleId, Table } from './ruleset.js';
import { chainOf, putInTurn, type Segment } from './segments.js';

/** A line that stands in a chain. It is `rules` rules to iptables. */
export interface Entry extends LoweredRule {
  readonly line: RuleLine | VariantLine;
  readonly span: Span;
  readonly text: string;
}

/** Lines that were appended one after the other. */
export interface RunEntry extends RunLines {
  readonly kind: 'run';
  /** As many as there are lines. */
  readonly rules: number;
}

/** Lines of a list in their chain, and which of the list's they are, ascending. */
export interface PlacedRun {
  readonly entry: RunEntry;
  readonly rows: Uint32Array;
}

/** `at`: one of the run's lines, by itself. `inTurn`: lines of several kinds that keep their order, the kind of the first line first. */
export type PlacedEntry =
  | PlacedRun
  | { readonly inTurn: readonly PlacedRun[] }
  | { readonly entry: RunEntry; readonly at: number; readonly row: number }
  | { readonly entry: Entry; readonly row: number };

/** Lines of several kinds that were appended in turn. */
export interface TurnsEntry {
  readonly kind: 'turns';
  /** As many as there are lines. */
  readonly rules: number;
  /** By kind: what no packet meets twice may stand in any order. */
  readonly entries: readonly PlacedEntry[];
}

export type ChainEntry = Entry | RunEntry | TurnsEntry;

export interface ChainDraft {
  readonly name: string;
  readonly span: Span;
  policy: 'accept' | 'drop';
  readonly entries: EditedList<ChainEntry>;
  /** Lines have been put elsewhere than behind the last: from then on each is an entry of its own. */
  edited: boolean;
}

export class TableDraft {
  readonly chains = new Map<string, ChainDraft>();

  constructor(
    readonly family: Family,
    readonly name: string,
    readonly file: string,
    readonly span: Span,
    /** What the table is called in rule ids: its name, unless another table of the host has that too. */
    readonly label: string = name,
  ) {}

  /** Makes the chain if it is not there; a chain line in a dump flushes one that is. */
  declare(name: string, span: Span, policy: 'accept' | 'drop'): void {
    this.chains.set(name, { name, span, policy, entries: new EditedList(), edited: false });
  }

  /** The chain of that name; built-in chains exist without being declared. */
  chain(name: string, span: Span): ChainDraft | null {
    const known = this.chains.get(name);
    if (known || !baseChainPlace(this.name, name)) return known ?? null;
    this.declare(name, span, 'accept');
    return this.chains.get(name) ?? null;
  }

  /** Index of the entry that begins with rule `number`; the number after the last is the end; null when it falls inside an entry or beyond. */
  static indexOf(chain: ChainDraft, number: number): number | null {
    let at = 1;
    for (let i = 0; i < chain.entries.length; i++) {
      if (at >= number) return at === number ? i : null;
      at += chain.entries.at(i)!.rules;
    }
    return at === number ? chain.entries.length : null;
  }

  finish(): Table {
    const chains = new Map<string, Chain>();
    for (const draft of this.chains.values()) chains.set(draft.name, this.#finishChain(draft));
    return { family: this.family, name: this.label, dialect: 'iptables', file: this.file, span: this.span, chains };
  }

  #finishChain(draft: ChainDraft): Chain {
    const prefix = `${this.family} ${this.label} ${draft.name} `;
    let number = 1;
    const segments: Segment[] = [];
    for (const entry of draft.entries.all()) {
      if (!('kind' in entry) || entry.kind === 'run') segments.push(segmentOf(entry, { prefix, number }));
      else for (const segment of placedSegments(entry, { prefix, number })) segments.push(segment);
      number += entry.rules;
    }
    const place = baseChainPlace(this.name, draft.name);
    const base = { name: draft.name, span: draft.span };
    return place
      ? chainOf({ kind: 'base', ...place, ...base, policy: draft.policy, devices: [] }, segments)
      : chainOf({ kind: 'regular', ...base }, segments);
  }
}

function* placedSegments({ entries }: TurnsEntry, { prefix, number: first }: RunPlace): Generator<Segment> {
  const runs = new Map<RunEntry, LineRules>();
  for (const placed of entries) {
    if ('inTurn' in placed) {
      const made = placed.inTurn.map(({ entry, rows }) => new LineRules(entry, { prefix, ...placeOf(rows, first) }));
      putInTurn(made);
      yield* made;
      continue;
    }
    const { entry } = placed;
    if ('at' in placed) {
      const run = runs.get(placed.entry) ?? new LineRules(placed.entry, { prefix, number: first });
      runs.set(placed.entry, run);
      yield run.ruleNumbered(placed.at, placed.row + first);
    } else if ('row' in placed) yield segmentOf(entry, { prefix, number: placed.row + first });
    else yield segmentOf(entry, { prefix, ...placeOf(placed.rows, first) });
  }
}

function segmentOf(entry: Entry | RunEntry, place: RunPlace): Segment {
  if ('kind' in entry) return new LineRules(entry, place);
  const { span, text, parts } = entry;
  return { id: `${place.prefix}${place.number}` as RuleId, number: place.number, span, text, parts };
}
