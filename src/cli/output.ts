/** The only place that writes to the terminal. Reports go to stdout, everything else to stderr. */
import { once } from 'node:events';
import { isatty } from 'node:tty';
import pc from 'picocolors';
import { printable } from '../report/printable.js';
import type { TextStyle } from '../report/text-style.js';

/** Width of a report that does not go to a terminal: the same everywhere, so that it can be compared. */
const plainColumns = 110;

/** A reader that has seen enough (`| head`) closes the pipe: that is no error. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
}

/** Writes piece by piece and waits for slow readers. */
export async function print(pieces: Iterable<string | Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}

/** `offload: …` on stderr; may have several lines, each made safe for a terminal. */
export function complain(message: string): void {
  process.stderr.write(`offload: ${message.split('\n').map(printable).join('\n')}\n`);
}

/** For text that is already safe: diagnostics and notes. */
export const tell = (text: string): void => void process.stderr.write(text);

export function terminalStyle(all: boolean): TextStyle {
  // Not `isTTY`, which is undefined on a pipe: for undefined picocolors decides itself, and colours wherever CI is set.
  const terminal = isatty(process.stdout.fd);
  const noColor = process.env['NO_COLOR'];
  return {
    columns:
      terminal && process.stdout.columns > 0 ? Math.max(60, Math.min(160, process.stdout.columns)) : plainColumns,
    colors: pc.createColors(terminal && (noColor === undefined || noColor === '') && process.env['TERM'] !== 'dumb'),
    all,
  };
}
