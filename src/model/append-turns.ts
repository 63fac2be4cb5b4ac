/**
 * Lines of several shapes in turn, appended to their chains: drops as runs by kind, where no packet meets two of different kinds; the others in their order.
 */
import type { LineRun, LineTurns, VariantLine } from '../parse/iptables-tree.js';
import { textAt, variantAt } from '../parse/line-run.js';
import { rowFrom, type ShapeParts } from './address-run.js';
import { appendedTo } from './append-run.js';
import type { DumpWalk } from './dump-walk.js';
import { fewestTurns } from './kinds-in-turn.js';
import type { LoweredRule } from './lower-rule.js';
import type { Part } from './match.js';
import { cutsOf, fewest, putAroundOdd, putPieces, toldBy, type Kind, type Told } from './pieces.js';
import type { ChainDraft, PlacedEntry, PlacedRun, RunEntry, TableDraft } from './table-draft.js';
import { sliceRules, type RuleColumn } from './rule-columns.js';

/** A line by itself. */
export type LowerLine = (line: VariantLine) => LoweredRule;

/** False, and nothing is done, where the lines are no plain appending of a rule each, or kinds are many. */
export function appendTurns(walk: DumpWalk, table: TableDraft, turns: LineTurns, lower: LowerLine): boolean {
  const { runs, kinds } = turns;
  if (kinds.length < runs.length * fewest) return false;
  const chains = runs.map((run) => appendedTo(walk, table, run));
  const rows = rowsOf(turns, chains);
  const made: [ChainDraft, readonly PlacedEntry[]][] = [];
  for (const chain of new Set(chains)) {
    if (chain === null) return false;
    const own = runs.flatMap((run, k) => (chains[k] === chain ? [new LineKind(walk, run, rows[k]!)] : []));
    const placed = own.some(({ isOther }) => isOther) ? null : new ChainTurns(own, lower).all();
    if (!placed) return false;
    made.push([chain, placed]);
  }
  for (const [chain, entries] of made)
    chain.entries.push({
      kind: 'turns',
      rules: turns.runs.reduce((sum, _, k) => sum + (chains[k] === chain ? turns.runs[k]!.count : 0), 0),
      entries,
    });
  return true;
}

/** Of each run, the numbers of its lines among those of their chain. */
function rowsOf({ kinds, runs }: LineTurns, chains: readonly (ChainDraft | null)[]): Uint32Array[] {
  const named = [...new Set(chains)];
  const chainOf = chains.map((chain) => named.indexOf(chain));
  const lengths = new Uint32Array(named.length);
  const rows = runs.map(({ count }) => new Uint32Array(count));
  const next = new Uint32Array(runs.length);
  for (const kind of kinds) rows[kind]![next[kind]!++] = lengths[chainOf[kind]!]!++;
  return rows;
}

/** The lines of one shape among those of a chain. */
class LineKind implements Kind {
  readonly shape: ShapeParts | null;
  readonly told: Told;
  readonly isDrop: boolean;
  #found: ReturnType<NonNullable<DumpWalk['variants']>['valuesOf']> | null = null;
  #whole: RunEntry | null = null;
  #odd: ReadonlySet<number> | null = null;

  constructor(
    private readonly walk: DumpWalk,
    readonly run: LineRun,
    readonly rows: Uint32Array,
  ) {
    this.shape = walk.variants?.shape(run.shape) ?? null;
    this.isDrop = this.shape !== null && isDrop(this.shape);
    this.told = this.isDrop ? toldBy(this.shape!) : null;
  }

  /** Its lines are rules of the other family, or several each. */
  get isOther(): boolean {
    const onlyFamily = this.shape?.onlyFamily ?? null;
    return !this.shape || (onlyFamily !== null && onlyFamily !== this.walk.dump.family);
  }

  get #values(): { readonly values: readonly RuleColumn[]; readonly odd: readonly number[] } {
    return (this.#found ??= this.walk.variants!.valuesOf(this.run));
  }

  get parts(): readonly Part[] {
    return this.shape?.parts ?? [];
  }

  get holding(): readonly number[] {
    return this.shape?.holding ?? [];
  }

  /** All its lines, of which each may stand by itself. */
  get whole(): RunEntry {
    const { run, shape, values } = this;
    const { count } = run;
    return (this.#whole ??= {
      ...{ kind: 'run', rules: count, lines: run, shape: shape!, from: 0, count, values },
      varying: [...values.keys()],
    });
  }

  isOdd(i: number): boolean {
    return (this.#odd ??= new Set(this.odd)).has(i);
  }

  get values(): readonly RuleColumn[] {
    return this.#values.values;
  }

  get odd(): readonly number[] {
    return this.#values.odd;
  }
}

/** Some of the lines of a kind. */
interface Piece extends Kind {
  readonly kind: LineKind;
  /** Number of the first of them among those of its shape. */
  readonly first: number;
}

function pieceOf(kind: LineKind, from: number, to: number): Piece {
  const [first, end] = [rowFrom(kind.rows, from), rowFrom(kind.rows, to)];
  const isWhole = first === 0 && end === kind.rows.length;
  return {
    kind,
    first,
    ...{ parts: kind.parts, holding: kind.holding },
    rows: kind.rows.subarray(first, end),
    values: isWhole ? kind.values : sliceRules(kind.values, first, end),
    odd: kind.odd.filter((i) => i >= first && i < end).map((i) => i - first),
  };
}

/** Lines of it from one up to another, which differ in these columns. */
function placedPiece(
  { kind, first, rows, values }: Piece,
  begin: number,
  end: number,
  varying: readonly number[],
): PlacedRun {
  const entry: RunEntry = {
    ...{ kind: 'run', rules: end - begin, lines: kind.run, shape: kind.shape! },
    ...{ from: first + begin, count: end - begin, values: sliceRules(values, begin, end), varying },
  };
  return { entry, rows: rows.slice(begin, end) };
}

class ChainTurns {
  readonly #placed: PlacedEntry[] = [];
  /** Which of the kinds each line is of. */
  readonly #kinds: Uint16Array;
  /** A line is several rules, or none. */
  #isOther = false;

  constructor(
    private readonly kinds: readonly LineKind[],
    private readonly lower: LowerLine,
  ) {
    this.#kinds = new Uint16Array(kinds.reduce((sum, { rows }) => sum + rows.length, 0));
    kinds.forEach(({ rows }, k) => {
      for (const row of rows) this.#kinds[row] = k;
    });
  }

  /** Null: a line is several rules, or none. */
  all(): readonly PlacedEntry[] | null {
    let pending = 0;
    for (let from = 0; from < this.#kinds.length;) {
      const { told } = this.#at(from);
      const to = this.#end(from, (kind) => kind.told === told);
      const cuts = this.#cutsIn(told, from, to);
      if (cuts) {
        this.#putAlike(pending, from);
        this.#put(this.#piecesOf(from, to), to, cuts);
        pending = to;
      }
      from = to;
    }
    this.#putAlike(pending, this.#kinds.length);
    return this.#isOther ? null : this.#placed;
  }

  #at(row: number): LineKind {
    return this.kinds[this.#kinds[row]!]!;
  }

  #end(from: number, isSuch: (kind: LineKind) => boolean): number {
    let to = from + 1;
    while (to < this.#kinds.length && isSuch(this.#at(to))) to++;
    return to;
  }

  #piecesOf(from: number, to: number): Piece[] {
    return [...new Set(this.#kinds.subarray(from, to))].map((k) => pieceOf(this.kinds[k]!, from, to));
  }

  /** Where lines are to be cut to be sorted by kind; null: they keep their order. */
  #cutsIn(told: Told, from: number, to: number): readonly number[] | null {
    let changes = 0;
    for (let row = from + 1; row < to; row++) if (this.#kinds[row] !== this.#kinds[row - 1]) changes++;
    if (changes < fewestTurns) return null;
    const kinds = [...new Set(this.#kinds.subarray(from, to))].map((k) => this.kinds[k]!);
    return cutsOf(told, kinds, () => this.#piecesOf(from, to));
  }

  #putAlike(from: number, to: number): void {
    let pending = from;
    for (let row = from; row < to;) {
      const kind = this.#at(row);
      const end = Math.min(
        to,
        this.#end(row, (one) => one === kind),
      );
      if (end - row >= fewest) {
        this.#putInOrder(pending, row);
        this.#put([pieceOf(kind, row, end)], end, []);
        pending = end;
      } else if (!kind.isDrop) {
        this.#putInOrder(pending, row);
        for (let at = row; at < end; at++) this.#putSingle(at);
        pending = end;
      }
      row = end;
    }
    this.#putInOrder(pending, to);
  }

  /** Drops that keep their order. */
  #putInOrder(from: number, to: number): void {
    const pieces = to - from < fewestTurns ? [] : this.#piecesOf(from, to);
    const takers = {
      between: (begin: number, end: number): void => {
        this.#putInOrder(begin, end);
      },
      single: (row: number): void => {
        this.#putSingle(row);
      },
    };
    if (pieces.length === 0) for (let row = from; row < to; row++) this.#putSingle(row);
    else if (!putAroundOdd(pieces, [from, to], takers)) {
      const inTurn = pieces.map((piece) => placedPiece(piece, 0, piece.rows.length, [...piece.values.keys()]));
      this.#placed.push({ inTurn });
    }
  }

  #put(pieces: readonly Piece[], to: number, cuts: readonly number[]): void {
    putPieces(pieces, to, cuts, {
      run: (piece, begin, end, varying) => {
        this.#placed.push(placedPiece(piece, begin, end, varying));
      },
      single: (row) => {
        this.#putSingle(row);
      },
    });
  }

  #putSingle(row: number): void {
    const kind = this.#at(row);
    const { run, rows } = kind;
    const i = rowFrom(rows, row);
    if (!kind.isOdd(i)) {
      this.#placed.push({ entry: kind.whole, at: i, row });
      return;
    }
    const line = variantAt(run, i);
    const lowered = this.lower(line);
    if (lowered.rules !== 1) this.#isOther = true;
    const span = { file: run.shape.rule.span.file, line: line.line, column: 1 };
    this.#placed.push({ entry: { ...lowered, line, span, text: textAt(run, i) }, row });
  }
}

const isDrop = ({ parts }: ShapeParts): boolean =>
  parts.every((part, i) => 'match' in part || (i === parts.length - 1 && part.statement.kind === 'drop'));
