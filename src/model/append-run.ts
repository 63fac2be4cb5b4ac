/** Runs of `-A` lines, appended to their chain without a look at each. */
import type { LineRun } from '../parse/iptables-tree.js';
import { lineAt, variantAt } from '../parse/line-run.js';
import { LineRules } from './address-run.js';
import type { DumpWalk } from './dump-walk.js';
import { valuesBetween } from './lower-variant.js';
import { stretches } from './stretches.js';
import type { ChainDraft, ChainEntry, Entry, PlacedRun, RunEntry, TableDraft } from './table-draft.js';

/**
 * False, and nothing is done, where the lines are no plain appending; `each` is told of lines from one up to another that must be applied by
 * themselves.
 */
export function appendRun(
  walk: DumpWalk,
  table: TableDraft,
  run: LineRun,
  each: (from: number, to: number) => void,
): boolean {
  const chain = appendedTo(walk, table, run);
  const shape = walk.variants?.shape(run.shape);
  if (!shape || !chain) return false;
  if (shape.onlyFamily !== null && shape.onlyFamily !== walk.dump.family) return true;
  const { values, odd } = walk.variants!.valuesOf(run);
  let from = 0;
  for (const at of [...odd, run.count]) {
    if (at - from === 1) each(from, at);
    else if (at > from)
      for (const { rows, varying } of stretches(values, from, at)) {
        const count = rows[1] - rows[0];
        const own = valuesBetween(values, rows[0], rows[1], run.count);
        chain.entries.push({
          kind: 'run',
          rules: count,
          lines: run,
          shape,
          from: rows[0],
          count,
          values: own,
          varying,
        });
      }
    if (at < run.count) each(at, at + 1);
    from = at + 1;
  }
  return true;
}

/** The chain to whose end the lines are put; null: they do something else, or what stands there is edited line by line. */
export function appendedTo(walk: DumpWalk, table: TableDraft, run: LineRun): ChainDraft | null {
  const { command, options } = run.shape.rule;
  const [name, more] = command.values;
  if (command.name !== 'append' || !name || more) return null;
  if (options.some((option) => option.name === '-t' || option.name === '--table')) return null;
  const chain = table.chain(name.text, { file: walk.dump.file, line: lineAt(run, 0), column: 1 });
  return chain?.edited ? null : chain;
}

/** From here on the chain's lines are entries one by one. */
export function editSingly(chain: ChainDraft): void {
  if (chain.edited) return;
  chain.edited = true;
  chain.entries.expand(linesOf);
}

function linesOf(entry: ChainEntry): Entry[] {
  if (!('kind' in entry)) return [entry];
  if (entry.kind === 'run') return runLines(entry);
  const runs = new Map<RunEntry, Entry[]>();
  const placed = entry.entries.flatMap((one): { readonly line: Entry; readonly row: number }[] => {
    if ('inTurn' in one) return one.inTurn.flatMap(placedLines);
    if ('rows' in one) return placedLines(one);
    if (!('at' in one)) return [{ line: one.entry, row: one.row }];
    const lines = runs.get(one.entry) ?? runLines(one.entry);
    runs.set(one.entry, lines);
    return [{ line: lines[one.at]!, row: one.row }];
  });
  return placed.sort((a, b) => a.row - b.row).map(({ line }) => line);
}

const placedLines = ({ entry, rows }: PlacedRun): { readonly line: Entry; readonly row: number }[] =>
  runLines(entry).map((line, i) => ({ line, row: rows[i]! }));

const runLines = (entry: RunEntry): Entry[] =>
  new LineRules(entry, { prefix: '', number: 1 }).rules.map(({ span, text, parts }, i) => ({
    ...{ span, text, parts, rules: 1, onlyFamily: entry.shape.onlyFamily },
    line: variantAt(entry.lines, entry.from + i),
  }));
