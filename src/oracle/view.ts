/** What a match is evaluated against: the packet, where it is, and which of its fields may have been rewritten. */
import type { AddressRanges } from '../model/address.js';
import type { CtState } from '../model/match.js';
import type { Hook } from '../model/ruleset.js';
import type { AddressTest } from './address-index.js';
import type { Packet } from './packet.js';
import type { Routing } from './routing.js';
import type { SetTest } from './set-index.js';
import type { SetId } from '../model/set.js';

/** Low bits of a state (mark-state.ts has the others): fields that are not (or not surely) what the frame said. */
export const Changed = {
  saddr: 1,
  daddr: 2,
  sport: 4,
  dport: 8,
  ttl: 16,
  tos: 32,
  length: 64,
  /** Any byte of the packet. */
  bytes: 128,
} as const;

export const SourceChanged = Changed.saddr | Changed.sport;
export const DestinationChanged = Changed.daddr | Changed.dport;

export interface View {
  readonly packet: Packet;
  readonly hook: Hook;
  readonly device: string;
  readonly dialect: 'iptables' | 'nft';
  readonly routing: Routing;
  /** The chain hangs behind nf_conntrack_in (priority -200). */
  readonly afterConntrack: boolean;
  /** States that the packet can have, where something of its connection is taken for granted; else null. */
  readonly ctStates: readonly CtState[] | null;
  /** Seconds since the epoch; null where the time is not known. */
  readonly at: number | null;
  readonly setTest: (id: SetId) => SetTest;
  /** Looking a packet up may change the set. */
  readonly learns: (id: SetId) => boolean;
  /** Index of a rule's own long address list, built once. */
  readonly longList: (ranges: AddressRanges) => AddressTest;
}

/** True where one of the `fields` may have been rewritten in this state. */
export const changed = (state: number, fields: number): boolean => (state & (fields | Changed.bytes)) !== 0;
