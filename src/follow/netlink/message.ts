/** Netlink messages and their attributes, read in place. Headers are in the host's byte order (linux/netlink.h). */
import { endianness } from 'node:os';

const little = endianness() === 'LE';

export const u16 = (bytes: Buffer, at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
export const u32 = (bytes: Buffer, at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));

const headerBytes = 16;
const align = (length: number): number => (length + 3) & ~3;

/** `nlmsg_type` of messages that are none of a protocol's own. */
export const messageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Part of an answer to a dump; events never have it. */
export const multi = 2;

export interface Message {
  readonly type: number;
  readonly flags: number;
  /** Where what follows the header begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** Calls `each` for every message. False: the bytes are not whole messages. */
export function readMessages(bytes: Buffer, each: (message: Message) => void): boolean {
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const length = u32(bytes, at);
    if (length < headerBytes || at + length > bytes.length) return false;
    each({ type: u16(bytes, at + 4), flags: u16(bytes, at + 6), start: at + headerBytes, end: at + length });
    at += align(length);
  }
  return at >= bytes.length;
}

/** What stands before the type of an attribute: `NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`. */
const typeMask = 0x3fff;
const mostTypes = 64;

/** The attributes of one level. An instance is used again and again: reading a message makes no objects. */
export class Attributes {
  bytes: Buffer = Buffer.alloc(0);
  readonly #start = new Int32Array(mostTypes);
  readonly #end = new Int32Array(mostTypes);

  /** False: they are cut short. Of a type that stands twice, the last one counts; types above 63 are left out. */
  read(bytes: Buffer, from: number, to: number): boolean {
    this.bytes = bytes;
    this.#start.fill(0);
    let at = from;
    while (at + 4 <= to) {
      const length = u16(bytes, at);
      if (length < 4 || at + length > to) return false;
      const type = u16(bytes, at + 2) & typeMask;
      if (type < mostTypes) {
        this.#start[type] = at + 4;
        this.#end[type] = at + length;
      }
      at += align(length);
    }
    return at >= to;
  }

  /** Reads the attributes within attribute `type`; false: it is not there, or cut short. */
  readNested(parent: Attributes, type: number): boolean {
    return parent.has(type) && this.read(parent.bytes, parent.start(type), parent.end(type));
  }

  has(type: number): boolean {
    return this.#start[type] !== 0;
  }

  start(type: number): number {
    return this.#start[type]!;
  }

  end(type: number): number {
    return this.#end[type]!;
  }

  length(type: number): number {
    return this.has(type) ? this.end(type) - this.start(type) : 0;
  }

  /** Ends with a zero byte, or with the attribute. Empty where it is not there. */
  text(type: number): string {
    if (!this.has(type)) return '';
    const zero = this.bytes.indexOf(0, this.start(type));
    const end = zero < 0 ? this.end(type) : Math.min(zero, this.end(type));
    return this.bytes.toString('utf8', this.start(type), end);
  }

  /** In the host's byte order; null where it is not there. */
  u32(type: number): number | null {
    return this.length(type) >= 4 ? u32(this.bytes, this.start(type)) : null;
  }

  /** In network byte order, as netfilter writes its numbers. */
  be32(type: number): number | null {
    return this.length(type) >= 4 ? this.bytes.readUInt32BE(this.start(type)) : null;
  }

  /** As `be32`; exact up to 2^53. */
  be64(type: number): number | null {
    if (this.length(type) < 8) return null;
    const at = this.start(type);
    return this.bytes.readUInt32BE(at) * 2 ** 32 + this.bytes.readUInt32BE(at + 4);
  }
}

/** Calls `each` for every attribute in a list. False: it is cut short. */
export function eachOf(bytes: Buffer, from: number, to: number, each: (start: number, end: number) => void): boolean {
  let at = from;
  while (at + 4 <= to) {
    const length = u16(bytes, at);
    if (length < 4 || at + length > to) return false;
    each(at + 4, at + length);
    at += align(length);
  }
  return at >= to;
}
