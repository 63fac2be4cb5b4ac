/** One line for each thing that a watcher did or met, on stderr: with the time on a terminal or in a file, for the journal with a priority. */
import { printable } from '../report/printable.js';
import type { WatchLog } from '../watch/filter.js';
import { tell } from './output.js';

/** Priorities of syslog, as sd-daemon(3) writes them before a line. */
const priorities = { note: 5, warn: 4 } as const;

export function watchLog(quiet: boolean): WatchLog {
  const toJournal = process.env['JOURNAL_STREAM'] !== undefined;
  const line = (kind: keyof typeof priorities, text: string): void => {
    const begin = toJournal ? `<${priorities[kind]}>` : `${new Date().toISOString()} `;
    for (const each of text.split('\n')) tell(`${begin}${printable(each)}\n`);
  };
  return {
    note: (text) => {
      if (!quiet) line('note', text);
    },
    warn: (text) => line('warn', text),
  };
}
