/** What the process that follows this host says of itself, in `watch.json` of the state directory: for `offload status`, and for a second one. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CounterRun } from './install-record.js';
import type { ProcessId } from './process-id.js';
import { writeFileAtomically } from './write-file.js';

export interface WatchRecord {
  readonly version: 1;
  readonly process: ProcessId;
  readonly devices: readonly string[];
  /** ISO 8601. */
  readonly since: string;
  /** Seconds for which the filter drops when the process is gone. */
  readonly lease: number;
  /** Seconds from a change until the filter has it, at worst so far, by what tells of changes. */
  readonly delays: readonly { readonly source: string; readonly seconds: number }[];
  /** Elements put in or taken out in place. */
  readonly elements: number;
  /** Times that the filter was replaced. */
  readonly replaced: number;
  readonly lastChange: { readonly at: string; readonly what: string } | null;
  /** Why everything passes; null: the filter drops. */
  readonly passing: string | null;
  /** Kernel id of the program that `added` is of. */
  readonly programs: readonly number[];
  /** Counters of elements that came after the program was made. */
  readonly added: readonly CounterRun[];
}

const fileOf = (state: string): string => join(state, 'watch.json');

/** Null: there is none that this version can read. */
export function readWatchRecord(state: string): WatchRecord | null {
  try {
    const record = JSON.parse(readFileSync(fileOf(state), 'utf8')) as WatchRecord;
    return (record.version as number) === 1 ? record : null;
  } catch {
    return null;
  }
}

/** Throws the errors of `node:fs`. */
export const writeWatchRecord = (state: string, record: WatchRecord): void =>
  writeFileAtomically(fileOf(state), `${JSON.stringify(record)}\n`);

export const forgetWatchRecord = (state: string): void => rmSync(fileOf(state), { force: true });
