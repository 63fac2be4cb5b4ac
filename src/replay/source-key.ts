/** Who sent a packet, as the key of a table. */
import { formatAddress } from '../oracle/describe-frame.js';

/** IPv4 addresses are numbers, IPv6 addresses the hexadecimal digits of their words. */
export type SourceKey = number | string;

/** The source address of an IP frame, behind any VLAN tags; null elsewhere. */
export function sourceOf(frame: Uint8Array): SourceKey | null {
  let at = 12;
  const type = (): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  while (type() === 0x8100 || type() === 0x88a8) at += 4;
  if (type() === 0x0800 && frame.length >= at + 22)
    return frame[at + 14]! * 2 ** 24 + ((frame[at + 15]! << 16) | (frame[at + 16]! << 8) | frame[at + 17]!);
  if (type() !== 0x86dd || frame.length < at + 42) return null;
  return Buffer.from(frame.buffer, frame.byteOffset + at + 10, 16).toString('hex');
}

export function sourceText(key: SourceKey): string {
  if (typeof key === 'number') return formatAddress(Uint32Array.of(key));
  return formatAddress(Uint32Array.from({ length: 4 }, (_, i) => parseInt(key.slice(i * 8, i * 8 + 8), 16)));
}
