/** Which core does what: the last one is measured on, for interrupts and what else runs tend to be on the first. */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

export const measuringCore = cpus().length - 1;
export const otherCore = 0;

/** Moves every thread of this process, and those to come, to the measuring core. */
export function stayOnMeasuringCore(): void {
  const args = ['--all-tasks', '--cpu-list', '--pid', String(measuringCore), String(process.pid)];
  const { status, stderr, error } = spawnSync('taskset', args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}

/** The command on one core, and with `urgent` before nearly everything that is not: as interrupts are. */
export const onCore = (core: number, command: readonly string[], urgent = false): string[] => [
  ...(urgent ? ['nice', '--adjustment=-20'] : []),
  ...['taskset', '--cpu-list', String(core)],
  ...command,
];
