/** Runs of `-A` lines, appended to their chain without a look at each. */
import type { LineRun } from '../parse/iptables-tree.js';
import { variantAt } from '../parse/line-run.js';
import { LineRules } from './address-run.js';
import type { DumpWalk } from './dump-walk.js';
import { valuesBetween } from './lower-variant.js';
import { stretches } from './stretches.js';
import type { ChainDraft, Entry, RunEntry, TableDraft } from './table-draft.js';

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
  const { command, options } = run.shape.rule;
  const [name, more] = command.values;
  if (command.name !== 'append' || !name || more) return false;
  if (options.some((option) => option.name === '-t' || option.name === '--table')) return false;
  const shape = walk.variants?.shape(run.shape);
  const chain = table.chain(name.text, { file: walk.dump.file, line: run.line, column: 1 });
  if (!shape || !chain || chain.edited) return false;
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

/** From here on the chain's lines are entries one by one. */
export function editSingly(chain: ChainDraft): void {
  if (chain.edited) return;
  chain.edited = true;
  chain.entries.expand((entry) => ('kind' in entry ? entriesOf(entry) : [entry]));
}

const entriesOf = (run: RunEntry): Entry[] =>
  new LineRules(run, { prefix: '', number: 1 }).rules.map(({ span, text, parts }, i) => ({
    ...{ span, text, parts, rules: 1, onlyFamily: run.shape.onlyFamily },
    line: variantAt(run.lines, run.from + i),
  }));
