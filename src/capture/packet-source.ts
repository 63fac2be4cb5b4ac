/** What the readers of the two formats have in common. */
import type { ByteQueue } from './byte-queue.js';
import type { UnnumberedPacket } from './captured-packet.js';

export interface PacketSource {
  /** The next packet; null while it is not all there. Throws CaptureError. */
  readonly next: (queue: ByteQueue) => UnnumberedPacket | null;
}

/** The file contradicts itself, or is of a kind that is not read. */
export class CaptureError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CaptureError';
  }
}

/** MAXIMUM_SNAPLEN of libpcap; a record that claims more is a broken file, not a packet. */
export const maxCaptured = 262_144;
