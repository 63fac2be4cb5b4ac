/** One of the things that are followed. */
import type { LiveText } from '../host/live/read-live.js';
import type { FollowedRuleset, HostChange, SourceDelay } from './change.js';

export interface Source {
  /** What has changed since it was asked last. */
  readonly take: () => readonly HostChange[];
  /** Called about twice a second, so that it is known how long nothing has come. */
  readonly tick: () => void;
  /** See `Follower`. */
  readonly rereading: () => void;
  readonly baseline: (ruleset: FollowedRuleset, live: readonly LiveText[] | null) => void;
  readonly delay: () => SourceDelay;
  readonly close: () => void;
}
