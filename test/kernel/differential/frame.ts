/**
 * Ethernet frames, byte by byte, with right checksums unless asked otherwise. All numbers are in host order here; every write is
 * big-endian. Lengths are bytes.
 */

export const targetMac = 0x020000000001;
export const senderMac = 0x020000000002;

/** Layer 4 header and payload, and the protocol number that announces it. */
export interface Segment {
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

export interface Ethernet {
  readonly destination?: number;
  readonly source?: number;
  /** Tags from the outermost; only the VLAN id. */
  readonly vlans?: readonly number[];
  /** Bytes after the IP packet, as Ethernet's minimum length puts there. */
  readonly trailer?: number;
}

export interface Ipv4Header extends Ethernet {
  readonly saddr: string;
  readonly daddr: string;
  readonly tos?: number;
  readonly ttl?: number;
  readonly options?: Uint8Array;
  readonly dontFragment?: boolean;
  /** Total length in the header when it is not what the packet has. */
  readonly totalLength?: number;
  readonly badChecksum?: boolean;
}

export interface Ipv6Header extends Ethernet {
  readonly saddr: string;
  readonly daddr: string;
  readonly trafficClass?: number;
  readonly hopLimit?: number;
  /** Extension headers in order: number and body without its first byte (next header), which is filled in. */
  readonly extensions?: readonly { readonly number: number; readonly body: Uint8Array }[];
  readonly payloadLength?: number;
  /** Of the fragment header, 32 bits. */
  readonly identification?: number;
}

const macBytes = (mac: number): number[] => [40, 32, 24, 16, 8, 0].map((shift) => Math.floor(mac / 2 ** shift) & 0xff);

/** Bytes of a textual IPv4 or IPv6 address (no embedded dotted quad). */
export function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.').map(Number));
  const [head, tail] = text.split('::') as [string, string | undefined];
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all =
    tail === undefined ? left : [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The Internet checksum (RFC 1071) of `parts` as if they stood together; all but the last must have even length. */
export function checksum(...parts: Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export const concat = (...parts: (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = (value >> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
};

function ethernet(header: Ethernet, etherType: number, packet: Uint8Array): Uint8Array {
  const tags = (header.vlans ?? []).flatMap((id) => [0x81, 0x00, (id >> 8) & 0x0f, id & 0xff]);
  return concat(
    macBytes(header.destination ?? targetMac),
    macBytes(header.source ?? senderMac),
    tags,
    [etherType >> 8, etherType & 0xff],
    packet,
    new Uint8Array(header.trailer ?? 0),
  );
}

const checksumOffset: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2, 136: 6 };

/** Fills the layer-4 checksum in, where the segment has one and is long enough. */
function sealSegment(segment: Segment, pseudoHeader: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(segment.bytes);
  const at = checksumOffset[segment.protocol];
  if (at === undefined || bytes.length < at + 2) return bytes;
  put16(bytes, at, 0);
  put16(bytes, at, segment.protocol === 1 ? checksum(bytes) : checksum(pseudoHeader, bytes) || 0xffff);
  return bytes;
}

/** One unfragmented IPv4 frame. The IP id is 0 until `stamp`. */
export function ipv4(header: Ipv4Header, segment: Segment): Uint8Array {
  return ipv4Fragments(header, segment, [])[0] as Uint8Array;
}

/** The frames of one IPv4 datagram, cut at `cuts` (offsets into the layer-4 bytes, multiples of 8, ascending). */
export function ipv4Fragments(header: Ipv4Header, segment: Segment, cuts: readonly number[]): Uint8Array[] {
  const saddr = addressBytes(header.saddr);
  const daddr = addressBytes(header.daddr);
  const length = segment.bytes.length;
  const payload = sealSegment(segment, concat(saddr, daddr, [0, segment.protocol, length >> 8, length & 0xff]));
  const options = header.options ?? new Uint8Array(0);
  const ends = [...cuts, length];
  return ends.map((end, part) => {
    const start = part === 0 ? 0 : (ends[part - 1] as number);
    const more = end < length ? 0x2000 : 0;
    const total = header.totalLength ?? 20 + options.length + end - start;
    const fragment = more | (start >> 3) | (header.dontFragment === true && cuts.length === 0 ? 0x4000 : 0);
    const head = concat(
      [
        0x40 | ((20 + options.length) >> 2),
        header.tos ?? 0,
        total >> 8,
        total & 0xff,
        0,
        0,
        fragment >> 8,
        fragment & 0xff,
      ],
      [header.ttl ?? 64, segment.protocol, 0, 0],
      saddr,
      daddr,
      options,
    );
    put16(head, 10, checksum(head) ^ (header.badChecksum === true ? 0x0100 : 0));
    return ethernet(header, 0x0800, concat(head, payload.subarray(start, end)));
  });
}

/** One unfragmented IPv6 frame. The flow label is 0 until `stamp`. */
export function ipv6(header: Ipv6Header, segment: Segment): Uint8Array {
  return ipv6Fragments(header, segment, null)[0] as Uint8Array;
}

/** The frames of one IPv6 datagram; with cuts (see ipv4Fragments; `[]` makes an atomic fragment) a fragment header follows the extensions. */
export function ipv6Fragments(header: Ipv6Header, segment: Segment, cuts: readonly number[] | null): Uint8Array[] {
  const saddr = addressBytes(header.saddr);
  const daddr = addressBytes(header.daddr);
  const length = segment.bytes.length;
  const payload = sealSegment(
    segment,
    concat(saddr, daddr, [0, 0, length >> 8, length & 0xff, 0, 0, 0, segment.protocol]),
  );
  const identification = [24, 16, 8, 0].map((shift) => ((header.identification ?? 0) >>> shift) & 0xff);
  const ends = [...(cuts ?? []), length];
  return ends.map((end, part) => {
    const start = part === 0 ? 0 : (ends[part - 1] as number);
    const more = end < length ? 1 : 0;
    const fragment =
      cuts === null
        ? []
        : [{ number: 44, body: Uint8Array.from([0, start >> 8, (start & 0xf8) | more, ...identification]) }];
    const chain = [...(header.extensions ?? []), ...fragment];
    const numbers = [...chain.map((extension) => extension.number), segment.protocol];
    const extensions = concat(...chain.map((extension, at) => concat([numbers[at + 1] as number], extension.body)));
    const total = header.payloadLength ?? extensions.length + end - start;
    const traffic = header.trafficClass ?? 0;
    const head = concat(
      [
        0x60 | (traffic >> 4),
        (traffic & 0xf) << 4,
        0,
        0,
        total >> 8,
        total & 0xff,
        numbers[0] as number,
        header.hopLimit ?? 64,
      ],
      saddr,
      daddr,
    );
    return ethernet(header, 0x86dd, concat(head, extensions, payload.subarray(start, end)));
  });
}

/** Offset of the IP header behind Ethernet and VLAN tags, and its version; null for anything else. */
export function ipOffset(frame: Uint8Array): { readonly at: number; readonly version: 4 | 6 } | null {
  let at = 12;
  let type = ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  while ((type === 0x8100 || type === 0x88a8) && at < frame.length) {
    at += 4;
    type = ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  }
  if (type === 0x0800 && frame.length >= at + 22) return { at: at + 2, version: 4 };
  if (type === 0x86dd && frame.length >= at + 42) return { at: at + 2, version: 6 };
  return null;
}

/**
 * Writes `index` (1..65535) where the probes look for it: IPv4 id (the header checksum is corrected by as much, so a wrong one stays
 * wrong) or IPv6 flow label. False when the frame is not IP.
 */
export function stamp(frame: Uint8Array, index: number): boolean {
  const found = ipOffset(frame);
  if (found === null) return false;
  const { at, version } = found;
  if (version === 6) {
    frame[at + 1] = ((frame[at + 1] as number) & 0xf0) | ((index >> 16) & 0x0f);
    put16(frame, at + 2, index);
    return true;
  }
  replace16(frame, at + 4, index, at + 10);
  return true;
}

/** Replaces a word and corrects the checksum at `sumAt` (RFC 1624). */
function replace16(frame: Uint8Array, at: number, value: number, sumAt: number): void {
  const old = ((frame[at] as number) << 8) | (frame[at + 1] as number);
  const sum = ((frame[sumAt] as number) << 8) | (frame[sumAt + 1] as number);
  let next = (~sum & 0xffff) + (~old & 0xffff) + value;
  next = (next & 0xffff) + (next >> 16);
  next = (next & 0xffff) + (next >> 16);
  put16(frame, at, value);
  put16(frame, sumAt, ~next & 0xffff);
}
