/** `ip6_rcv_core` (Linux 6.x) and the header walk of `ipv6_find_hdr`. */
import type { Link } from './decode-ipv4.js';
import { read16, readAddress } from './network-order.js';
import { lost, type Packet, type Reception } from './packet.js';

interface Walk {
  readonly protocol: number | null;
  readonly fragment: boolean;
  /** Offset of the layer-4 header; beyond the packet where the chain is cut short. */
  readonly offset: number;
}

const unknownWalk = (fragment: boolean): Walk => ({ protocol: null, fragment, offset: -1 });

/**
 * Hop-by-hop, destination options and routing headers are walked by every tool. AH is walked by legacy ip6tables only, 135 and
 * 139 by none (facts: they are the protocol then). With a fragment header, reassembly decides what netfilter sees.
 */
function walkHeaders(packet: Uint8Array, first: number): Walk {
  let next = first;
  let offset = 40;
  while (next === 0 || next === 43 || next === 60 || next === 44 || next === 51) {
    if (next === 44) return unknownWalk(true);
    if (next === 51 || offset + 2 > packet.length) return unknownWalk(false);
    next = packet[offset] ?? 0;
    offset += ((packet[offset + 1] ?? 0) + 1) * 8;
  }
  return offset > packet.length ? unknownWalk(false) : { protocol: next, fragment: false, offset };
}

const isMulticast = (address: Uint32Array): boolean => (address[0] ?? 0) >>> 24 === 0xff;
const isLoopback = (a: Uint32Array): boolean => a[0] === 0 && a[1] === 0 && a[2] === 0 && a[3] === 1;

/** Why `ip6_rcv_core` discards these addresses, or null. */
function badAddresses(saddr: Uint32Array, daddr: Uint32Array): string | null {
  if (isLoopback(saddr) || isLoopback(daddr)) return 'IPv6 loopback address from outside';
  if (isMulticast(saddr)) return 'IPv6 multicast source';
  const scope = ((daddr[0] ?? 0) >>> 16) & 15;
  if (isMulticast(daddr) && scope <= 1) return 'IPv6 multicast of reserved or interface scope';
  return null;
}

/** `bytes` starts at the IPv6 header and may have link padding at its end. */
export function decodeIpv6(bytes: Uint8Array, link: Link): Reception {
  if (bytes.length < 40) return lost('IPv6 header cut short');
  if ((bytes[0] ?? 0) >> 4 !== 6) return lost('no IPv6 header');
  const saddr = readAddress(bytes, 8, 4);
  const daddr = readAddress(bytes, 24, 4);
  const discarded = badAddresses(saddr, daddr);
  const payload = read16(bytes, 4);
  if (payload + 40 > bytes.length) return lost(discarded ?? 'IPv6 payload length beyond the frame');
  const nextHeader = bytes[6] ?? 0;
  // Payload length 0 with hop-by-hop announces a jumbogram: nothing is trimmed, and the option decides.
  const jumbo = payload === 0 && nextHeader === 0;
  const trimmed = bytes.subarray(0, 40 + payload);
  const walk = jumbo ? unknownWalk(false) : walkHeaders(trimmed, nextHeader);
  const packet: Packet = {
    packetType: link.packetType,
    sourceMac: link.sourceMac,
    hidden: link.hidden,
    tags: link.tags,
    family: 6,
    saddr,
    daddr,
    protocol: walk.protocol,
    fragment: walk.fragment,
    l4: walk.protocol === null ? null : trimmed.subarray(walk.offset),
    ttl: bytes[7] ?? 0,
    tos: (read16(bytes, 0) >> 4) & 0xff,
    length: jumbo ? null : 40 + payload,
    sourceRouted: false,
  };
  return discarded === null ? { kind: 'packet', packet } : lost(discarded, false, packet);
}
