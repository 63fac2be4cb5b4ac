/** pcapng (draft-ietf-opsawg-pcapng): sections of blocks; packets name the interface they were captured on. */
import type { ByteQueue } from './byte-queue.js';
import type { CapturedPacket, UnnumberedPacket } from './captured-packet.js';
import { CaptureError, maxCaptured, type PacketSource } from './packet-source.js';

const blocks = { section: 0x0a0d0d0a, interface: 1, packet: 2, simple: 3, enhanced: 6 } as const;
const byteOrderMagic = 0x1a2b3c4d;
/** Largest block that is held as a whole; no packet needs more, and other kinds are skipped. */
const maxBlock = 16 << 20;

interface CaptureInterface {
  readonly link: number;
  /** 0: unlimited. */
  readonly snapLength: number;
  /** Ticks per second. */
  readonly perSecond: number;
  /** Seconds added to every time stamp. */
  readonly offset: number;
}

export const isPcapng = (magic: DataView): boolean => magic.getUint32(0) === blocks.section;

/** Calls `each` with the code and value of every option from `at` on. */
function eachOption(body: DataView, at: number, little: boolean, each: (code: number, value: DataView) => void): void {
  while (at + 4 <= body.byteLength) {
    const code = body.getUint16(at, little);
    const length = body.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > body.byteLength) return;
    each(code, new DataView(body.buffer, body.byteOffset + at + 4, length));
    at += 4 + length + (-length & 3);
  }
}

/** if_tsresol: a power of ten, or of two where the top bit is set. */
const resolution = (byte: number): number => (byte & 0x80 ? 2 ** (byte & 0x7f) : 10 ** byte);

function readInterface(body: DataView, little: boolean): CaptureInterface {
  if (body.byteLength < 8) throw new CaptureError('an interface block is too short');
  let perSecond = 1e6;
  let offset = 0;
  eachOption(body, 8, little, (code, value) => {
    if (code === 9 && value.byteLength === 1) perSecond = resolution(value.getUint8(0));
    if (code === 14 && value.byteLength === 8) offset = Number(value.getBigInt64(0, little));
  });
  return { link: body.getUint16(0, little), snapLength: body.getUint32(4, little), perSecond, offset };
}

class PcapngSource implements PacketSource {
  #little = false;
  #interfaces: CaptureInterface[] = [];
  /** Bytes of a block that nobody wants, still to come. */
  #skip = 0;

  next(queue: ByteQueue): UnnumberedPacket | null {
    for (;;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, queue.length);
        queue.take(skipped);
        this.#skip -= skipped;
        if (this.#skip > 0) return null;
      }
      const block = this.#block(queue);
      if (block === null) return null;
      const packet = this.#read(block.type, block.body);
      if (packet !== null) return packet;
    }
  }

  /** The next block, without its header and trailing length; blocks of other kinds are passed over. */
  #block(queue: ByteQueue): { readonly type: number; readonly body: DataView } | null {
    for (;;) {
      const head = queue.peek(12);
      if (head === null) return null;
      const type = head.getUint32(0, this.#little);
      // The byte order of a section is known by its own magic number only; the type reads the same in both.
      if (type === blocks.section) this.#little = this.#byteOrder(head);
      const length = head.getUint32(4, this.#little);
      if (length < 12 || length % 4 !== 0) throw new CaptureError(`a block claims a length of ${length} bytes`);
      const wanted = Object.values(blocks).some((known) => known === type);
      if (!wanted) {
        this.#skip = length;
        return { type, body: new DataView(new ArrayBuffer(0)) };
      }
      if (length > maxBlock) throw new CaptureError(`a block claims a length of ${length} bytes`);
      const whole = queue.peek(length);
      if (whole === null) return null;
      if (whole.getUint32(length - 4, this.#little) !== length)
        throw new CaptureError('the two lengths of a block differ');
      queue.take(length);
      return { type, body: new DataView(whole.buffer, whole.byteOffset + 8, length - 12) };
    }
  }

  #byteOrder(head: DataView): boolean {
    if (head.getUint32(8, true) === byteOrderMagic) return true;
    if (head.getUint32(8) === byteOrderMagic) return false;
    throw new CaptureError('a section has no byte-order magic');
  }

  /** Null: a block without a packet. */
  #read(type: number, body: DataView): UnnumberedPacket | null {
    switch (type) {
      case blocks.section:
        this.#interfaces = [];
        return null;
      case blocks.interface:
        this.#interfaces.push(readInterface(body, this.#little));
        return null;
      case blocks.enhanced:
        return this.#enhanced(body, this.#u32(body, 0));
      case blocks.packet:
        return this.#enhanced(body, body.byteLength < 2 ? 0 : body.getUint16(0, this.#little));
      case blocks.simple:
        return this.#simple(body);
      default:
        return null;
    }
  }

  #enhanced(body: DataView, interfaceNumber: number): UnnumberedPacket {
    const { link, perSecond, offset } = this.#interface(interfaceNumber);
    const stamp = this.#u32(body, 4) * 2 ** 32 + this.#u32(body, 8);
    const captured = this.#u32(body, 12);
    const length = Math.max(captured, this.#u32(body, 16));
    const bytes = this.#data(body, 20, captured);
    let direction: CapturedPacket['direction'] = null;
    eachOption(body, 20 + captured + (-captured & 3), this.#little, (code, value) => {
      // epb_flags: the lowest two bits are 1 for received, 2 for sent.
      if (code !== 2 || value.byteLength !== 4) return;
      const bits = value.getUint32(0, this.#little) & 3;
      direction = bits === 1 ? 'in' : bits === 2 ? 'out' : null;
    });
    return { seconds: stamp / perSecond + offset, bytes, length, link, direction };
  }

  #simple(body: DataView): UnnumberedPacket {
    const { link, snapLength } = this.#interface(0);
    const length = this.#u32(body, 0);
    const captured = Math.min(length, body.byteLength - 4, snapLength === 0 ? Infinity : snapLength);
    return { seconds: null, bytes: this.#data(body, 4, captured), length, link, direction: null };
  }

  #interface(number: number): CaptureInterface {
    const found = this.#interfaces[number];
    if (found === undefined) throw new CaptureError(`a packet names interface ${number}, which is not described`);
    return found;
  }

  #u32(body: DataView, at: number): number {
    if (at + 4 > body.byteLength) throw new CaptureError('a packet block is too short');
    return body.getUint32(at, this.#little);
  }

  #data(body: DataView, at: number, length: number): Uint8Array {
    if (length > maxCaptured || at + length > body.byteLength)
      throw new CaptureError(`a packet block claims ${length} captured bytes`);
    return new Uint8Array(body.buffer, body.byteOffset + at, length);
  }
}

export const pcapngSource = (): PacketSource => new PcapngSource();
