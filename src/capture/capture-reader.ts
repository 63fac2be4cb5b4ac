/** A capture file, of either format, as a stream of packets. */
import { InputError } from '../diagnostic.js';
import { ByteQueue } from './byte-queue.js';
import type { CapturedPacket } from './captured-packet.js';
import { CaptureError, type PacketSource } from './packet-source.js';
import { isPcap, pcapSource } from './pcap.js';
import { isPcapng, pcapngSource } from './pcapng.js';

export class CaptureReader {
  #packets = 0;
  #leftOver = 0;

  /** `file` as messages name it. */
  constructor(private readonly file: string) {}

  /** Bytes of a packet that the file ends within; known at the end. */
  get leftOver(): number {
    return this.#leftOver;
  }

  /** Packets in the order of the file, those that one chunk completes together. Throws InputError. */
  async *packets(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly CapturedPacket[]> {
    const queue = new ByteQueue();
    let source: PacketSource | null = null;
    for await (const chunk of chunks) {
      queue.push(chunk);
      source ??= this.#detect(queue);
      if (source === null) continue;
      const packets = this.#complete(source, queue);
      if (packets.length > 0) yield packets;
    }
    if (source === null) throw this.#error('is empty, or too short to be a capture');
    this.#leftOver = queue.length;
  }

  #detect(queue: ByteQueue): PacketSource | null {
    const magic = queue.peek(4);
    if (magic === null) return null;
    if (isPcap(magic)) return pcapSource();
    if (isPcapng(magic)) return pcapngSource();
    throw this.#error('is neither a pcap nor a pcapng file');
  }

  #complete(source: PacketSource, queue: ByteQueue): CapturedPacket[] {
    const packets: CapturedPacket[] = [];
    for (;;) {
      const at = queue.offset;
      try {
        const packet = source.next(queue);
        if (packet === null) return packets;
        const { seconds, bytes, length, link, direction } = packet;
        packets.push({ number: ++this.#packets, seconds, bytes, length, link, direction });
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error;
        throw this.#error(`is broken behind packet ${this.#packets}, from byte ${at} on: ${error.message}`);
      }
    }
  }

  #error(why: string): InputError {
    const span = { file: this.file, line: 0, column: 0 };
    return new InputError([{ code: 'not-a-capture', severity: 'error', span, message: why, notes: [] }]);
  }
}
