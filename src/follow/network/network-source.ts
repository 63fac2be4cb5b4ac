/** Changes of addresses, links, routes and IPsec, told by the kernel: what has changed, in words. */
import type { NativeApi } from '../../load/native-api.js';
import { ChangeLog } from '../change-log.js';
import type { HostChange, SourceDelay } from '../change.js';
import type { Message } from '../netlink/message.js';
import { Subscription, type SubscriptionOptions } from '../netlink/subscription.js';
import type { Source } from '../source.js';

export interface NetworkEvents extends Omit<SubscriptionOptions, 'receiveBuffer'> {
  readonly name: string;
  /** Requests whose answers tell how things stand, one after the other. */
  readonly requests: readonly Uint8Array[];
  /** What has changed; null: nothing that matters. */
  readonly changeOf: (bytes: Buffer, message: Message) => string | null;
}

/** Different changes that are told one by one. */
const most = 16;

export class NetworkSource implements Source {
  readonly #subscription: Subscription;
  readonly #log = new ChangeLog<string | { readonly lost: string }>();
  #hasBaseline = false;

  constructor(
    native: NativeApi,
    receiveBuffer: number,
    private readonly notify: () => void,
    private readonly events: NetworkEvents,
  ) {
    this.#subscription = new Subscription(native, { ...events, receiveBuffer }, () => this.tick());
    for (const request of events.requests) {
      native.netlinkSend(this.#subscription.fd, request);
      this.#drain();
    }
  }

  #drain(): void {
    const lost = this.#subscription.read((bytes, message) => {
      const what = this.events.changeOf(bytes, message);
      if (what !== null) this.#log.push(what);
    });
    if (lost === null) return;
    this.#log.clear();
    this.#log.push({ lost: `${this.events.name}: ${lost}` });
  }

  tick = (): void => {
    this.#drain();
    if (!this.#log.isEmpty && this.#hasBaseline) this.notify();
  };

  take = (): readonly HostChange[] => {
    this.#drain();
    if (!this.#hasBaseline) return [];
    const taken = this.#log.take();
    const lost = taken.flatMap((one): HostChange[] =>
      typeof one === 'string' ? [] : [{ kind: 'lost', what: one.lost }],
    );
    const whats = [...new Set(taken.filter((one) => typeof one === 'string'))];
    const told =
      whats.length <= most ? whats : [...whats.slice(0, most - 1), `${whats.length - most + 1} more changes`];
    return [...lost, ...told.map((what): HostChange => ({ kind: 'network', what }))];
  };

  rereading = (): void => {
    this.#drain();
    this.#log.mark();
  };

  baseline = (): void => {
    this.#drain();
    this.#hasBaseline = true;
    this.#log.replay();
  };

  delay = (): SourceDelay => ({ source: this.events.name, seconds: 0, isHealthy: this.#subscription.isOpen });

  close = (): void => this.#subscription.close();
}
