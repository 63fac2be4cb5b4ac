/** Ethernet and VLAN: from the bytes that XDP sees to what `ip_rcv` and `ipv6_rcv` hand to PREROUTING. */
import type { LinkField } from '../model/field.js';
import type { VlanTag } from '../model/host.js';
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

/** The VLAN that a frame is of, by its first tag that is not of id 0; null: of none. */
export function vlanOf(frame: Uint8Array): VlanTag | null {
  for (let at = 12; at + 4 <= frame.length; at += 4) {
    const type = read16(frame, at);
    if (type !== 0x8100 && type !== 0x88a8) return null;
    const id = read16(frame, at + 2) & 0xfff;
    if (id !== 0) return { type, id };
  }
  return null;
}

interface Untagged {
  readonly etherType: number;
  /** Offset of the network header. */
  readonly offset: number;
  /** Of id 0, before the packet, on the device that has it in the end. */
  readonly tags: number;
}

/**
 * __netif_receive_skb_core (Linux 6.18) takes one tag after the other off. Of id 0 nobody has it: it goes on on the same device. A VLAN device
 * takes the packet over where type and id are its own, and there the same begins anew. Any other id is another device's, or OTHERHOST.
 */
function untag(frame: Uint8Array, vlan: VlanTag | null): Untagged | string {
  let offset = 12;
  let etherType = read16(frame, offset);
  let tags = 0;
  let reached = vlan === null;
  while (etherType === 0x8100 || etherType === 0x88a8) {
    if (frame.length < offset + 6) return 'VLAN tag cut short';
    const id = read16(frame, offset + 2) & 0xfff;
    if (id === 0) tags++;
    else if (vlan !== null && !reached && id === vlan.id && etherType === vlan.type) {
      reached = true;
      tags = 0;
    } else return 'frame of another VLAN';
    offset += 4;
    etherType = read16(frame, offset);
  }
  return reached ? { etherType, offset: offset + 2, tags } : 'frame without the tag of the VLAN';
}

/**
 * @param mac The device's address, or null when it is not known.
 * @param hidden What of the link-layer header was made up.
 * @param vlan Of a VLAN device: the frame is as it arrives on the device it stands on.
 */
export function decodeFrame(
  frame: Uint8Array,
  mac: number | null,
  hidden: ReadonlySet<LinkField> = nothingHidden,
  vlan: VlanTag | null = null,
): Reception {
  if (frame.length < 14) return lost('shorter than an Ethernet header', true);
  const packetType = packetTypeOf(readMac(frame, 0), frame[0] ?? 0, mac);
  const untagged = untag(frame, vlan);
  if (typeof untagged === 'string') return lost(untagged, true);
  const { etherType, offset, tags } = untagged;
  if (etherType !== 0x0800 && etherType !== 0x86dd) return lost('not IP', true);
  if (packetType === null) return lost('frame for another station', true);
  const link = { packetType, sourceMac: readMac(frame, 6), hidden, tags };
  const datagram = frame.subarray(offset);
  return etherType === 0x0800 ? decodeIpv4(datagram, link) : decodeIpv6(datagram, link);
}
