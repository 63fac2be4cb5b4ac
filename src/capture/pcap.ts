/** The classic format (pcap-savefile(5)): a header, then records. */
import type { ByteQueue } from './byte-queue.js';
import type { UnnumberedPacket } from './captured-packet.js';
import { CaptureError, maxCaptured, type PacketSource } from './packet-source.js';

const headerBytes = 24;
const recordBytes = 16;

/** Ticks per second by magic number, read in the byte order of the file. */
const ticks: Readonly<Record<number, number>> = { 0xa1b2c3d4: 1e6, 0xa1b23c4d: 1e9 };

export const isPcap = (magic: DataView): boolean => magic.getUint32(0) in ticks || magic.getUint32(0, true) in ticks;

export function pcapSource(): PacketSource {
  let header: { readonly little: boolean; readonly perSecond: number; readonly link: number } | null = null;

  const readHeader = (queue: ByteQueue): typeof header => {
    const view = queue.peek(headerBytes);
    if (view === null) return null;
    const little = !(view.getUint32(0) in ticks);
    const perSecond = ticks[view.getUint32(0, little)]!;
    // The upper bits tell of a frame check sequence, which lies behind the IP packet and is trimmed with the padding.
    const link = view.getUint32(20, little) & 0xffff;
    queue.take(headerBytes);
    return { little, perSecond, link };
  };

  return {
    next: (queue): UnnumberedPacket | null => {
      header ??= readHeader(queue);
      const record = header && queue.peek(recordBytes);
      if (!header || !record) return null;
      const { little, perSecond, link } = header;
      const seconds = record.getUint32(0, little) + record.getUint32(4, little) / perSecond;
      const captured = record.getUint32(8, little);
      const length = record.getUint32(12, little);
      if (captured > maxCaptured) throw new CaptureError(`a record claims ${captured} captured bytes`);
      if (queue.length < recordBytes + captured) return null;
      queue.take(recordBytes);
      return { seconds, bytes: queue.take(captured), length: Math.max(length, captured), link, direction: null };
    },
  };
}
