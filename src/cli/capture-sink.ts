/** Where `offload tail` writes samples to: here a pcapng file or standard output. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pcapngHeader, pcapngInterface, pcapngPacket } from '../capture/write-pcapng.js';
import { sampledFrame } from '../compile/abi.js';
import { LoadError } from '../load/load-error.js';
import { ruleLine } from '../report/tail-lines.js';
import type { TappedSample } from '../sample/tap.js';
import { print } from './output.js';

export interface SampleSink {
  readonly write: (samples: readonly TappedSample[]) => Promise<void>;
  readonly close: () => void;
}

interface Output {
  readonly put: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => void;
}

/** `file` `-` is standard output. The file of a process that was killed ends with a whole packet. Throws LoadError. */
export async function captureSink(file: string): Promise<SampleSink> {
  const { put, close } =
    file === '-' ? { put: (bytes: Uint8Array) => print([bytes]), close: () => undefined } : open(file);
  const interfaces = new Map<string, number>();
  const blocksOf = (sample: TappedSample): readonly Uint8Array[] => {
    const known = interfaces.get(sample.device);
    const number = known ?? interfaces.size;
    interfaces.set(sample.device, number);
    const { time, length, frame: bytes } = sample;
    const packet = pcapngPacket({ interface: number, time, length, bytes, comment: ruleLine(sample.rule) });
    return known === undefined ? [pcapngInterface(sample.device, sampledFrame), packet] : [packet];
  };
  await put(pcapngHeader('offload tail'));
  return {
    write: async (samples) => {
      if (samples.length > 0) await put(Buffer.concat(samples.flatMap(blocksOf)));
    },
    close,
  };
}

function open(file: string): Output {
  const fd = writing(file, () => openSync(file, 'w', 0o600));
  return {
    put: async (bytes) => {
      for (let at = 0; at < bytes.length;) at += writing(file, () => writeSync(fd, bytes, at));
    },
    close: () => closeSync(fd),
  };
}

function writing(file: string, write: () => number): number {
  try {
    return write();
  } catch (cause) {
    const { errno, message } = cause as NodeJS.ErrnoException;
    throw new LoadError({
      errno: Math.abs(errno ?? 0),
      step: 'write capture',
      message: `the samples cannot be written to ${file}: ${message}`,
      cause,
    });
  }
}
