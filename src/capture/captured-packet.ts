/** A packet as a capture file has it. */
export interface CapturedPacket {
  /** Position in the file, from 1. */
  readonly number: number;
  /** Since the epoch; null where the file does not say (simple packet blocks). */
  readonly seconds: number | null;
  /** What was captured, from the link-layer header on. */
  readonly bytes: Uint8Array;
  /** Bytes that the packet had; more than were captured where a snapshot length cut it. */
  readonly length: number;
  /** LINKTYPE_ number. */
  readonly link: number;
  /** Whether the capturing host received or sent it, where the file says so. */
  readonly direction: 'in' | 'out' | null;
}

export type UnnumberedPacket = Omit<CapturedPacket, 'number'>;
