/** Lines that differ in the name of a set as lines of several shapes in turn: what a line says of another set is another rule. */
import type { LineRun, LineTurns, Shape } from './iptables-tree.js';
import { endAt, lineAt, variantAt } from './line-run.js';
import { countersEnd, expandVariant, setOption } from './rule-shape.js';

/** Where names are many, lines by name are few, and as well taken one by one. */
const fewestByName = 16;
/** They are numbered by 16 bits. */
const most = 65_536;

/** Which of the holes holds the name of a set; -1: none does. */
export const setHole = ({ rule, holes }: Shape): number =>
  holes.findIndex(({ option }) => rule.options[option]!.name === setOption);

interface Kind {
  readonly run: LineRun;
  readonly name: string | null;
  readonly rows: number[];
}

export class LinesBySet {
  /** By the shape whose name is a hole. */
  readonly #shapes = new Map<Shape, Map<string, Shape>>();

  /** As it came where no name is a hole, or lines by name are few. */
  split(node: LineRun | LineTurns): LineRun | LineTurns {
    const runs = node.kind === 'run' ? [node] : node.runs;
    if (runs.every(({ shape }) => setHole(shape) < 0)) return node;
    const order = new Uint16Array(node.kind === 'run' ? node.count : node.kinds.length);
    const kinds = kindsIn(node, order);
    if (!kinds) return node;
    const [only] = kinds;
    if (only && kinds.length === 1 && node.kind === 'run') return this.#ofName(only, false);
    const last = order.length - 1;
    const { run, rows } = kinds[order[last]!]!;
    return {
      ...{ kind: 'turns', line: node.line, kinds: order, end: endAt(run, rows[rows.length - 1]!) },
      runs: kinds.map((kind) => this.#ofName(kind, true)),
    };
  }

  #ofName({ run, name, rows }: Kind, inTurn: boolean): LineRun {
    if (name === null) return run;
    const hole = setHole(run.shape);
    const picked = Uint32Array.from(rows);
    const pick = (column: Uint32Array): Uint32Array => (inTurn ? picked.map((row) => column[row]!) : column);
    const values = run.values
      .filter((_, h) => h !== hole)
      .map(({ start, end }) => ({ start: pick(start), end: pick(end) }));
    const first = rows[0]!;
    const last = values[values.length - 1];
    const from = pick(run.from);
    const words = run.shape.counters > 0 ? countersEnd(run.text, from[0]!) : from[0]!;
    return {
      ...{ kind: 'run', line: run.line, text: run.text, count: rows.length, from, values },
      below: inTurn ? picked.map((row) => lineAt(run, row) - run.line) : run.below,
      shape: this.#shape(run, hole, name, first),
      after: endAt(run, first) - (last ? last.end[0]! : words),
    };
  }

  /** The same for all lines of the name. `row`: one of them. */
  #shape(run: LineRun, hole: number, name: string, row: number): Shape {
    const named = this.#shapes.get(run.shape) ?? new Map<string, Shape>();
    this.#shapes.set(run.shape, named);
    const known = named.get(name);
    if (known) return known;
    const line = variantAt(run, row);
    const made: Shape = {
      rule: expandVariant(line),
      holes: run.shape.holes.flatMap((one, h) => (h === hole ? [] : [{ ...one, length: line.values[h]!.length }])),
      counters: line.counters.length,
      unnamed: run.shape,
    };
    named.set(name, made);
    return made;
  }
}

/** In the order of their first lines; `order` says which each line is of. Null: they are many. */
function kindsIn(node: LineRun | LineTurns, order: Uint16Array): Kind[] | null {
  const runs = node.kind === 'run' ? [node] : node.runs;
  const holes = runs.map(({ shape }) => setHole(shape));
  const known = runs.map(() => new Map<string | null, number>());
  const next = runs.map(() => 0);
  const kinds: Kind[] = [];
  for (let at = 0; at < order.length; at++) {
    const r = node.kind === 'run' ? 0 : node.kinds[at]!;
    const run = runs[r]!;
    const row = next[r]!++;
    const name = holes[r]! < 0 ? null : nameAt(run, holes[r]!, row);
    let kind = known[r]!.get(name);
    if (kind === undefined) {
      kind = kinds.push({ run, name, rows: [] }) - 1;
      known[r]!.set(name, kind);
      if (kinds.length > 1 && kinds.length > Math.min(most, order.length / fewestByName)) return null;
    }
    kinds[kind]!.rows.push(row);
    order[at] = kind;
  }
  return kinds;
}

function nameAt({ text, values }: LineRun, hole: number, row: number): string {
  const { start, end } = values[hole]!;
  return text.slice(start[row], end[row]);
}
