/** Layer-4 headers for frame.ts. Checksums are filled in there. */
import { concat, type Segment } from './frame.js';

const word = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

export const tcpFlag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

export interface TcpHeader {
  readonly sport: number;
  readonly dport: number;
  readonly flags: number;
  /** 32-bit sequence and acknowledgement numbers. */
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly payload?: number;
  readonly dataOffset?: number;
}

export function tcp(header: TcpHeader): Segment {
  const sequence = header.sequence ?? 0;
  const acknowledgement = header.acknowledgement ?? 0;
  const bytes = concat(
    word(header.sport),
    word(header.dport),
    word(sequence >>> 16),
    word(sequence),
    word(acknowledgement >>> 16),
    word(acknowledgement),
    [(header.dataOffset ?? 5) << 4, header.flags, 0x20, 0, 0, 0, 0, 0],
    new Uint8Array(header.payload ?? 0).fill(0x61),
  );
  return { protocol: 6, bytes };
}

export function udp(sport: number, dport: number, payload = 8): Segment {
  return {
    protocol: 17,
    bytes: concat(word(sport), word(dport), word(8 + payload), [0, 0], new Uint8Array(payload).fill(0x62)),
  };
}

/** UDP-Lite with full coverage, so that its checksum is computed as UDP's. */
export function udpLite(sport: number, dport: number, payload = 8): Segment {
  return {
    protocol: 136,
    bytes: concat(word(sport), word(dport), word(0), [0, 0], new Uint8Array(payload).fill(0x62)),
  };
}

export function icmp(version: 4 | 6, type: number, code: number, payload = 16): Segment {
  return {
    protocol: version === 4 ? 1 : 58,
    bytes: concat([type, code, 0, 0, 0, 1, 0, 1], new Uint8Array(payload).fill(0x63)),
  };
}

/** Any other protocol: opaque bytes, the first four look like ports. */
export function opaque(protocol: number, sport: number, dport: number, length = 24): Segment {
  return { protocol, bytes: concat(word(sport), word(dport), new Uint8Array(Math.max(0, length - 4))) };
}

/** The same segment cut to its first `length` bytes: a header that is not all there. */
export function cut(segment: Segment, length: number): Segment {
  return { protocol: segment.protocol, bytes: segment.bytes.subarray(0, length) };
}
