/** Frames in a file, for the processes in the namespaces: a u32 (little-endian) length before each. */
import type { FrameBatch } from '../../../src/load/native-api.js';

export function packFrameFile(frames: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length, true);
    bytes.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return bytes;
}

export function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  const ends = new Uint32Array(frames.length);
  let at = 0;
  frames.forEach((frame, i) => {
    bytes.set(frame, at);
    at += frame.length;
    ends[i] = at;
  });
  return { bytes, ends };
}

export function splitFrameFile(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at, true);
    frames.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}

export const unpackFrames = (bytes: Uint8Array): FrameBatch => batchOf(splitFrameFile(bytes));
