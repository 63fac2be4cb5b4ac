/** Lines of several shapes in turn (`-s A -j DROP`, `-s B -p tcp --dport P -j DROP`, …): a run for each shape, found by comparing text as those of one are. */
import type { LineTurns, Shape, VariantLine } from './iptables-tree.js';
import { LineColumns, textAt, variantAt, type FirstLine } from './line-run.js';
import { around, type Holes } from './rule-shape.js';

/** Fewer lines are as well read one by one. */
export const fewestInTurn = 64;

export interface ShapedLine {
  readonly shape: Shape;
  readonly holes: Holes;
  readonly text: string;
}

/** What the line of that number, which begins at that offset, is like, known or learnt; null: nothing. */
export type ShapeAt = (begin: number, number: number) => ShapedLine | null;

interface Kind {
  readonly number: number;
  readonly shape: Shape;
  readonly columns: LineColumns;
  readonly below: number[];
  /** The kind that the line behind one of these was last. */
  next: Kind | null;
}

export type Scanned =
  | { readonly turns: LineTurns }
  /** None: up to this offset nothing else would be found from any line on. */
  | { readonly calmTo: number };

/** From this line on, as long as lines are of some shape. */
export function scanTurns(text: string, { number, at }: Omit<FirstLine, 'text'>, shapeAt: ShapeAt): Scanned {
  const kinds = new Map<Shape, Kind>();
  const order: number[] = [];
  let before = null as Kind | null;
  let begin = at;
  while (begin < text.length) {
    let kind: Kind | null = before?.next ?? null;
    let end = kind ? kind.columns.add(begin) : -1;
    if (end < 0) {
      kind = kindOf(text, kinds, shapeAt(begin, number + order.length));
      end = kind ? kind.columns.add(begin) : -1;
    }
    if (!kind || end < 0) break;
    kind.below.push(order.length);
    order.push(kind.number);
    if (before) before.next = kind;
    before = kind;
    begin = end + 1;
  }
  if (order.length < fewestInTurn || kinds.size < 2) return { calmTo: begin };
  const runs = Array.from(kinds.values(), ({ columns, shape, below }) =>
    columns.run(number, shape, Uint32Array.from(below)),
  );
  return { turns: { kind: 'turns', line: number, kinds: Uint16Array.from(order), runs, end: begin - 1 } };
}

function kindOf(text: string, kinds: Map<Shape, Kind>, line: ShapedLine | null): Kind | null {
  if (!line) return null;
  const known = kinds.get(line.shape);
  if (known) return known;
  const columns = new LineColumns(text, around(line.text, line.holes), line.holes.counters > 0);
  const made: Kind = { number: kinds.size, shape: line.shape, columns, below: [], next: null };
  kinds.set(line.shape, made);
  return made;
}

/** Each line by itself, in the order in which they stand. */
export function* linesInTurn({ kinds, runs }: LineTurns): Generator<{ line: VariantLine; text: string }> {
  const next = runs.map(() => 0);
  for (const kind of kinds) {
    const [run, i] = [runs[kind]!, next[kind]!++];
    yield { line: variantAt(run, i), text: textAt(run, i) };
  }
}
