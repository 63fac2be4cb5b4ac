/** Follows the host in the caller's network namespace by everything that tells of changes. */
import type { NativeApi } from '../load/native-api.js';
import type { FollowOptions, Follower, HostChange, SourceDelay } from './change.js';
import { latestOf } from './latest.js';
import { NftSource } from './nft/nft-source.js';
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
    const notify = (): void => this.#wake?.();
    try {
      for (const make of makersOf(native, options, notify)) this.#sources.push(make());
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

  pending = (): readonly HostChange[] => latestOf(this.#sources.flatMap((source) => source.take()));

  rereading = (): void => this.#sources.forEach((source) => source.rereading());

  baseline: Follower['baseline'] = (ruleset) => this.#sources.forEach((source) => source.baseline(ruleset));

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
  { receiveBuffer = defaultBuffer }: FollowOptions,
  notify: () => void,
): readonly (() => Source)[] {
  return [() => new NftSource(native, receiveBuffer, notify)];
}
