/** A netlink socket that is subscribed to events, and how long nothing has waited in it. */
import type { NativeApi } from '../../load/native-api.js';
import { readMessages, type Message } from './message.js';

export interface SubscriptionOptions {
  /** `NETLINK_…` */
  readonly protocol: number;
  readonly groups: readonly number[];
  readonly receiveBuffer: number;
}

export class Subscription {
  readonly fd: number;
  readonly #poll: { close(): void };
  #emptyAt = Date.now();
  #isOpen = true;
  #failure: string | null = null;

  /** `readable` is called when something has come. Throws NativeError. */
  constructor(
    private readonly native: NativeApi,
    { protocol, groups, receiveBuffer }: SubscriptionOptions,
    readable: () => void,
  ) {
    this.fd = native.netlinkSubscribe(protocol, groups, receiveBuffer);
    this.#poll = native.pollFd(this.fd, readable);
  }

  /** Milliseconds since the epoch when it was last seen empty: what is read next came later. */
  get emptyAt(): number {
    return this.#emptyAt;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Reads all that is there. Says what was lost, if anything; then nothing more is sure, whatever `each` was given. */
  read(each: (bytes: Buffer, message: Message) => void): string | null {
    if (!this.#isOpen) return null;
    let lost: string | null = null;
    for (;;) {
      const began = Date.now();
      const received = this.#receive();
      if (received === null) {
        this.#emptyAt = began;
        break;
      }
      // Until its buffer is empty the kernel throws away what comes without saying so again: it is emptied before anything is read anew.
      if (received === 'lost') lost = 'events came faster than they were read';
      else if (!readMessages(asBuffer(received), (message) => each(asBuffer(received), message)))
        lost ??= 'events were cut short';
    }
    return this.#failure ?? lost;
  }

  #receive(): Uint8Array | 'lost' | null {
    try {
      return this.native.netlinkReceive(this.fd);
    } catch (error) {
      this.#failure = `events cannot be read any more: ${error instanceof Error ? error.message : String(error)}`;
      this.close();
      return null;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#poll.close();
    this.native.close(this.fd);
  }
}

/** A view, not a copy. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
