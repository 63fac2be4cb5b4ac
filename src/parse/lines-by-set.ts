/** Lines that differ in the name of a set as lines of several shapes in turn: what a line says of another set is another rule. */
import type { LineRun, LineTurns, Shape } from './iptables-tree.js';
import { endAt, endOf, lineAt, variantAt } from './line-run.js';
import { countersEnd, expandVariant, setOption } from './rule-shape.js';

/** Where names are many, lines by name are few, and as well taken one by one. */
const fewestByName = 16;
/** They are numbered by 16 bits. */
const most = 65_536;

/** Which of the holes holds the name of a set; -1: none does. */
export const setHole = ({ rule, holes }: Shape): number =>
  holes.findIndex(({ option }) => rule.options[option]!.name === setOption);

/** The lines of one name, or of a run in which none is told apart. */
interface Kind {
  /** Number of the run that they are of. */
  readonly run: number;
  readonly name: string | null;
  /** How many. */
  count: number;
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
    if (kinds.length === 1 && node.kind === 'run') return this.#named(node, only!.name!);
    const byKind: LineRun[] = [];
    runs.forEach((run, r) => {
      const own = kinds.flatMap((kind, k) => (kind.run === r ? [k] : []));
      if (setHole(run.shape) < 0) byKind[own[0]!] = run;
      else
        for (const [i, picked] of pickedBy(run, r, node, order, kinds, own))
          byKind[i] = this.#named(picked, kinds[i]!.name!);
    });
    const last = runs[node.kind === 'run' ? 0 : node.kinds[order.length - 1]!]!;
    return { kind: 'turns', line: node.line, kinds: order, end: endOf(last), runs: byKind };
  }

  /** Lines that all have that name, which is no value of theirs any more. */
  #named(run: LineRun, name: string): LineRun {
    const hole = setHole(run.shape);
    const values = run.values.filter((_, h) => h !== hole);
    const last = values[values.length - 1];
    const words = run.shape.counters > 0 ? countersEnd(run.text, run.from[0]!) : run.from[0]!;
    return {
      ...run,
      values,
      shape: this.#shape(run, hole, name),
      after: endAt(run, 0) - (last ? last.end[0]! : words),
    };
  }

  /** The same for all lines of the name. */
  #shape(run: LineRun, hole: number, name: string): Shape {
    const named = this.#shapes.get(run.shape) ?? new Map<string, Shape>();
    this.#shapes.set(run.shape, named);
    const known = named.get(name);
    if (known) return known;
    const line = variantAt(run, 0);
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
    const run = node.kind === 'run' ? 0 : node.kinds[at]!;
    const row = next[run]!++;
    const name = holes[run]! < 0 ? null : nameAt(runs[run]!, holes[run]!, row);
    let kind = known[run]!.get(name);
    if (kind === undefined) {
      kind = kinds.push({ run, name, count: 0 }) - 1;
      known[run]!.set(name, kind);
      if (kinds.length > 1 && kinds.length > Math.min(most, order.length / fewestByName)) return null;
    }
    kinds[kind]!.count++;
    order[at] = kind;
  }
  return kinds;
}

function nameAt({ text, values }: LineRun, hole: number, row: number): string {
  const { start, end } = values[hole]!;
  return text.slice(start[row], end[row]);
}

/** The lines of run `r` by kind, those of `own`: all columns are sorted at once. */
function* pickedBy(
  run: LineRun,
  r: number,
  node: LineRun | LineTurns,
  order: Uint16Array,
  kinds: readonly Kind[],
  own: readonly number[],
): Generator<[kind: number, lines: LineRun]> {
  const begin = new Uint32Array(kinds.length);
  let sum = 0;
  for (const k of own) {
    begin[k] = sum;
    sum += kinds[k]!.count;
  }
  const next = begin.slice();
  const place = new Uint32Array(run.count);
  let row = 0;
  for (let at = 0; at < order.length; at++)
    if (node.kind === 'run' || node.kinds[at] === r) place[row++] = next[order[at]!]!++;
  const sorted = (valueOf: (row: number) => number): Uint32Array => {
    const column = new Uint32Array(run.count);
    for (let i = 0; i < run.count; i++) column[place[i]!] = valueOf(i);
    return column;
  };
  const from = sorted((i) => run.from[i]!);
  const below = sorted((i) => lineAt(run, i) - run.line);
  const values = run.values.map(({ start, end }) => ({ start: sorted((i) => start[i]!), end: sorted((i) => end[i]!) }));
  for (const k of own) {
    const { count } = kinds[k]!;
    const cut = (column: Uint32Array): Uint32Array => column.subarray(begin[k], begin[k]! + count);
    const columns = values.map(({ start, end }) => ({ start: cut(start), end: cut(end) }));
    yield [k, { ...run, count, from: cut(from), below: cut(below), values: columns }];
  }
}
