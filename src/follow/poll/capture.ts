/** Runs the system's own tools beside the event loop, and says what they cost. */
import { spawn } from 'node:child_process';
import { processStat } from '../../host/process-stat.js';
import { decode } from '../../host/text-encoding.js';

export type Captured =
  /** `text`: as a reading of the host is decoded. `cpu`: seconds of CPU; `began`, `ended`: milliseconds since the epoch. */
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly cpu: number;
      readonly began: number;
      readonly ended: number;
    }
  | { readonly kind: 'failed'; readonly why: string };

/** What a string can hold. */
const most = 512 * 1024 * 1024 - 1024;
const timeoutMilliseconds = 120_000;

/** No shell is involved. */
export function capture(command: string, args: readonly string[]): Promise<Captured> {
  const began = Date.now();
  const before = processStat('self').childrenCpu;
  return new Promise((done) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMilliseconds,
      killSignal: 'SIGKILL',
      env: { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString('latin1')).slice(0, 2000)));
    child.on('error', (error) => done({ kind: 'failed', why: `\`${command}\` cannot be run: ${error.message}` }));
    child.on('close', (code, signal) => {
      if (code === 0 && size <= most) {
        const { text } = decode(Buffer.concat(chunks, size));
        const ended = Date.now();
        // Whoever plans runs tools, too: one alone takes no more than the time that it ran.
        done({
          kind: 'text',
          text,
          cpu: Math.min(processStat('self').childrenCpu - before, (ended - began) / 1000),
          began,
          ended,
        });
      } else
        done({
          kind: 'failed',
          why: `\`${[command, ...args].join(' ')}\` failed (${signal ?? code}): ${stderr.trim()}`,
        });
    });
  });
}
