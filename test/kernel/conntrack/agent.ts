/** A process in a namespace that does what the test asks, one JSON line a question: `[id, command, arguments]` → `[id, answer, error]`. */
import { createInterface } from 'node:readline';
import { loadNative } from '../../../src/load/native.js';
import { batchOf } from '../differential/frame-file.js';
import type { prefilter } from './prefilter.js';
import { sockets } from './sockets.js';

type Prefiltering = typeof prefilter;

/** The compiler is loaded only where it is used: most agents just hold sockets. */
const lazily =
  <K extends keyof Prefiltering>(name: K) =>
  async (...args: Parameters<Prefiltering[K]>): Promise<Awaited<ReturnType<Prefiltering[K]>>> => {
    const module = await import('./prefilter.js');
    const call = module.prefilter[name] as (...all: Parameters<Prefiltering[K]>) => ReturnType<Prefiltering[K]>;
    return await call(...args);
  };

const commands = {
  ...sockets,
  filter: lazily('filter'),
  dropped: lazily('dropped'),
  /** Frames (hexadecimal) out of a device. */
  frames: (ifindex: number, frames: readonly string[]): Promise<void> =>
    loadNative().sendFrames(ifindex, batchOf(frames.map((frame) => Uint8Array.from(Buffer.from(frame, 'hex'))))),
};

export type AgentCommands = typeof commands;

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [id, name, args] = JSON.parse(line) as [number, keyof AgentCommands, unknown[]];
    const answer = (value: unknown, error: string | null): void =>
      void process.stdout.write(`${JSON.stringify([id, value ?? null, error])}\n`);
    const call = commands[name] as (...all: unknown[]) => unknown;
    Promise.resolve()
      .then(() => call(...args))
      .then((value) => answer(value, null))
      .catch((error: unknown) => answer(null, error instanceof Error ? (error.stack ?? error.message) : String(error)));
  })
  .on('close', () => process.exit(0));
