/** Where on its way through netfilter a packet is while a chain is analysed. */
import type { AddressFamily } from '../model/address.js';
import type { Field } from '../model/field.js';
import type { CtState } from '../model/match.js';
import type { Hook } from '../model/ruleset.js';
import type { NamedSet, SetId } from '../model/set.js';
import type { HostSets } from './host-sets.js';
import type { Marks } from './marks.js';
import type { SetValueCache } from './set-values.js';
import type { Why } from './why.js';

export interface Context {
  readonly family: AddressFamily;
  readonly hook: Hook;
  /** Devices that XDP covers, in the order of the field `device`. */
  readonly devices: readonly string[];
  readonly sets: ReadonlyMap<SetId, NamedSet>;
  /** Sets that rules of this very ruleset change: nothing is known of their elements. */
  readonly changedSets: ReadonlySet<string>;
  readonly setValues: SetValueCache;
  readonly host: HostSets;
  /** Why XDP cannot ask how a source is routed; null: it can. */
  readonly routesUnasked: Why | null;
  readonly marks: Marks;
  /** Every packet meets the rules here: what they do to its mark they surely do. */
  readonly marksSurely: boolean;
  /**
   * Connection states that a packet may be in once XDP has found that conntrack does not know it; null before conntrack, or where XDP
   * cannot ask.
   */
  readonly untrackedStates: readonly CtState[] | null;
  /** NAT may have rewritten destination address and port before this hook. */
  readonly destinationRewritten: boolean;
  /** What NAT may have rewritten of packets that conntrack knows, which XDP has let pass by now: what drops are about is right, and rules meet more packets. */
  readonly repliesRewritten: readonly Field[];
}
