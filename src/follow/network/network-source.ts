/** Changes of addresses, links, routes and IPsec, told by the kernel: what has changed, in words. */
import type { NativeApi } from '../../load/native-api.js';
import type { AddressFamily } from '../../model/address.js';
import { ChangeLog } from '../change-log.js';
import type { HostChange, SourceDelay } from '../change.js';
import type { Message } from '../netlink/message.js';
import { Subscription, type SubscriptionOptions } from '../netlink/subscription.js';
import type { Source } from '../source.js';

export interface NetworkChange {
  /** In words. */
  readonly what: string;
  /** As in HostChange. */
  readonly routes?: AddressFamily;
}

export interface NetworkEvents extends Omit<SubscriptionOptions, 'receiveBuffer'> {
  readonly name: string;
  /** Requests whose answers tell how things stand, one after the other. */
  readonly requests: readonly Uint8Array[];
  /** Null: nothing that matters. */
  readonly changeOf: (bytes: Buffer, message: Message) => NetworkChange | null;
}

/** Different changes of a kind that are told one by one. */
const most = 16;

export class NetworkSource implements Source {
  readonly #subscription: Subscription;
  readonly #log = new ChangeLog<NetworkChange | { readonly lost: string }>();
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
      const change = this.events.changeOf(bytes, message);
      if (change !== null) this.#log.push(change);
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
    const lost = taken.flatMap((one): HostChange[] => ('lost' in one ? [{ kind: 'lost', what: one.lost }] : []));
    const changes = taken.flatMap((one) => ('lost' in one ? [] : [one]));
    return [...lost, ...([undefined, 4, 6] as const).flatMap((routes) => toldOf(changes, routes))];
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

/** Those that are about `routes`; absent: about anything. */
function toldOf(changes: readonly NetworkChange[], routes: NetworkChange['routes']): HostChange[] {
  const whats = [...new Set(changes.filter((one) => one.routes === routes).map(({ what }) => what))];
  const told = whats.length <= most ? whats : [...whats.slice(0, most - 1), `${whats.length - most + 1} more changes`];
  return told.map((what) => ({ kind: 'network', what, ...(routes !== undefined && { routes }) }));
}
