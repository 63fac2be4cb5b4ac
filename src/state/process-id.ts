/** Names a process so that another one of the same number is not taken for it. */
import { processStat } from '../host/process-stat.js';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot at which it began. */
  readonly started: number;
}

/** Null: there is no such process. */
export function processId(pid: number): ProcessId | null {
  try {
    const { state, started } = processStat(pid);
    return state === 'Z' ? null : { pid, started };
  } catch {
    return null;
  }
}

export const isAlive = ({ pid, started }: ProcessId): boolean => processId(pid)?.started === started;

export function ownProcess(): ProcessId {
  const own = processId(process.pid);
  if (own === null) throw new Error('bug: this process is not in /proc');
  return own;
}
