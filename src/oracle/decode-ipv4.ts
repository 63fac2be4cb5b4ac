/** `ip_rcv_core` (Linux 6.x): its checks in its order, then the fields. */
import { onesComplementSum } from './checksum.js';
import { lost, type Packet, type Reception } from './packet.js';

export type Link = Pick<Packet, 'packetType' | 'sourceMac' | 'tagged'>;

/** Option types with the copy bit: 131 loose, 137 strict source route. */
function hasSourceRoute(options: Uint8Array): boolean {
  for (let i = 0; i < options.length;) {
    const type = options[i] ?? 0;
    if (type === 131 || type === 137) return true;
    if (type === 0) return false;
    if (type === 1) i += 1;
    else {
      const length = options[i + 1] ?? 0;
      if (length < 2) return false;
      i += length;
    }
  }
  return false;
}

/** `bytes` starts at the IP header and may have link padding at its end. */
export function decodeIpv4(bytes: Uint8Array, link: Link): Reception {
  if (bytes.length < 20) return lost('IPv4 header cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  const headerBytes = (first & 15) * 4;
  if (headerBytes < 20 || first >> 4 !== 4) return lost('no IPv4 header');
  if (bytes.length < headerBytes) return lost('IPv4 options cut short');
  if (onesComplementSum(bytes.subarray(0, headerBytes)) !== 0xffff) return lost('IPv4 checksum');
  const total = view.getUint16(2);
  if (total > bytes.length) return lost('IPv4 total length beyond the frame');
  if (total < headerBytes) return lost('IPv4 total length within the header');
  // MF or an offset: conntrack or the input path may put it together first, then netfilter sees other bytes than these.
  const fragment = (view.getUint16(6) & 0x3fff) !== 0;
  return {
    kind: 'packet',
    packet: {
      ...link,
      family: 4,
      saddr: Uint32Array.of(view.getUint32(12)),
      daddr: Uint32Array.of(view.getUint32(16)),
      protocol: view.getUint8(9),
      fragment,
      l4: fragment ? null : bytes.subarray(headerBytes, total),
      ttl: view.getUint8(8),
      tos: view.getUint8(1),
      length: total,
      sourceRouted: hasSourceRoute(bytes.subarray(20, headerBytes)),
    },
  };
}
