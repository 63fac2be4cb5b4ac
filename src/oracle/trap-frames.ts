/** Variants of a frame that a hasty parser gets wrong (facts about the stack: see decode-*.ts). */
import { onesComplementSum } from './checksum.js';
import { buildFrame, type FrameSpec } from './build-frame.js';

export interface Trap {
  readonly name: string;
  readonly build: (identifier: number) => Uint8Array;
}

type Variant = readonly [name: string, change: Partial<FrameSpec>];

const both: readonly Variant[] = [
  ['first fragment', { fragment: { offset: 0, more: true } }],
  ['later fragment', { fragment: { offset: 185, more: false } }],
  ['fragment at offset 1', { fragment: { offset: 1, more: false } }],
  ['VLAN 0', { vlans: [0] }],
  ['VLAN 0 twice', { vlans: [0, 0] }],
  ['VLAN 0 with priority', { vlans: [0xe000] }],
  ['VLAN 5', { vlans: [5] }],
  ['VLAN 0 then 5', { vlans: [0, 5] }],
  ['other station', { destinationMac: 0x02ffffffff01 }],
  ['broadcast frame', { destinationMac: 0xffffffffffff }],
  ['multicast frame', { destinationMac: 0x01005e000001 }],
  ['payload', { payload: 64 }],
  ['TTL 0', { ttl: 0 }],
  ['TTL 1', { ttl: 1 }],
  ['TTL 2', { ttl: 2 }],
  ['SYN with payload', { tcpFlags: 2, payload: 32 }],
  ['ACK with payload', { tcpFlags: 16, payload: 32 }],
  ['no flags', { tcpFlags: 0 }],
  ['all flags', { tcpFlags: 255 }],
  ...[0, 1, 2, 3, 4, 5, 7, 8, 11, 13, 14, 19].map((n): Variant => [`header cut to ${n}`, { cutTo: n }]),
  ...[0, 1, 2, 6, 17, 47, 58, 132, 136, 255].map((n): Variant => [`protocol ${n}`, { protocol: n }]),
];

const ipv4: readonly Variant[] = [
  ['IP options', { options: Uint8Array.of(1, 1, 1, 0) }],
  ['all the options that fit', { options: new Uint8Array(40).fill(1) }],
  ['loose source route', { options: Uint8Array.of(131, 7, 4, 192, 0, 2, 77, 0) }],
];

/** A PadN of the remaining bytes: valid in hop-by-hop and destination options. */
function padded(type: number, length = 8): FrameSpec['extensions'][number] {
  const bytes = new Uint8Array(length);
  bytes[1] = length / 8 - 1;
  bytes[2] = 1;
  bytes[3] = length - 4;
  return { type, bytes };
}

const routing = { type: 43, bytes: new Uint8Array(8) };
const ah = { type: 51, bytes: Uint8Array.of(0, 2, ...new Uint8Array(14)) };

const ipv6: readonly Variant[] = [
  ['hop-by-hop', { extensions: [padded(0)] }],
  ['destination options', { extensions: [padded(60)] }],
  ['long destination options', { extensions: [padded(60, 128)] }],
  ['routing header', { extensions: [routing] }],
  ['three headers', { extensions: [padded(0), padded(60), routing] }],
  ['sixteen headers', { extensions: new Array<FrameSpec['extensions'][number]>(16).fill(padded(60)) }],
  ['AH', { extensions: [ah] }],
  ['mobility header', { extensions: [{ type: 135, bytes: new Uint8Array(8) }] }],
  ['HIP', { extensions: [{ type: 139, bytes: new Uint8Array(8) }] }],
  ['no next header', { extensions: [{ type: 59, bytes: new Uint8Array(8) }] }],
  ['atomic fragment', { fragment: { offset: 0, more: false } }],
  ['destination options, then cut', { extensions: [padded(60)], cutTo: 2 }],
  ['fragment behind options', { extensions: [padded(60)], fragment: { offset: 0, more: true } }],
];

/** Writes `value` at `offset` of the network header (Ethernet without tags). */
function poke(spec: FrameSpec, offset: number, value: number): Uint8Array {
  const frame = buildFrame(spec);
  frame[14 + offset] = value;
  // The checksum is made good again, so that the lie itself is what gets tested.
  if (spec.family === 4 && offset < 10) {
    frame.set([0, 0], 24);
    const sum = ~onesComplementSum(frame.subarray(14, 34)) & 0xffff;
    frame.set([sum >> 8, sum & 255], 24);
  }
  return frame;
}

type RawTrap = readonly [name: string, build: (spec: FrameSpec) => Uint8Array];

const rawBoth: readonly RawTrap[] = [
  ['cut Ethernet frame', (spec) => buildFrame(spec).subarray(0, 20)],
  ['cut network header', (spec) => buildFrame(spec).subarray(0, 14 + (spec.family === 4 ? 19 : 39))],
  ['not IP', (spec) => setEtherType(buildFrame(spec))],
];

const raw4: readonly RawTrap[] = [
  ['bad IP checksum', (spec) => poke(spec, 10, (buildFrame(spec)[24] ?? 0) ^ 0x55)],
  ['version 6', (spec) => poke(spec, 0, 0x65)],
  ['header length 4', (spec) => poke(spec, 0, 0x44)],
  ['header length beyond the packet', (spec) => poke(spec, 0, 0x4f)],
  ['total length beyond the frame', (spec) => poke(spec, 2, 5)],
  ['total length within the header', (spec) => poke(spec, 3, 19)],
];

const raw6: readonly RawTrap[] = [
  ['payload length beyond the frame', (spec) => poke(spec, 4, 5)],
  ['version 4', (spec) => poke(spec, 0, 0x40)],
  ['options cut short', (spec) => poke({ ...spec, extensions: [padded(60)] }, 41, 200)],
];

/** ARP's type on bytes that look like IP. */
function setEtherType(frame: Uint8Array): Uint8Array {
  frame.set([0x08, 0x06], 12);
  return frame;
}

export function trapFrames(spec: FrameSpec): Trap[] {
  const variants = [...both, ...(spec.family === 4 ? ipv4 : ipv6)];
  const raws = [...rawBoth, ...(spec.family === 4 ? raw4 : raw6)];
  return [
    ...variants.map(([name, change]): Trap => ({
      name,
      build: (identifier) => buildFrame({ ...spec, ...change, identifier }),
    })),
    ...raws.map(([name, build]): Trap => ({ name, build: (identifier) => build({ ...spec, identifier }) })),
  ];
}
