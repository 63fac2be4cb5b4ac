/** `ip_rcv_core` (Linux 6.x): its checks in its order, then the fields. */
import { onesComplementSum } from './checksum.js';
import { read16, readAddress } from './network-order.js';
import { lost, type Packet, type Reception } from './packet.js';

export type Link = Pick<Packet, 'packetType' | 'sourceMac' | 'hidden' | 'tags'>;

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
  const first = bytes[0] ?? 0;
  const headerBytes = (first & 15) * 4;
  if (headerBytes < 20 || first >> 4 !== 4) return lost('no IPv4 header');
  if (bytes.length < headerBytes) return lost('IPv4 options cut short');
  const discarded = onesComplementSum(bytes, 0, 0, headerBytes) === 0xffff ? null : 'IPv4 checksum';
  const total = read16(bytes, 2);
  if (total > bytes.length) return lost(discarded ?? 'IPv4 total length beyond the frame');
  if (total < headerBytes) return lost(discarded ?? 'IPv4 total length within the header');
  // MF or an offset: conntrack or the input path may put it together first, then netfilter sees other bytes than these.
  const fragment = (read16(bytes, 6) & 0x3fff) !== 0;
  // No spread: it costs twenty times what the rest of the decoding does.
  const packet: Packet = {
    packetType: link.packetType,
    sourceMac: link.sourceMac,
    hidden: link.hidden,
    tags: link.tags,
    family: 4,
    saddr: readAddress(bytes, 12, 1),
    daddr: readAddress(bytes, 16, 1),
    protocol: bytes[9] ?? 0,
    fragment,
    get l4() {
      return fragment ? null : bytes.subarray(headerBytes, total);
    },
    ttl: bytes[8] ?? 0,
    tos: bytes[1] ?? 0,
    length: total,
    sourceRouted: headerBytes > 20 && hasSourceRoute(bytes.subarray(20, headerBytes)),
  };
  return discarded === null ? { kind: 'packet', packet } : lost(discarded, false, packet);
}
