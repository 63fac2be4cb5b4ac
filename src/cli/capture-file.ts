/** The bytes of a capture file, chunk by chunk; gzip is taken off. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InputError } from '../diagnostic.js';

/** Bytes read at a time. */
const chunkBytes = 1 << 20;

/** `-` is standard input. Throws InputError, at the first chunk, when it cannot be read. */
export async function* captureChunks(file: string): AsyncGenerator<Uint8Array> {
  const stream = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: chunkBytes });
  try {
    const chunks = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const first = await chunks.next();
    if (first.done === true) return;
    const whole = from(first.value, chunks);
    yield* isGzip(first.value) ? unzipped(whole) : whole;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw unreadable(file, code.startsWith('Z_') ? `is a broken gzip file: ${message}` : (reasons[code] ?? message));
  }
}

const isGzip = (chunk: Uint8Array): boolean => chunk[0] === 0x1f && chunk[1] === 0x8b;

async function* from(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}

async function* unzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const fed = pipeline(Readable.from(chunks), gunzip);
  // The reader of `gunzip` is told of the same error.
  fed.catch(() => undefined);
  yield* gunzip as AsyncIterable<Uint8Array>;
  await fed;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'there is no such file',
};

function unreadable(file: string, why: string): InputError {
  const span = { file, line: 0, column: 0 };
  return new InputError([
    { code: 'unreadable', severity: 'error', span, message: `${why}; nothing is replayed`, notes: [] },
  ]);
}
