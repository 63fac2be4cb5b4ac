/**
 * The state directory (mode 0700). A record is written before its program is attached, under a name that carries the program's id;
 * afterwards the others of the device are removed. Whoever reads asks the kernel which program runs and takes that record, so a
 * crash at any point leaves a state that tells the truth.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LoadError } from '../load/load-error.js';
import type { Installed, Journal } from '../load/apply.js';
import type { InstalledRecord } from './record.js';
import { writeFileAtomically } from './write-file.js';

/** What of a record the kernel does not know. */
export type RecordedPlan = Pick<
  InstalledRecord,
  'bpffs' | 'planDigest' | 'inputs' | 'counters' | 'residual' | 'appliedAt'
>;

const fileOf = (directory: string, device: string, programId: number): string =>
  join(directory, `${device}.${programId}.json`);

/** Device and program of a file name; device names may hold dots. */
function parseName(name: string): { readonly device: string; readonly programId: number } | null {
  const parts = /^(.+)\.(\d+)\.json$/.exec(name);
  return parts === null ? null : { device: parts[1]!, programId: Number(parts[2]) };
}

/** Errs to fewer: leftovers are overwritten or ignored. */
function programsOf(directory: string, device: string): number[] {
  try {
    return readdirSync(directory).flatMap((name) => {
      const parsed = parseName(name);
      return parsed?.device === device ? [parsed.programId] : [];
    });
  } catch {
    return [];
  }
}

/** Null when nothing is recorded of that program. Throws LoadError when the record cannot be read. */
export function readRecord(directory: string, device: string, programId: number): InstalledRecord | null {
  const file = fileOf(directory, device, programId);
  let record: Partial<InstalledRecord>;
  try {
    record = JSON.parse(readFileSync(file, 'utf8')) as Partial<InstalledRecord>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(file, error);
  }
  if (record.schemaVersion !== 1 || record.programId !== programId || !Array.isArray(record.counters)) {
    throw unusable(file, new Error('it is not a record of this version of offload'));
  }
  return record as InstalledRecord;
}

/** Removes what is recorded of a device. */
export function forgetDevice(directory: string, device: string): void {
  for (const programId of programsOf(directory, device)) rmSync(fileOf(directory, device, programId), { force: true });
}

/** A record that stays is a leftover which nobody reads: not worth failing for. */
function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The directory is gone, or is none.
  }
}

/** The journal of one run of `apply`. Its `prepare` throws LoadError when the disk is full or the directory cannot be written. */
export function openJournal(directory: string, plan: RecordedPlan): Journal {
  let prepared: readonly Installed[] = [];
  const remove = ({ device, programId }: Installed): void =>
    rmSync(fileOf(directory, device.name, programId), { force: true });
  return {
    prepare(installed) {
      prepared = installed;
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        for (const each of installed) {
          writeFileAtomically(
            fileOf(directory, each.device.name, each.programId),
            `${JSON.stringify(recordOf(each, plan))}\n`,
          );
        }
      } catch (error) {
        installed.forEach(remove);
        throw unusable(directory, error);
      }
    },
    commit() {
      for (const { device, programId } of prepared) {
        for (const other of programsOf(directory, device.name)) {
          if (other !== programId) removeIfPossible(fileOf(directory, device.name, other));
        }
      }
    },
    discard() {
      prepared.forEach(remove);
    },
  };
}

const recordOf = ({ device, programId, mode }: Installed, plan: RecordedPlan): InstalledRecord => ({
  schemaVersion: 1,
  device: device.name,
  ifindex: device.ifindex,
  programId,
  mode,
  ...plan,
});

function unusable(path: string, cause: unknown): LoadError {
  const { errno, message } = cause as NodeJS.ErrnoException;
  return new LoadError({
    errno: Math.abs(errno ?? 0),
    step: 'keep state',
    message: `the record of what is attached cannot be kept in ${path}: ${message}`,
    hint: 'free some space or name another directory with --state',
    cause,
  });
}
