/** Capture files by the byte, in every variant that the formats have. */

export interface WrittenPacket {
  readonly bytes: Uint8Array;
  /** Of the packet; as many bytes as there are unless given. */
  readonly length?: number;
  readonly seconds?: number;
  /** pcapng: number of the interface, 0 unless given. */
  readonly interface?: number;
  /** pcapng: received or sent. */
  readonly direction?: 'in' | 'out';
}

export interface PcapVariant {
  readonly little: boolean;
  readonly nanoseconds: boolean;
  readonly link: number;
}

class Writer {
  readonly #bytes: number[] = [];

  constructor(private readonly little: boolean) {}

  u16(...values: number[]): this {
    for (const value of values) this.#number(value, 2);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.#number(value, 4);
    return this;
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #number(value: number, size: number): void {
    const bytes = Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
    this.#bytes.push(...(this.little ? bytes : bytes.reverse()));
  }
}

export function pcap(packets: readonly WrittenPacket[], { little, nanoseconds, link }: PcapVariant): Uint8Array {
  const ticks = nanoseconds ? 1e9 : 1e6;
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const parts = [new Writer(little).u32(magic).u16(2, 4).u32(0, 0, 262_144, link).bytes];
  for (const { bytes, length = bytes.length, seconds = 0 } of packets) {
    const whole = Math.floor(seconds);
    parts.push(new Writer(little).u32(whole, Math.round((seconds - whole) * ticks), bytes.length, length).bytes, bytes);
  }
  return Buffer.concat(parts);
}

export interface PcapngInterface {
  readonly link: number;
  readonly snapLength?: number;
  /** if_tsresol, one byte. */
  readonly resolution?: number;
  /** if_tsoffset, seconds. */
  readonly offset?: number;
}

const padding = (length: number): number[] => new Array<number>(-length & 3).fill(0);

function block(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const length = 12 + body.length + (-body.length & 3);
  return new Writer(little).u32(type, length).raw(body).raw(padding(body.length)).u32(length).bytes;
}

export function sectionBlock(little: boolean): Uint8Array {
  const body = new Writer(little).u32(0x1a2b3c4d).u16(1, 0).u32(0xffffffff, 0xffffffff).bytes;
  return block(little, 0x0a0d0d0a, body);
}

function interfaceBlock(little: boolean, { link, snapLength = 0, resolution, offset }: PcapngInterface): Uint8Array {
  const body = new Writer(little).u16(link, 0).u32(snapLength);
  // A name, so that an option that nobody wants stands in front.
  body.u16(2, 4).raw(Buffer.from('eth0'));
  if (resolution !== undefined) body.u16(9, 1).raw([resolution, 0, 0, 0]);
  if (offset !== undefined) body.u16(14, 8).u32(...(little ? [offset, 0] : [0, offset]));
  return block(little, 1, body.u16(0, 0).bytes);
}

export const enhancedBlock = (little: boolean, packet: WrittenPacket, perSecond = 1e6): Uint8Array => {
  const { bytes, length = bytes.length, seconds = 0, direction } = packet;
  const stamp = Math.round(seconds * perSecond);
  const body = new Writer(little)
    .u32(packet.interface ?? 0, Math.floor(stamp / 2 ** 32), stamp % 2 ** 32, bytes.length, length)
    .raw(bytes)
    .raw(padding(bytes.length));
  if (direction !== undefined)
    body
      .u16(1, 5)
      .raw(Buffer.from('hello\0\0\0'))
      .u16(2, 4)
      .u32(direction === 'in' ? 1 : 2)
      .u16(0, 0);
  return block(little, 6, body.bytes);
};

export const simpleBlock = (little: boolean, { bytes, length = bytes.length }: WrittenPacket): Uint8Array =>
  block(little, 3, new Writer(little).u32(length).raw(bytes).bytes);

/** A block of a kind that is none of the reader's business. */
export const otherBlock = (little: boolean, length: number): Uint8Array => block(little, 0xbad, new Uint8Array(length));

export function pcapng(
  packets: readonly WrittenPacket[],
  interfaces: readonly PcapngInterface[],
  little: boolean,
): Uint8Array {
  const perSecond = ({ resolution }: PcapngInterface): number => {
    if (resolution === undefined) return 1e6;
    return resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
  };
  return Buffer.concat([
    sectionBlock(little),
    ...interfaces.map((one) => interfaceBlock(little, one)),
    otherBlock(little, 40),
    ...packets.map((packet) =>
      enhancedBlock(little, packet, perSecond(interfaces[packet.interface ?? 0] ?? { link: 0 })),
    ),
  ]);
}
