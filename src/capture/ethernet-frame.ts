/** A captured packet as the frame that XDP is handed: other link layers get an Ethernet header made up for them. */
import type { LinkField } from '../model/field.js';
import type { CapturedPacket } from './captured-packet.js';

/** LINKTYPE_ numbers (www.tcpdump.org/linktypes.html); 12 and 14 are raw IP on some systems. */
export const linkTypes = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  cooked: 113,
  ipv4: 228,
  ipv6: 229,
  cooked2: 276,
} as const;

export type Framed =
  | {
      readonly kind: 'frame';
      readonly bytes: Uint8Array;
      /** Bytes of it that were captured; the rest, which a snapshot length cut off, is zero. */
      readonly captured: number;
      /** What of its header was made up though rules can ask for it. */
      readonly hidden: ReadonlySet<LinkField>;
    }
  /** Sent by the capturing host: no XDP program has met it. */
  | { readonly kind: 'sent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Larger than any IP packet with its link layer: what a capture claims beyond it is not made up. */
const maxFrame = 65_535 + 22;
const etherTypes = { 4: 0x0800, 6: 0x86dd } as const;
/** Locally administered addresses: of the sender that a capture does not name, and of another station. */
const madeUpSource = 0x0200000000fe;
const otherStation = 0x0200000000fd;
const groupOfAll = { broadcast: 0xffffffffffff, multicast: 0x01005e000001 } as const;

type Hidden = ReadonlySet<LinkField>;
const nothing: Hidden = new Set();
const sender: Hidden = new Set(['smac'] as const);
const wholeHeader: Hidden = new Set(['smac', 'packetType'] as const);

interface Addressed {
  readonly destination: number;
  readonly source: number;
  readonly etherType: number;
  /** Length of the captured link-layer header that this replaces. */
  readonly header: number;
  readonly hidden: Hidden;
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

function mac(bytes: Uint8Array, at: number): number {
  let address = 0;
  for (let i = 0; i < 6; i++) address = address * 256 + (bytes[at + i] ?? 0);
  return address;
}

function writeMac(bytes: Uint8Array, at: number, address: number): void {
  for (let i = 5; i >= 0; i--, address = Math.floor(address / 256)) bytes[at + i] = address % 256;
}

/** The version of an IP packet without a header in front, as an EtherType. */
function versionType(bytes: Uint8Array, at: number): number | null {
  const version = (bytes[at] ?? 0) >> 4;
  return version === 4 || version === 6 ? etherTypes[version] : null;
}

/** `sll_pkttype`: 0 to us, 1 broadcast, 2 multicast, 3 to another station, 4 sent by us. */
function cooked(
  bytes: Uint8Array,
  at: Record<'type' | 'length' | 'address' | 'protocol' | 'header', number>,
  device: number,
): Framed | Addressed {
  const type = at.type === 10 ? (bytes[10] ?? 0) : u16(bytes, at.type);
  const length = at.length === 11 ? (bytes[11] ?? 0) : u16(bytes, at.length);
  if (bytes.length < at.header) return { kind: 'unreadable', why: 'cut within the link-layer header' };
  if (type === 4) return { kind: 'sent' };
  const destination = [device, groupOfAll.broadcast, groupOfAll.multicast][type] ?? otherStation;
  const named = length === 6;
  return {
    destination,
    source: named ? mac(bytes, at.address) : madeUpSource,
    etherType: u16(bytes, at.protocol),
    header: at.header,
    hidden: named ? nothing : sender,
  };
}

/** AF_INET is 2 everywhere, AF_INET6 10, 24, 28 or 30; the word is in the byte order of whoever captured it. */
function family(bytes: Uint8Array): number | null {
  const word = (bytes[0] ?? 0) + (bytes[1] ?? 0) + (bytes[2] ?? 0) + (bytes[3] ?? 0);
  if (bytes.length < 4) return null;
  return word === 2 ? etherTypes[4] : [10, 24, 28, 30].includes(word) ? etherTypes[6] : null;
}

function addressed({ link, bytes }: CapturedPacket, device: number): Framed | Addressed {
  const plain = (etherType: number | null, header: number): Framed | Addressed =>
    etherType === null
      ? { kind: 'unreadable', why: 'not IP' }
      : { destination: device, source: madeUpSource, etherType, header, hidden: wholeHeader };
  switch (link) {
    case linkTypes.raw:
    case linkTypes.rawBsd:
    case linkTypes.rawOpenBsd:
      return plain(versionType(bytes, 0), 0);
    case linkTypes.ipv4:
      return plain(etherTypes[4], 0);
    case linkTypes.ipv6:
      return plain(etherTypes[6], 0);
    case linkTypes.null:
    case linkTypes.loop:
      return plain(family(bytes), 4);
    case linkTypes.cooked:
      return cooked(bytes, { type: 0, length: 4, address: 6, protocol: 14, header: 16 }, device);
    case linkTypes.cooked2:
      return cooked(bytes, { type: 10, length: 11, address: 12, protocol: 0, header: 20 }, device);
    default:
      return { kind: 'unreadable', why: `link type ${link} is not read` };
  }
}

/**
 * @param device Address of the device, a 48-bit number: where packets without a link-layer destination go to.
 * @param takeAll Every unicast frame is made one for the device: its real address is not known.
 */
export function ethernetFrame(packet: CapturedPacket, device: number, takeAll: boolean): Framed {
  const { bytes, length, link, direction } = packet;
  if (direction === 'out') return { kind: 'sent' };
  if (link === linkTypes.ethernet) {
    const whole = Math.min(length, maxFrame);
    const frame = bytes.length >= whole ? bytes : padded(bytes, 0, whole, 0);
    if (takeAll && frame.length >= 6 && ((frame[0] ?? 0) & 1) === 0) writeMac(frame, 0, device);
    return { kind: 'frame', bytes: frame, captured: bytes.length, hidden: nothing };
  }
  const to = addressed(packet, device);
  if ('kind' in to) return to;
  const frame = padded(bytes, to.header, Math.min(Math.max(length, bytes.length) - to.header, maxFrame), 14);
  writeMac(frame, 0, to.destination);
  writeMac(frame, 6, to.source);
  frame[12] = to.etherType >> 8;
  frame[13] = to.etherType & 255;
  return { kind: 'frame', bytes: frame, captured: bytes.length - to.header + 14, hidden: to.hidden };
}

/** `length` bytes behind `room` zeros: those of `bytes` from `from` on, then zeros. */
function padded(bytes: Uint8Array, from: number, length: number, room: number): Uint8Array {
  const result = new Uint8Array(room + Math.max(0, length));
  result.set(bytes.subarray(from, from + length), room);
  return result;
}
