/**
 * Packets -> pcapng (draft-ietf-opsawg-pcapng), little-endian: one section, an interface block per device, and each packet with a comment,
 * which Wireshark shows and filters by (`frame.comment`).
 */

const blocks = { section: 0x0a0d0d0a, interface: 1, enhanced: 6 } as const;
const options = { end: 0, comment: 1, application: 4, name: 2, resolution: 9, flags: 2 } as const;
const ethernet = 1;
/** Option values are at most so long; whole UTF-8 characters of fewer bytes are kept. */
const maxComment = 1024;

export interface WrittenPacket {
  /** Number of the interface, in the order they were written. */
  readonly interface: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** On the wire; `bytes` are the first of them. */
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly comment: string;
}

const padded = (length: number): number => (length + 3) & ~3;

function block(type: number, fixed: Uint8Array, optionList: readonly Uint8Array[]): Buffer {
  const length = 12 + fixed.length + optionList.reduce((sum, each) => sum + each.length, 0);
  const ends = Buffer.alloc(8);
  ends.writeUInt32LE(type, 0);
  ends.writeUInt32LE(length, 4);
  return Buffer.concat([ends, fixed, ...optionList, ends.subarray(4)]);
}

function option(code: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

const endOfOptions = option(options.end, new Uint8Array());

/** `application`: who writes it. */
export function pcapngHeader(application: string): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(0x1a2b3c4d, 0);
  fixed.writeUInt16LE(1, 4);
  // Length of the section: not known.
  fixed.fill(0xff, 8);
  return block(blocks.section, fixed, [option(options.application, Buffer.from(application)), endOfOptions]);
}

/** `snapLength`: most bytes of a packet that are kept. Time stamps are in nanoseconds. */
export function pcapngInterface(name: string, snapLength: number): Buffer {
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16LE(ethernet, 0);
  fixed.writeUInt32LE(snapLength, 4);
  const nanoseconds = Uint8Array.of(9);
  return block(blocks.interface, fixed, [
    option(options.name, Buffer.from(name)),
    option(options.resolution, nanoseconds),
    endOfOptions,
  ]);
}

export function pcapngPacket({ interface: number, time, length, bytes, comment }: WrittenPacket): Buffer {
  const fixed = Buffer.alloc(20 + padded(bytes.length));
  fixed.writeUInt32LE(number, 0);
  fixed.writeUInt32LE(Number((time >> 32n) & 0xffffffffn), 4);
  fixed.writeUInt32LE(Number(time & 0xffffffffn), 8);
  fixed.writeUInt32LE(bytes.length, 12);
  fixed.writeUInt32LE(length, 16);
  fixed.set(bytes, 20);
  // epb_flags: inbound.
  const flags = Uint8Array.of(1, 0, 0, 0);
  const text = Buffer.from(comment.slice(0, maxComment / 4));
  return block(blocks.enhanced, fixed, [option(options.comment, text), option(options.flags, flags), endOfOptions]);
}
