/** What a program writes of a packet that it drops: struct sample of bpf/abi-control.h. */
import { offsetOf, sample, sampledFrame, sizeOf } from '../compile/abi.js';
import type { FrameBatch } from '../load/native-api.js';
import { weightOf } from './rate.js';

export interface Sample {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly ifindex: number;
  /** Of the counter of the drop, in the map `counters`. */
  readonly place: number;
  /** Of the frame, in bytes; `frame` has the first of them. */
  readonly length: number;
  readonly frame: Uint8Array;
  /** Dropped packets that it stands for. */
  readonly weight: number;
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** `clockZero`: nanoseconds since the epoch when CLOCK_MONOTONIC was 0. */
export function readSamples({ bytes, ends }: FrameBatch, clockZero: bigint): Sample[] {
  return Array.from(ends, (end, i) => readSample(bytes.subarray(i === 0 ? 0 : ends[i - 1], end), clockZero));
}

function readSample(bytes: Uint8Array, clockZero: bigint): Sample {
  if (bytes.length !== sizeOf(sample)) throw new Error(`bug: a sample of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (name: string): number => view.getUint32(offsetOf(sample, name), littleEndian);
  const frame = offsetOf(sample, 'frame');
  return {
    time: clockZero + view.getBigUint64(offsetOf(sample, 'time'), littleEndian),
    ifindex: number('ifindex'),
    place: number('place'),
    length: number('length'),
    frame: bytes.subarray(frame, frame + Math.min(number('captured'), sampledFrame)),
    weight: weightOf(number('chance')),
  };
}
