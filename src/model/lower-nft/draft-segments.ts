/** The rules of a chain: runs of those that the reader found to be alike, and the others. */
import { fewestTurns } from '../kinds-in-turn.js';
import { placeOf, type AddressRun } from '../address-run.js';
import { isCutAlike, segmentsOfRules } from '../listed-rules.js';
import { cutsOf, fewest, putAroundOdd, putPieces, type Kind } from '../pieces.js';
import type { Rule } from '../ruleset.js';
import { putInTurn, type Segment } from '../segments.js';
import { sliceRules } from '../rule-columns.js';
import { variantOf } from '../../parse/nft/rule-variants.js';
import type { RuleDraft } from './draft.js';
import { lowerRule, startOf, type RuleContext, type RuleStart } from './rules.js';
import { VariantLowering, VariantRules, type LoweredShape } from './variants.js';

export const segmentsOfDrafts = (drafts: readonly RuleDraft[], context: RuleContext, prefix: string): Segment[] =>
  new DraftSegments(drafts, context, prefix).all();

/** Drafts of one shape among others. */
interface DraftKind extends Kind {
  readonly lowered: LoweredShape;
  readonly drafts: readonly RuleDraft[];
}

class DraftSegments {
  readonly #segments: Segment[] = [];
  #single: Rule[] = [];
  #start: RuleStart;
  #variants: VariantLowering;
  /** Up to here shapes do not change often enough, from wherever one begins. */
  #calmTo = 0;

  constructor(
    private readonly drafts: readonly RuleDraft[],
    private readonly context: RuleContext,
    private readonly prefix: string,
  ) {
    this.#start = startOf(context, drafts[0]?.scope ?? null);
    this.#variants = new VariantLowering(this.#start);
  }

  all(): Segment[] {
    for (let from = 0; from < this.drafts.length;) from = this.#take(from);
    this.#putSingle();
    return this.#segments;
  }

  /** Up to which draft they are taken together. */
  #take(from: number): number {
    const { scope } = this.drafts[from]!;
    if (this.#start.scope !== scope) {
      this.#start = startOf(this.context, scope);
      this.#variants = new VariantLowering(this.#start);
    }
    const lowered = this.#shapeAt(from);
    if (!lowered) {
      this.#lowerSingly(from);
      return from + 1;
    }
    return lowered.onlyDrops && this.#turns(from) ? this.#takeTurns(from) : this.#takeAlike(from);
  }

  #takeAlike(from: number): number {
    const lowered = this.#shapeAt(from);
    const to = this.#end(from, (one) => one === lowered);
    if (!lowered || to - from < fewest) for (let at = from; at < to; at++) this.#lowerSingly(at);
    else {
      const rows = Uint32Array.from({ length: to - from }, (_, i) => from + i);
      this.#putPieces([this.#kindOf(lowered, rows)], to, []);
    }
    return to;
  }

  #shapeAt(at: number): LoweredShape | null {
    const shape = variantOf(this.drafts[at]!.rule)?.shape;
    return shape ? this.#variants.shape(shape) : null;
  }

  /** Up to which draft shapes are such, and leave the text alike. */
  #end(from: number, isSuch: (lowered: LoweredShape) => boolean): number {
    const first = this.drafts[from]!;
    let to = from + 1;
    for (; to < this.drafts.length; to++) {
      const draft = this.drafts[to]!;
      if (draft.scope !== first.scope || !isCutAlike(draft, first)) break;
      const lowered = this.#shapeAt(to);
      if (!lowered || !isSuch(lowered)) break;
    }
    return to;
  }

  /** Whether shapes change often from here on. */
  #turns(from: number): boolean {
    if (from < this.#calmTo) return false;
    let changes = 0;
    let before = this.#shapeAt(from);
    const to = this.#end(from, (one) => {
      if (one !== before) changes++;
      before = one;
      return one.onlyDrops && changes < fewestTurns;
    });
    if (changes >= fewestTurns) return true;
    this.#calmTo = to;
    return false;
  }

  #takeTurns(from: number): number {
    const end = this.#end(from, ({ onlyDrops }) => onlyDrops);
    let pending = from;
    for (let at = from; at < end;) {
      const { told } = this.#shapeAt(at)!;
      const to = Math.min(
        end,
        this.#end(at, (one) => one.told === told),
      );
      let kinds: readonly DraftKind[] | null = null;
      const kindsIn = (): readonly DraftKind[] => (kinds ??= this.#kindsIn(at, to));
      const cuts = this.#changes(at, to) < fewestTurns ? null : cutsOf(told, this.#shapesIn(at, to), kindsIn);
      if (cuts) {
        this.#putInOrder(pending, at);
        this.#putPieces(kindsIn(), to, cuts);
        pending = to;
      }
      at = to;
    }
    this.#putInOrder(pending, end);
    return end;
  }

  #changes(from: number, to: number): number {
    let changes = 0;
    for (let at = from + 1; at < to; at++) if (this.#shapeAt(at) !== this.#shapeAt(at - 1)) changes++;
    return changes;
  }

  #shapesIn(from: number, to: number): LoweredShape[] {
    const shapes = new Set<LoweredShape>();
    for (let at = from; at < to; at++) shapes.add(this.#shapeAt(at)!);
    return [...shapes];
  }

  /** Those of a kind by themselves where many stand together. */
  #putInOrder(from: number, to: number): void {
    let pending = from;
    for (let at = from; at < to;) {
      const lowered = this.#shapeAt(at);
      let end = at + 1;
      while (end < to && this.#shapeAt(end) === lowered) end++;
      if (end - at >= fewest) {
        this.#putInTurn(pending, at);
        this.#putPieces(this.#kindsIn(at, end), end, []);
        pending = end;
      }
      at = end;
    }
    this.#putInTurn(pending, to);
  }

  /** Drops of several kinds that keep their order. */
  #putInTurn(from: number, to: number): void {
    const kinds = to - from < fewestTurns ? [] : this.#kindsIn(from, to);
    const takers = {
      between: (begin: number, end: number): void => {
        this.#putInTurn(begin, end);
      },
      single: (at: number): void => {
        this.#lowerSingly(at);
      },
    };
    if (kinds.length < 2) for (let at = from; at < to; at++) this.#lowerSingly(at);
    else if (!putAroundOdd(kinds, [from, to], takers)) {
      this.#putSingle();
      const runs = kinds.map((kind) => this.#run(kind, 0, kind.rows.length, [...kind.values.keys()]));
      putInTurn(runs);
      for (const run of runs) this.#segments.push(run);
    }
  }

  #kindsIn(from: number, to: number): DraftKind[] {
    const rows = new Map<LoweredShape, number[]>();
    for (let at = from; at < to; at++) {
      const lowered = this.#shapeAt(at)!;
      const own = rows.get(lowered);
      if (own) own.push(at);
      else rows.set(lowered, [at]);
    }
    return [...rows].map(([lowered, own]) => this.#kindOf(lowered, Uint32Array.from(own)));
  }

  #kindOf(lowered: LoweredShape, rows: Uint32Array): DraftKind {
    const drafts = Array.from(rows, (row) => this.drafts[row]!);
    const { parts, holding } = lowered;
    return { lowered, parts, holding, drafts, rows, ...this.#variants.valuesOf(lowered, drafts) };
  }

  /** Drafts up to one. */
  #putPieces(kinds: readonly DraftKind[], to: number, cuts: readonly number[]): void {
    putPieces(kinds, to, cuts, {
      run: (kind, begin, end, varying) => {
        this.#putSingle();
        this.#segments.push(this.#run(kind, begin, end, varying));
      },
      single: (row) => {
        this.#lowerSingly(row);
      },
    });
  }

  /** Rules of it from one up to another, which differ in these columns. */
  #run(
    { lowered, drafts, rows, values }: DraftKind,
    begin: number,
    end: number,
    varying: readonly number[],
  ): AddressRun {
    const made = { drafts: drafts.slice(begin, end), lowered, columns: sliceRules(values, begin, end), varying };
    return new VariantRules(made, { prefix: this.prefix, ...placeOf(rows.slice(begin, end), 1) });
  }

  #lowerSingly(at: number): void {
    const draft = this.drafts[at]!;
    const lowered = this.#shapeAt(at);
    const made = lowered && this.#variants.rule(lowered, draft, at + 1);
    for (const rule of made ?? lowerRule(draft, at + 1, this.#start)) this.#single.push(rule);
  }

  #putSingle(): void {
    for (const segment of segmentsOfRules(this.#single, this.prefix)) this.#segments.push(segment);
    this.#single = [];
  }
}
