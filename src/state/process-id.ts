/** Names a process so that another one of the same number is not taken for it. */
import { readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot at which it began. */
  readonly started: number;
}

/** Null: there is no such process. */
export function processId(pid: number): ProcessId | null {
  try {
    // The command's name stands in brackets and may hold anything; the start is the 20th field behind it (proc(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : { pid, started: Number(fields[19]) };
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
