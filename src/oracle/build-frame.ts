/** Frames from a description, with correct lengths and checksums: they are also injected into real stacks. */
import type { AddressFamily } from '../model/address.js';
import { onesComplementSum } from './checksum.js';
import { write16, write32 } from './network-order.js';

export interface FrameSpec {
  readonly family: AddressFamily;
  /** Words in host order, most significant first. */
  readonly saddr: Uint32Array;
  readonly daddr: Uint32Array;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly ttl: number;
  readonly tos: number;
  /** Bytes after the layer-4 header. */
  readonly payload: number;
  /** 48-bit numbers. */
  readonly sourceMac: number;
  readonly destinationMac: number;
  /** VLAN ids of the tags, outermost first. */
  readonly vlans: readonly number[];
  /** Offset in units of 8 bytes. The bytes of a later fragment look like a header all the same. */
  readonly fragment: { readonly offset: number; readonly more: boolean } | null;
  /** IPv4 identification or IPv6 flow label. */
  readonly identifier: number;
  /** IPv4 options, a multiple of 4 bytes. */
  readonly options: Uint8Array;
  /** IPv6 extension headers: type and bytes; the first byte of each is overwritten with the next type. */
  readonly extensions: readonly { readonly type: number; readonly bytes: Uint8Array }[];
  /** Layer-4 bytes are cut to this many, and the IP length with them. */
  readonly cutTo: number | null;
}

/** Ethernet destination of a multicast address (RFC 1112, RFC 2464), broadcast for 255.255.255.255, else null. */
export function groupMac(daddr: Uint32Array): number | null {
  const last = daddr.at(-1) ?? 0;
  if (daddr.length === 4) return (daddr[0] ?? 0) >>> 24 === 0xff ? 0x333300000000 + last : null;
  if (last === 0xffffffff) return 0xffffffffffff;
  return last >>> 28 === 0xe ? 0x01005e000000 + (last & 0x7fffff) : null;
}

/** Fixed header lengths of the protocols that get one; others get the four bytes that look like ports. */
export const headerLengths: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [6, 20],
  [17, 8],
  [33, 16],
  [58, 8],
  [132, 12],
  [136, 8],
]);

function layer4(spec: FrameSpec): Uint8Array {
  const header = headerLengths.get(spec.protocol) ?? 4;
  const bytes = new Uint8Array(header + spec.payload);
  if (spec.protocol === 1 || spec.protocol === 58) {
    bytes[0] = spec.icmpType;
    bytes[1] = spec.icmpCode;
    return bytes;
  }
  write16(bytes, 0, spec.sport);
  write16(bytes, 2, spec.dport);
  if (spec.protocol === 6) {
    write32(bytes, 4, 1);
    bytes[12] = 0x50;
    bytes[13] = spec.tcpFlags;
    write16(bytes, 14, 65535);
  } else if (spec.protocol === 17 || spec.protocol === 136) write16(bytes, 4, bytes.length);
  else if (spec.protocol === 33) {
    // DCCP request, data offset 4 words, 48-bit sequence numbers.
    bytes[4] = 4;
    bytes[8] = 1;
  }
  return bytes;
}

const checksumOffsets = new Map([
  [1, 2],
  [6, 16],
  [17, 6],
  [58, 2],
  [136, 6],
]);

/** Fills in the layer-4 checksum; SCTP's CRC32c and DCCP's are left zero. */
function writeChecksum(spec: FrameSpec, bytes: Uint8Array): void {
  const at = checksumOffsets.get(spec.protocol);
  if (at === undefined) return;
  let sum = 0;
  if (spec.protocol !== 1) {
    for (const word of [...spec.saddr, ...spec.daddr]) sum += (word >>> 16) + (word & 0xffff);
    sum += spec.protocol + bytes.length;
  }
  const checksum = ~onesComplementSum(bytes, sum) & 0xffff;
  write16(bytes, at, checksum === 0 ? 0xffff : checksum);
}

function ipv4Packet(spec: FrameSpec, payload: Uint8Array): Uint8Array {
  const headerBytes = 20 + spec.options.length;
  const packet = new Uint8Array(headerBytes + payload.length);
  packet[0] = 0x40 | (headerBytes / 4);
  packet[1] = spec.tos;
  write16(packet, 2, packet.length);
  write16(packet, 4, spec.identifier & 0xffff);
  if (spec.fragment !== null) write16(packet, 6, (spec.fragment.more ? 0x2000 : 0) | spec.fragment.offset);
  packet[8] = spec.ttl;
  packet[9] = spec.protocol;
  write32(packet, 12, spec.saddr[0] ?? 0);
  write32(packet, 16, spec.daddr[0] ?? 0);
  packet.set(spec.options, 20);
  write16(packet, 10, ~onesComplementSum(packet, 0, 0, headerBytes) & 0xffff);
  packet.set(payload, headerBytes);
  return packet;
}

/** Fragment header with the identifier as datagram id. */
function fragmentHeader(spec: FrameSpec): { type: number; bytes: Uint8Array }[] {
  if (spec.fragment === null) return [];
  const bytes = new Uint8Array(8);
  write16(bytes, 2, (spec.fragment.offset << 3) | (spec.fragment.more ? 1 : 0));
  write32(bytes, 4, spec.identifier);
  return [{ type: 44, bytes }];
}

function ipv6Packet(spec: FrameSpec, payload: Uint8Array): Uint8Array {
  const headers = [...spec.extensions, ...fragmentHeader(spec)];
  const length = headers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const packet = new Uint8Array(40 + length + payload.length);
  write32(packet, 0, 0x60000000 + spec.tos * 0x100000 + (spec.identifier & 0xfffff));
  write16(packet, 4, length + payload.length);
  packet[6] = headers[0]?.type ?? spec.protocol;
  packet[7] = spec.ttl;
  spec.saddr.forEach((word, i) => write32(packet, 8 + 4 * i, word));
  spec.daddr.forEach((word, i) => write32(packet, 24 + 4 * i, word));
  let offset = 40;
  headers.forEach(({ bytes }, i) => {
    packet.set(bytes, offset);
    packet[offset] = headers[i + 1]?.type ?? spec.protocol;
    offset += bytes.length;
  });
  packet.set(payload, offset);
  return packet;
}

const MIN_FRAME = 60;

/** The frame, padded with zeros to Ethernet's minimum as a NIC delivers it. */
export function buildFrame(spec: FrameSpec): Uint8Array {
  const whole = layer4(spec);
  writeChecksum(spec, whole);
  const payload = spec.cutTo === null ? whole : whole.subarray(0, spec.cutTo);
  const packet = spec.family === 4 ? ipv4Packet(spec, payload) : ipv6Packet(spec, payload);
  const linkBytes = 14 + 4 * spec.vlans.length;
  const frame = new Uint8Array(Math.max(MIN_FRAME, linkBytes + packet.length));
  write16(frame, 0, Math.floor(spec.destinationMac / 0x100000000));
  write32(frame, 2, spec.destinationMac % 0x100000000);
  write16(frame, 6, Math.floor(spec.sourceMac / 0x100000000));
  write32(frame, 8, spec.sourceMac % 0x100000000);
  spec.vlans.forEach((vlan, i) => {
    write16(frame, 12 + 4 * i, 0x8100);
    write16(frame, 14 + 4 * i, vlan);
  });
  write16(frame, linkBytes - 2, spec.family === 4 ? 0x0800 : 0x86dd);
  frame.set(packet, linkBytes);
  return frame;
}
