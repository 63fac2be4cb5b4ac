/** What tells `offload watch` that the host is no longer as it was read. */
import type { LiveText } from '../host/live/read-live.js';
import type { Input, Ruleset, Table } from '../model/ruleset.js';
import type { AddressFamily } from '../model/address.js';
import type { SetId } from '../model/set.js';
import type { SetChange } from '../update/set-change.js';

export type HostChange =
  /** Elements that came and went, in the order in which the kernel did it. */
  | { readonly kind: 'elements'; readonly changes: readonly SetChange[] }
  /**
   * Elements of a set changed in a way that columns do not say (several fields, lists, `nomatch`, maps, elements with limits). Until it is
   * read anew whatever asks for the set must pass; a set that the plan does not ask for does not matter.
   */
  | { readonly kind: 'set'; readonly set: SetId; readonly what: string }
  /**
   * Rules, chains, tables, sets as such. `addsDropsOnly`: nothing but rules that drop silently and have no other effect, or empty objects,
   * were added, so that no drop in XDP can have become wrong. `what`: for people ("rule added to ip filter INPUT").
   */
  | { readonly kind: 'rules'; readonly addsDropsOnly: boolean; readonly what: string }
  /**
   * Addresses, links, routes, routing rules, forwarding, IPsec, tc filters. `routes`: nothing but where packets of this family are sent has changed,
   * which no drop rests on unless it asks how sources are routed; absent: anything may have.
   */
  | { readonly kind: 'network'; readonly what: string; readonly routes?: AddressFamily }
  /** Events were lost, or a source died: nothing is sure until everything is read anew. */
  | { readonly kind: 'lost'; readonly what: string };

/** How late a change may be noticed. */
export interface SourceDelay {
  /** `nftables`, `network`, `ipset`, `iptables`, `ip6tables`, `files`, `tables of programs`. */
  readonly source: string;
  /** Seconds at most between a change and its `HostChange`, as things stand; 0: the kernel says so itself. */
  readonly seconds: number;
  readonly isHealthy: boolean;
}

/** What of a ruleset is followed by itself: its sets, the texts of those that are polled, and tables that may go without a word. */
export interface FollowedRuleset extends Pick<Ruleset, 'sets'> {
  readonly inputs: readonly Pick<Input, 'format' | 'text'>[];
  readonly tables: readonly Pick<Table, 'family' | 'name' | 'managed'>[];
}

/**
 * The order that keeps a plan sound: `followHost`, read the host, plan, `baseline`, attach, and then apply what `next` gives. To plan anew:
 * `rereading`, read the host, plan, `baseline`: what happened after `rereading` is given (again) after `baseline`. Applying a change twice
 * does no harm, nor does one that the reading held already.
 */
export interface Follower {
  /** Resolves when something has changed, or after `timeoutMs` with nothing. */
  readonly next: (timeoutMs: number) => Promise<readonly HostChange[]>;
  /** Ends a `next` that waits: somebody else has something to do. */
  readonly wake: () => void;
  /** Changes that are there now, without waiting. */
  readonly pending: () => readonly HostChange[];
  /** Called before the host is read anew. Until `baseline`, changes go on being given as before. */
  readonly rereading: () => void;
  /** What is followed from now on: the sets with their definitions, and the texts as they were read. Nothing is given before the first one. */
  readonly baseline: (ruleset: FollowedRuleset, live: readonly LiveText[] | null) => void;
  /** False while a source is overdue (no poll succeeded for three times its interval) or has died: no lease is renewed then. */
  readonly healthy: () => boolean;
  readonly delays: () => readonly SourceDelay[];
  readonly close: () => void;
}

export interface FollowOptions {
  /** Seconds between two looks at what the kernel does not tell of itself: ipset and legacy tables. */
  readonly pollSeconds: number;
  /** Rulesets that are planned for in place of the host's own. */
  readonly files?: readonly string[];
  /** Bytes that events may wait in, each source; 16 MiB unless given. */
  readonly receiveBuffer?: number;
}
