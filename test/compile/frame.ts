/** Frames for tests: bytes of a packet described by its fields, and the fields back from the description. */
import { Availability } from '../../src/plan/program.js';
import type { Decoded } from './evaluate.js';

export const deviceMac = 0x02_00_00_00_00_01;

export interface PacketSpec {
  readonly family: 4 | 6;
  readonly saddr: readonly number[];
  readonly daddr: readonly number[];
  readonly smac: number;
  readonly destination: 'host' | 'broadcast' | 'multicast';
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly flags: number;
  readonly icmp: number;
  readonly ttl: number;
  readonly tos: number;
  /** Bytes after the layer-4 header. */
  readonly payload: number;
  readonly availability: 0 | 1 | 2 | 3;
  readonly device: number;
}

/** A TCP SYN to 192.0.2.1, port 80; what a test is about is put over it. */
export const synPacket: PacketSpec = {
  family: 4,
  saddr: [0],
  daddr: [0xc0000201],
  smac: 0x020000000009,
  destination: 'host',
  protocol: 6,
  sport: 40000,
  dport: 80,
  flags: 2,
  icmp: 0,
  ttl: 64,
  tos: 0,
  payload: 0,
  availability: 0,
  device: 0,
};

const headerBytes = new Map([
  [6, 20],
  [17, 8],
  [136, 8],
  [1, 8],
  [58, 8],
  [132, 12],
  [33, 12],
]);
const destinations = { host: deviceMac, broadcast: 0xffff_ffff_ffff, multicast: 0x0100_5e00_0001 };

export const macBytes = (mac: number): number[] => [5, 4, 3, 2, 1, 0].map((i) => Math.floor(mac / 2 ** (8 * i)) % 256);
const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
function wordBytes(words: readonly number[]): number[] {
  const bytes: number[] = [];
  for (const word of words) bytes.push(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
  return bytes;
}

/** Whether this combination of family, protocol and availability exists. */
export function availabilityOf({ family, protocol, availability }: PacketSpec): number {
  if (family === 4 && availability === Availability.noProtocol) return Availability.complete;
  if (family === 6 && availability === Availability.fragment) return Availability.complete;
  if (availability === Availability.shortHeader && !headerBytes.has(protocol)) return Availability.complete;
  return availability;
}

function l4(spec: PacketSpec): number[] {
  const { protocol } = spec;
  const header = new Array<number>(headerBytes.get(protocol) ?? 0).fill(0);
  if (protocol === 1 || protocol === 58) header.splice(0, 2, ...u16(spec.icmp));
  else if (header.length > 0) header.splice(0, 4, ...u16(spec.sport), ...u16(spec.dport));
  if (protocol === 6) header.splice(12, 2, 0x50, spec.flags & 255);
  const cut = availabilityOf(spec) === Availability.shortHeader ? header.slice(0, -1) : header;
  return [...cut, ...new Array<number>(cut.length < header.length ? 0 : spec.payload).fill(0xaa)];
}

function ip(spec: PacketSpec): number[] {
  const body = l4(spec);
  const availability = availabilityOf(spec);
  if (spec.family === 4) {
    const flags = availability === Availability.fragment ? 0x2000 : 0x4000;
    return [
      ...[0x45, spec.tos, ...u16(20 + body.length), 0, 0, ...u16(flags), spec.ttl, spec.protocol, 0, 0],
      ...wordBytes(spec.saddr),
      ...wordBytes(spec.daddr),
      ...body,
    ];
  }
  const fragment = availability === Availability.noProtocol ? [spec.protocol, 0, 0, 1, 0, 0, 0, 7] : [];
  return [
    ...[0x60 | (spec.tos >> 4), (spec.tos & 15) << 4, 0, 0, ...u16(body.length + fragment.length)],
    ...[fragment.length > 0 ? 44 : spec.protocol, spec.ttl, ...wordBytes(spec.saddr), ...wordBytes(spec.daddr)],
    ...fragment,
    ...body,
  ];
}

export function frameOf(spec: PacketSpec): Uint8Array {
  const type = spec.family === 4 ? [8, 0] : [0x86, 0xdd];
  const packet = ip(spec);
  // Short frames are padded, as Ethernet does: reads must be bounded by the IP length.
  const padding = new Array<number>(Math.max(0, 46 - packet.length)).fill(0x55);
  return Uint8Array.from([
    ...macBytes(destinations[spec.destination]),
    ...macBytes(spec.smac),
    ...type,
    ...packet,
    ...padding,
  ]);
}

export function decoded(spec: PacketSpec): Decoded {
  const isIcmp = spec.protocol === 1 || spec.protocol === 58;
  const ports = headerBytes.has(spec.protocol) && !isIcmp;
  return {
    saddr: spec.saddr,
    daddr: spec.daddr,
    smac: spec.smac,
    small: {
      protocol: spec.protocol,
      sport: ports ? spec.sport : 0,
      dport: ports ? spec.dport : 0,
      tcpFlags: spec.protocol === 6 ? (spec.flags & 255) | (spec.payload > 0 ? 0x100 : 0) : 0,
      icmp: isIcmp ? spec.icmp : 0,
      ttl: spec.ttl,
      tos: spec.tos,
      length: ip(spec).length,
      packetType: { host: 0, broadcast: 1, multicast: 2 }[spec.destination],
      mark: 0,
      reversePath: 0,
      device: spec.device,
      availability: availabilityOf(spec),
    },
  };
}

/** A SYN between those addresses. */
export const synFrom = (saddr: number, daddr = 1): Uint8Array =>
  frameOf({ ...synPacket, saddr: [saddr], daddr: [daddr] });
