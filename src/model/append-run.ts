/** Runs of `-A` lines, appended to their chain without a look at each. */
import type { LineRun } from '../parse/iptables-tree.js';
import { variantAt } from '../parse/line-run.js';
import type { AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';
import { AddressRun, type RunLines } from './address-run.js';
import type { DumpWalk } from './dump-walk.js';
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
  const { ranges, odd } = walk.variants!.addressesOf(run);
  let from = 0;
  for (const at of [...odd, run.count]) {
    if (at - from === 1) each(from, at);
    else if (at > from) chain.entries.push(entryOf({ lines: run, shape, from, ranges: cut(ranges, from, at) }));
    if (at < run.count) each(at, at + 1);
    from = at + 1;
  }
  return true;
}

const entryOf = (lines: RunLines): RunEntry => ({ kind: 'run', rules: lines.ranges.count, ...lines });

function cut(ranges: AddressRanges, from: number, to: number): AddressRanges {
  const { family, count, lo, hi } = ranges;
  if (from === 0 && to === count) return ranges;
  const words = wordsPerAddress(family);
  return {
    family,
    count: to - from,
    lo: lo.slice(from * words, to * words),
    hi: hi.slice(from * words, to * words),
  };
}

/** From here on the chain's lines are entries one by one. */
export function editSingly(chain: ChainDraft): void {
  if (chain.edited) return;
  chain.edited = true;
  chain.entries.expand((entry) => ('kind' in entry ? entriesOf(entry) : [entry]));
}

const entriesOf = (run: RunEntry): Entry[] =>
  new AddressRun(run, { prefix: '', number: 1 }).rules.map(({ span, text, parts }, i) => ({
    ...{ span, text, parts, rules: 1, onlyFamily: run.shape.onlyFamily },
    line: variantAt(run.lines, run.from + i),
  }));
