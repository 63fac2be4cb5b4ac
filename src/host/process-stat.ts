/** What the kernel tells of a process or thread in `/proc/…/stat` (proc(5)). */
import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** A letter: Z has ended, and nobody has asked for its exit status yet. */
  readonly state: string;
  /** Seconds of CPU, in steps of hundredths: its own, and of all its children that have ended. */
  readonly ownCpu: number;
  readonly childrenCpu: number;
  /** Clock ticks since boot at which it began. */
  readonly started: number;
}

/** Throws where there is none. */
export function processStat(which: number | 'self' | 'thread-self'): ProcessStat {
  const stat = readFileSync(`/proc/${which}/stat`, 'latin1');
  // The command's name stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (at: number): number => Number(fields[at]);
  return {
    state: fields[0] ?? '',
    ownCpu: (ticks(11) + ticks(12)) / 100,
    childrenCpu: (ticks(13) + ticks(14)) / 100,
    started: ticks(19),
  };
}
