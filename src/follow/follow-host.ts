/** Follows the host in the caller's network namespace by everything that tells of changes. */
import type { NativeApi, NativeError } from '../load/native-api.js';
import type { FollowOptions, Follower, HostChange, SourceDelay } from './change.js';
import { FilesSource } from './files-source.js';
import { latestOf } from './latest.js';
import { NetworkSource } from './network/network-source.js';
import { routeEvents } from './network/route-events.js';
import { xfrmEvents } from './network/xfrm-events.js';
import { NftSource } from './nft/nft-source.js';
import { IpsetProbe } from './poll/ipset-probe.js';
import { LegacyProbe } from './poll/legacy-probe.js';
import { OwnedTablesProbe } from './poll/owned-tables-probe.js';
import { PollSource, Turns, type Probe } from './poll/poll-source.js';
import type { Source } from './source.js';

const defaultBuffer = 16 * 1024 * 1024;
const tickMilliseconds = 500;

/** Throws NativeError where the kernel does not let it listen. */
export function followHost(native: NativeApi, options: FollowOptions): Follower {
  return new HostFollower(native, options);
}

class HostFollower implements Follower {
  readonly #sources: Source[] = [];
  readonly #timer: NodeJS.Timeout;
  #wake: (() => void) | null = null;

  constructor(native: NativeApi, options: FollowOptions) {
    const notify = this.wake;
    try {
      for (const make of makersOf(native, options, notify)) this.#sources.push(...[make() ?? []].flat());
    } catch (error) {
      for (const source of this.#sources) source.close();
      throw error;
    }
    this.#timer = setInterval(() => this.#sources.forEach((source) => source.tick()), tickMilliseconds);
    this.#timer.unref();
  }

  next = async (timeoutMs: number): Promise<readonly HostChange[]> => {
    const there = this.pending();
    if (there.length > 0 || timeoutMs <= 0) return there;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
    return this.pending();
  };

  wake = (): void => this.#wake?.();

  pending = (): readonly HostChange[] => latestOf(this.#sources.flatMap((source) => source.take()));

  rereading = (): void => this.#sources.forEach((source) => source.rereading());

  baseline: Follower['baseline'] = (ruleset, live) => this.#sources.forEach((source) => source.baseline(ruleset, live));

  healthy = (): boolean => this.delays().every(({ isHealthy }) => isHealthy);

  delays = (): readonly SourceDelay[] => this.#sources.map((source) => source.delay());

  close = (): void => {
    clearInterval(this.#timer);
    for (const source of this.#sources) source.close();
    this.#wake?.();
  };
}

function makersOf(
  native: NativeApi,
  { pollSeconds, receiveBuffer = defaultBuffer, files = [] }: FollowOptions,
  notify: () => void,
): readonly (() => Source | null)[] {
  const turns = new Turns();
  const poll = (probe: Probe): Source => new PollSource(probe, pollSeconds, turns, notify);
  return [
    () => new NftSource(native, receiveBuffer, notify),
    () => new NetworkSource(native, receiveBuffer, notify, routeEvents()),
    () => whereSupported(() => new NetworkSource(native, receiveBuffer, notify, xfrmEvents)),
    () => poll(new OwnedTablesProbe(pollSeconds)),
    () => poll(new IpsetProbe(pollSeconds)),
    () => poll(new LegacyProbe('ip', pollSeconds)),
    () => poll(new LegacyProbe('ip6', pollSeconds)),
    ...(files.length > 0 ? [() => new FilesSource(files, notify)] : []),
  ];
}

const protocolNotSupported = 93;

/** Null: the kernel has no such thing. */
function whereSupported(make: () => Source): Source | null {
  try {
    return make();
  } catch (error) {
    if ((error as NativeError).errno === protocolNotSupported) return null;
    throw error;
  }
}
