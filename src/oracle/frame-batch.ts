/** Frames in bulk, in the layout that the native addon takes. */

/** Frame i is bytes[ends[i-1] .. ends[i]); `origins[i]` says what it was built for. */
export interface FrameBatch {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly origins: readonly string[];
}

export interface OriginFrame {
  readonly origin: string;
  readonly frame: Uint8Array;
}

export function frameAt(batch: Pick<FrameBatch, 'bytes' | 'ends'>, i: number): Uint8Array {
  return batch.bytes.subarray(i === 0 ? 0 : batch.ends[i - 1], batch.ends[i]);
}

export function packFrames(frames: readonly OriginFrame[]): FrameBatch {
  const ends = new Uint32Array(frames.length);
  let end = 0;
  frames.forEach(({ frame }, i) => (ends[i] = end += frame.length));
  const bytes = new Uint8Array(end);
  frames.forEach(({ frame }, i) => bytes.set(frame, i === 0 ? 0 : ends[i - 1]));
  return { bytes, ends, origins: frames.map(({ origin }) => origin) };
}

export const chosenFrames = (batch: FrameBatch, numbers: readonly number[]): FrameBatch =>
  packFrames(numbers.map((i) => ({ frame: frameAt(batch, i), origin: batch.origins[i]! })));
