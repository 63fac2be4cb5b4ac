/** Ethernet and VLAN: from the bytes that XDP sees to what `ip_rcv` and `ipv6_rcv` hand to PREROUTING. */
import type { LinkField } from '../model/field.js';
import { decodeIpv4 } from './decode-ipv4.js';
import { decodeIpv6 } from './decode-ipv6.js';
import { read16 } from './network-order.js';
import { lost, type Packet, type Reception } from './packet.js';

const BROADCAST_MAC = 0xffffffffffff;
const nothingHidden: ReadonlySet<LinkField> = new Set();

/** 48-bit big-endian number at `offset`. */
function readMac(frame: Uint8Array, offset: number): number {
  let mac = 0;
  for (let i = 0; i < 6; i++) mac = mac * 256 + (frame[offset + i] ?? 0);
  return mac;
}

/** `eth_type_trans`: null is PACKET_OTHERHOST. Without the device's address every unicast frame counts as ours. */
function packetTypeOf(destination: number, firstByte: number, mac: number | null): Packet['packetType'] | null {
  if (destination === BROADCAST_MAC) return 'broadcast';
  if ((firstByte & 1) !== 0) return 'multicast';
  return mac === null || destination === mac ? 'host' : null;
}

/**
 * @param mac The device's address, or null when it is not known.
 * @param hidden What of the link-layer header was made up.
 */
export function decodeFrame(
  frame: Uint8Array,
  mac: number | null,
  hidden: ReadonlySet<LinkField> = nothingHidden,
): Reception {
  if (frame.length < 14) return lost('shorter than an Ethernet header', true);
  const packetType = packetTypeOf(readMac(frame, 0), frame[0] ?? 0, mac);
  let offset = 12;
  let etherType = read16(frame, offset);
  // Tags with id 0 (also nested) are looked through by __netif_receive_skb_core; any other id is another device's or OTHERHOST.
  while (etherType === 0x8100 || etherType === 0x88a8) {
    if (frame.length < offset + 6) return lost('VLAN tag cut short', true);
    if ((read16(frame, offset + 2) & 0xfff) !== 0) return lost('frame of another VLAN', true);
    offset += 4;
    etherType = read16(frame, offset);
  }
  if (etherType !== 0x0800 && etherType !== 0x86dd) return lost('not IP', true);
  if (packetType === null) return lost('frame for another station', true);
  const link = { packetType, sourceMac: readMac(frame, 6), hidden, tags: (offset - 12) / 4 };
  const datagram = frame.subarray(offset + 2);
  return etherType === 0x0800 ? decodeIpv4(datagram, link) : decodeIpv6(datagram, link);
}
