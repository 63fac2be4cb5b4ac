/**
 * The state directory (mode 0700). A record is written before its program is attached, under a name that carries the program's id;
 * afterwards the others of the device are removed. Whoever reads asks the kernel which program runs and takes that record, so a
 * crash at any point leaves a state that tells the truth.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Installed, Journal } from '../load/apply.js';
import { LoadError } from '../load/load-error.js';
import type { InstallRecord } from './install-record.js';
import { writeFileAtomically } from './write-file.js';

const fileOf = (state: string, device: string, programId: number): string => join(state, `${device}.${programId}.json`);

/** Program of a record's file name, if it is one of `device`; device names may hold dots. */
function programOf(name: string, device: string): number | null {
  const parts = /^(.+)\.(\d+)\.json$/.exec(name);
  return parts?.[1] === device ? Number(parts[2]) : null;
}

/** Programs that something is recorded of. Errs to fewer: leftovers are overwritten or never read. */
function programsOf(state: string, device: string): number[] {
  try {
    return readdirSync(state).flatMap((name) => programOf(name, device) ?? []);
  } catch {
    return [];
  }
}

/** The record of this program. Null when there is none that this version can read. */
export function readRecord(state: string, device: string, programId: number): InstallRecord | null {
  try {
    const record = JSON.parse(readFileSync(fileOf(state, device, programId), 'utf8')) as InstallRecord;
    return record.programId === programId && (record.version as number) === 1 ? record : null;
  } catch {
    return null;
  }
}

/** Removes what is recorded of a device. */
export function forgetRecord(state: string, device: string): void {
  for (const programId of programsOf(state, device)) removeIfPossible(fileOf(state, device, programId));
}

/** A record that stays is a leftover which nobody reads: not worth failing for. */
function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The directory is gone, or is none.
  }
}

export interface OpenJournal extends Journal {
  /** Writes the records once more: what they say of the programs before is final now. */
  readonly settle: () => void;
}

/** The journal of one run of `apply`. `settled`: what the record says of programs before is final. Its `prepare` throws LoadError when the disk is full or the directory cannot be written. */
export function openJournal(
  state: string,
  recordOf: (installed: Installed, settled: boolean) => InstallRecord,
): OpenJournal {
  let prepared: readonly Installed[] = [];
  const write = (each: Installed, settled: boolean): void =>
    writeFileAtomically(fileOf(state, each.device.name, each.programId), `${textOf(recordOf(each, settled))}\n`);
  const remove = ({ device, programId }: Installed): void => removeIfPossible(fileOf(state, device.name, programId));
  return {
    prepare(installed) {
      prepared = installed;
      try {
        mkdirSync(state, { recursive: true, mode: 0o700 });
        for (const each of installed) write(each, false);
      } catch (error) {
        installed.forEach(remove);
        throw unusable(state, error);
      }
    },
    commit() {
      for (const { device, programId } of prepared) {
        for (const other of programsOf(state, device.name)) {
          if (other !== programId) removeIfPossible(fileOf(state, device.name, other));
        }
      }
    },
    discard() {
      prepared.forEach(remove);
    },
    settle() {
      try {
        for (const each of prepared) write(each, true);
      } catch {
        // What was written before falls short by the packets of a moment.
      }
    },
  };
}

/** A record is written twice, and for each device: what it says of a hundred thousand rules is put into words once. */
function textOf({ counters, texts, ...rest }: InstallRecord): string {
  return `${JSON.stringify(rest).slice(0, -1)},"counters":${wordsOf(counters)},"texts":${wordsOf(texts)}}`;
}

const words = new WeakMap<object, string>();

function wordsOf(part: object): string {
  const known = words.get(part) ?? JSON.stringify(part);
  words.set(part, known);
  return known;
}

function unusable(path: string, cause: unknown): LoadError {
  const { errno, message } = cause as NodeJS.ErrnoException;
  return new LoadError({
    errno: Math.abs(errno ?? 0),
    step: 'keep state',
    message: `the record of what is attached cannot be kept in ${path}: ${message}`,
    hint: 'free some space or name another directory with --state; nothing was attached',
    cause,
  });
}
