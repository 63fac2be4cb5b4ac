/** Replaces tables of netfilter by what stays of them, and back; never over a change that somebody else has made. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOver } from '../host/live/carry.js';
import { loadTable } from '../host/live/load-table.js';
import { type LiveText, readLive, readNow, sameStructure } from '../host/live/read-live.js';
import { structureOf } from '../host/live/structure.js';
import { changedTables, holdsTables, tableTexts, withTable } from '../host/live/table-texts.js';
import { LoadError } from '../load/load-error.js';
import type { ResidualText } from '../residual/residual-texts.js';
import type { Swap } from './install.js';

/** The tables that a residual changes. */
export function swapsOf(live: readonly LiveText[], residuals: readonly ResidualText[]): readonly Swap[] {
  return live.flatMap(({ name, format, encoding, text }) => {
    const residual = residuals.find(({ input }) => input.file === name);
    if (residual === undefined || !holdsTables(format)) return [];
    return changedTables(format, text, residual.text).map(({ table, before, after }) => ({
      name,
      format,
      encoding,
      table,
      original: before,
      residual: after,
    }));
  });
}

/** Throws LoadError when the rules are no longer those that were planned for: the plan then proves nothing. */
export function requireUnchanged(planned: readonly LiveText[]): void {
  if (sameStructure(readLive(), planned)) return;
  throw new LoadError({
    errno: 11,
    step: 'compare ruleset',
    message: 'the rules of this host have changed since they were read',
    hint: 'run it again: it then plans for the rules as they are now',
  });
}

/** Loads the residual of one table. Throws LoadError, having changed nothing, when it is not the original any more. */
export function install(swap: Swap): void {
  const now = tableNow(swap);
  if (!sameRules(swap, now, swap.original)) {
    throw new LoadError({
      errno: 11,
      step: 'compare table',
      message: `table ${swap.table} (${swap.name}) has changed since it was read`,
      hint: 'run it again: it then plans for the rules as they are now',
    });
  }
  loadTable(swap.name, swap.table, carryOver(swap.format, swap.residual, now ?? ''), swap.encoding);
  if (sameRules(swap, tableNow(swap), swap.residual)) return;
  throw new LoadError({
    errno: 5,
    step: 'compare table',
    message: `table ${swap.table} (${swap.name}) is not what was loaded`,
    hint: 'somebody changed it at the same time, or this is a bug in offload',
  });
}

/** Those that others have changed since: neither original nor residual. */
export function changedByOthers(swaps: readonly Swap[]): readonly Swap[] {
  return swaps.filter((swap) => {
    const now = tableNow(swap);
    return !sameRules(swap, now, swap.original) && !sameRules(swap, now, swap.residual);
  });
}

/** Whether netfilter holds just these residuals now, made by `swaps`. */
export function areInstalled(wanted: readonly Swap[], swaps: readonly Swap[]): boolean {
  const known = ({ name, table, format, residual }: Swap): string =>
    JSON.stringify([name, table, structureOf(format, residual)]);
  const made = new Set(swaps.map(known));
  return (
    wanted.length === swaps.length &&
    wanted.every((swap) => made.has(known(swap))) &&
    swaps.every((swap) => sameRules(swap, tableNow(swap), swap.residual))
  );
}

export type Restored = 'restored' | 'was original' | 'changed by others';

/**
 * Puts the original back, with the counters and elements of now. `force`: also over what others have changed since, which is then kept
 * in a file of the state directory.
 */
export function restore(swap: Swap, state: string, force: boolean): Restored {
  const now = tableNow(swap);
  if (sameRules(swap, now, swap.original)) return 'was original';
  const ours = sameRules(swap, now, swap.residual);
  if (!ours && !force) return 'changed by others';
  if (!ours && now !== null)
    writeFileSync(keptFile(swap, state, 'changed'), now, { mode: 0o600, encoding: swap.encoding });
  loadTable(
    swap.name,
    swap.table,
    now === null ? swap.original : carryOver(swap.format, swap.original, now),
    swap.encoding,
  );
  return 'restored';
}

const keptFile = ({ name, table }: Swap, state: string, what: string): string =>
  join(state, `${what}-${name.slice('live:'.length)}-${table.replaceAll(/[^\w.-]/g, '_')}`);

/** Writes the original where an admin can look at it and load it. */
export function keepOriginal(swap: Swap, state: string): string {
  const file = keptFile(swap, state, 'original');
  const text = swap.format === 'nft' ? `delete table ${swap.table}\n${swap.original}` : swap.original;
  writeFileSync(file, text, { mode: 0o600, encoding: swap.encoding });
  return file;
}

/** Null: the table is gone. */
function tableNow({ name, format, table }: Swap): string | null {
  const live = readNow(name);
  return live === null ? null : (tableTexts(format, live.text).get(table) ?? null);
}

const sameRules = ({ format }: Swap, now: string | null, text: string): boolean =>
  now !== null && structureOf(format, now) === structureOf(format, text);

/** Readings in which tables that hold a residual of ours are the originals again: what is to be planned for. */
export function asOriginal(live: readonly LiveText[], swaps: readonly Swap[]): readonly LiveText[] {
  return live.map((one): LiveText => {
    const { name, format } = one;
    if (!holdsTables(format)) return one;
    const text = swaps
      .filter((swap) => swap.name === name)
      .reduce((sofar, swap) => {
        const now = tableTexts(format, sofar).get(swap.table) ?? null;
        return now !== null && sameRules(swap, now, swap.residual)
          ? withTable(format, sofar, swap.table, carryOver(format, swap.original, now))
          : sofar;
      }, one.text);
    return { ...one, text };
  });
}

/**
 * What is read of them: nft lists iptables-nft's tables too, and there those that hold a residual of ours are not the originals. Their dumps
 * say all of them.
 */
export function listedOnce({ format, text }: Pick<LiveText, 'format' | 'text'>, swaps: readonly Swap[]): string {
  if (format !== 'nft') return text;
  const dumps: Readonly<Record<string, string>> = { 'live:iptables-nft-save': 'ip', 'live:ip6tables-nft-save': 'ip6' };
  return swaps.reduce((sofar, { name, table }) => {
    const family = dumps[name];
    return family === undefined ? sofar : withTable(format, sofar, `${family} ${table}`, '');
  }, text);
}
