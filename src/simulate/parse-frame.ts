/** Frame -> the fields that steps ask about, as bpf/parse.h reads them; or why the program passes it unread. */
import type { AddressFamily } from '../model/address.js';
import type { VlanTag } from '../model/host.js';
import { Availability, nestedTags, type LinkField, type SmallField } from '../model/field.js';

/** Why a frame passes before any step is asked: names of `passReasons` in src/compile/abi.ts. */
export type UnreadReason = 'notIp' | 'otherHost' | 'vlan' | 'malformed';

export interface FrameFields {
  readonly family: AddressFamily;
  /** Words in host order, most significant first. */
  readonly saddr: Uint32Array;
  readonly daddr: Uint32Array;
  /** 48-bit number. */
  readonly smac: number;
  /** What of the link-layer header was made up. */
  readonly hidden: ReadonlySet<LinkField>;
  /** All but `device`. */
  readonly small: Readonly<Record<Exclude<SmallField, 'device'>, number>>;
}

const nothingHidden: ReadonlySet<LinkField> = new Set();
const maxTags = 16_384;
const maxExtensionHeaders = 16;
const broadcast = 0xffff_ffff_ffff;

/** Layer-4 headers: bytes without which one counts as cut short. */
const headerBytes = new Map([
  [1, 8],
  [6, 20],
  [17, 8],
  [33, 12],
  [58, 8],
  [132, 12],
  [136, 8],
]);

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

function macAt(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 2 ** 32 + (u16(bytes, at + 2) * 65_536 + u16(bytes, at + 4));
}

function wordsAt(bytes: Uint8Array, at: number, words: number): Uint32Array {
  const address = new Uint32Array(words);
  for (let i = 0; i < words; i++) address[i] = u16(bytes, at + 4 * i) * 65_536 + u16(bytes, at + 4 * i + 2);
  return address;
}

/** As `eth_type_trans` says; 3: another station. */
function packetType(frame: Uint8Array, mac: number): number {
  const destination = macAt(frame, 0);
  if (destination === mac) return 0;
  if (destination === broadcast) return 1;
  return frame[0]! & 1 ? 2 : 3;
}

const isTag = (type: number): boolean => type === 0x8100 || type === 0x88a8;

interface BehindTags {
  /** Of the network header. */
  readonly at: number;
  readonly type: number;
  /** Of a VLAN: behind its own. */
  readonly tags: number;
}

/** Priority tags are looked through; of a VLAN, one tag is its own, and they may be before it and behind it. */
function behindTags(frame: Uint8Array, vlan: VlanTag | null): BehindTags | UnreadReason {
  let at = 14;
  let type = u16(frame, 12);
  let [walked, tags] = [0, 0];
  let awaited = vlan;
  for (; isTag(type); walked++, tags++) {
    if (walked === maxTags || at + 4 > frame.length) return 'malformed';
    const id = u16(frame, at) & 0xfff;
    if (id !== 0) {
      if (type !== awaited?.type || id !== awaited.id) return 'vlan';
      [awaited, tags] = [null, -1];
    }
    type = u16(frame, at + 2);
    at += 4;
  }
  return awaited === null ? { at, type, tags } : 'vlan';
}

/**
 * @param mac Address of the device, a 48-bit number.
 * @param hidden What of the link-layer header was made up.
 * @param vlan Tag of a VLAN device whose frames are seen as they arrive on the device it stands on.
 */
export function parseFrame(
  frame: Uint8Array,
  mac: number,
  hidden: ReadonlySet<LinkField> = nothingHidden,
  vlan: VlanTag | null = null,
): FrameFields | UnreadReason {
  if (frame.length < 14) return 'malformed';
  if (vlan !== null && !isTag(u16(frame, 12))) return 'vlan';
  const type = packetType(frame, mac);
  if (type === 3) return 'otherHost';
  const network = behindTags(frame, vlan);
  if (typeof network === 'string') return network;
  const link = { smac: macAt(frame, 6), hidden };
  const addressed = network.tags > 1 ? type | nestedTags : type;
  if (network.type === 0x0800) return parseIpv4(frame, network.at, addressed, link);
  return network.type === 0x86dd ? parseIpv6(frame, network.at, addressed, link) : 'notIp';
}

type Link = Pick<FrameFields, 'smac' | 'hidden'>;

function parseIpv4(frame: Uint8Array, at: number, type: number, link: Link): FrameFields | UnreadReason {
  if (at + 20 > frame.length) return 'malformed';
  const first = frame[at]!;
  const header = (first & 15) * 4;
  const length = u16(frame, at + 2);
  if (first >> 4 !== 4 || header < 20 || length < header || at + length > frame.length) return 'malformed';
  const fragment = (u16(frame, at + 6) & 0x3fff) !== 0;
  const protocol = frame[at + 9]!;
  const layer4 = fragment
    ? { ...noLayer4, availability: Availability.fragment }
    : parseLayer4(frame, protocol, at + header, length - header);
  const fields: FrameFields = {
    family: 4,
    saddr: wordsAt(frame, at + 12, 1),
    daddr: wordsAt(frame, at + 16, 1),
    ...link,
    small: {
      protocol,
      ttl: frame[at + 8]!,
      tos: frame[at + 1]!,
      length,
      packetType: type,
      mark: 0,
      reversePath: 0,
      ...layer4,
    },
  };
  return fields;
}

function parseIpv6(frame: Uint8Array, at: number, type: number, link: Link): FrameFields | UnreadReason {
  if (at + 40 > frame.length) return 'malformed';
  const payload = u16(frame, at + 4);
  if (frame[at]! >> 4 !== 6 || at + 40 + payload > frame.length) return 'malformed';
  const next = frame[at + 6]!;
  const end = at + 40 + payload;
  // Payload length 0 before hop-by-hop options may be a jumbogram.
  const behind = payload === 0 && next === 0 ? null : walkExtensions(frame, at + 40, end, next);
  const layer4 =
    behind === null
      ? { ...noLayer4, availability: Availability.noProtocol }
      : parseLayer4(frame, behind.protocol, behind.at, end - behind.at);
  const fields: FrameFields = {
    family: 6,
    saddr: wordsAt(frame, at + 8, 4),
    daddr: wordsAt(frame, at + 24, 4),
    ...link,
    small: {
      protocol: behind?.protocol ?? 0,
      ttl: frame[at + 7]!,
      tos: (u16(frame, at) >> 4) & 255,
      length: payload + 40,
      packetType: type,
      mark: 0,
      reversePath: 0,
      ...layer4,
    },
  };
  return fields;
}

/** Null: a fragment, AH, a chain that is cut or too long. */
function walkExtensions(
  frame: Uint8Array,
  at: number,
  end: number,
  next: number,
): { readonly protocol: number; readonly at: number } | null {
  for (let headers = 0; ; headers++) {
    if (next === 51 || next === 44) return null;
    if (next !== 0 && next !== 60 && next !== 43) return { protocol: next, at };
    if (headers === maxExtensionHeaders || at + 8 > end || at > 0xffff) return null;
    next = frame[at]!;
    at += (frame[at + 1]! + 1) * 8;
    if (at > end) return null;
  }
}

type Layer4 = Readonly<Record<'availability' | 'sport' | 'dport' | 'icmp' | 'tcpFlags', number>>;

const noLayer4: Layer4 = { availability: Availability.complete, sport: 0, dport: 0, icmp: 0, tcpFlags: 0 };

function parseLayer4(frame: Uint8Array, protocol: number, at: number, length: number): Layer4 {
  const need = headerBytes.get(protocol);
  if (need === undefined) return noLayer4;
  if (length < need) return { ...noLayer4, availability: Availability.shortHeader };
  const first = u16(frame, at);
  if (protocol === 1 || protocol === 58) return { ...noLayer4, icmp: first };
  const ports = { ...noLayer4, sport: first, dport: u16(frame, at + 2) };
  return protocol === 6 ? { ...ports, tcpFlags: tcpFlags(frame, at, length) } : ports;
}

/** With 0x100 for a payload; a data offset below 5 is nonsense, and payload the more careful answer. */
function tcpFlags(frame: Uint8Array, at: number, length: number): number {
  const offset = (frame[at + 12]! >> 4) * 4;
  return frame[at + 13]! | (offset < 20 || offset < length ? 0x100 : 0);
}
