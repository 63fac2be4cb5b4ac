/** Changes of nftables, which the kernel tells to whoever listens (group NFNLGRP_NFTABLES). */
import type { NativeApi } from '../../load/native-api.js';
import type { NamedSet, SetId } from '../../model/set.js';
import { ChangeLog } from '../change-log.js';
import type { FollowedRuleset, HostChange, SourceDelay } from '../change.js';
import { Subscription } from '../netlink/subscription.js';
import type { Source } from '../source.js';
import { messages, subsystem } from './constants.js';
import { changeOf } from './translate.js';
import { TransactionDraft, type RuleChanges, type Transaction } from './transaction.js';

const netfilter = 12;
const nftablesGroup = 7;

/** Elements that may wait to be given, and that are kept while the host is read anew. */
const mostElements = 4_000_000;

/** What is not followed by a new generation within this time is no transaction: a device went, and its chains with it. Milliseconds. */
const stray = 1000;

type Waiting = Transaction | { readonly lost: string };

export class NftSource implements Source {
  readonly #subscription: Subscription;
  readonly #log = new ChangeLog<Waiting>();
  #draft: TransactionDraft | null = null;
  #elements = 0;
  /** Null before the first baseline. */
  #sets: ReadonlyMap<SetId, NamedSet> | null = null;

  constructor(
    native: NativeApi,
    receiveBuffer: number,
    private readonly notify: () => void,
  ) {
    const options = { protocol: netfilter, groups: [nftablesGroup], receiveBuffer };
    this.#subscription = new Subscription(native, options, () => this.#readNow());
  }

  #readNow(): void {
    this.#drain();
    if (!this.#log.isEmpty && this.#sets !== null) this.notify();
  }

  #drain(): void {
    const lost = this.#subscription.read((bytes, message) => {
      if (message.type >>> 8 !== subsystem) return;
      if ((message.type & 0xff) === messages.newGeneration) {
        this.#finish();
        return;
      }
      this.#draft ??= new TransactionDraft(this.#subscription.emptyAt);
      this.#draft.add(bytes, message);
    });
    if (lost !== null) this.#lose(lost);
  }

  #finish(): void {
    const transaction = this.#draft?.isEmpty === false ? this.#draft.finish() : null;
    this.#draft = null;
    if (transaction === null) return;
    this.#elements += transaction.runs.reduce((sum, { count }) => sum + count, 0);
    if (this.#elements > mostElements) {
      this.#lose('more elements changed than are kept in mind');
      return;
    }
    this.#log.push(transaction);
  }

  #lose(lost: string): void {
    this.#draft = null;
    this.#elements = 0;
    this.#log.clear();
    this.#log.push({ lost: `nftables: ${lost}` });
  }

  tick = (): void => {
    this.#readNow();
    if (this.#draft === null || Date.now() - this.#draft.since < stray) return;
    this.#finish();
    this.#readNow();
  };

  take = (): readonly HostChange[] => {
    this.#drain();
    const sets = this.#sets;
    if (sets === null) return [];
    if (!this.#log.isKept) this.#elements = 0;
    return this.#log.take().flatMap((waiting) => ('lost' in waiting ? lostChange(waiting.lost) : given(waiting, sets)));
  };

  rereading = (): void => {
    this.#drain();
    this.#elements = 0;
    this.#log.mark();
  };

  baseline = ({ sets }: FollowedRuleset): void => {
    this.#drain();
    this.#sets = sets;
    this.#log.replay();
  };

  delay = (): SourceDelay => ({ source: 'nftables', seconds: 0, isHealthy: this.#subscription.isOpen });

  close = (): void => this.#subscription.close();
}

const lostChange = (what: string): HostChange => ({ kind: 'lost', what });

function given({ runs, rules, since }: Transaction, sets: ReadonlyMap<SetId, NamedSet>): HostChange[] {
  const changes: HostChange[] = rules === null ? [] : [ruleChange(rules, sets)];
  for (const run of runs) {
    // Of other sets nothing was concluded; those that came with new rules are read with them.
    const set = sets.get(run.set);
    const change = set === undefined ? null : changeOf(run, set, since);
    if (change !== null) changes.push(change);
  }
  return changes;
}

/** Elements may have limits and counters of their own: asking for them can be an effect. */
function ruleChange({ addsDropsOnly, what, lookups }: RuleChanges, sets: ReadonlyMap<SetId, NamedSet>): HostChange {
  const isPure = (id: SetId): boolean => {
    const kind = sets.get(id)?.kind;
    return kind !== undefined && kind !== 'opaque';
  };
  return { kind: 'rules', addsDropsOnly: addsDropsOnly && [...lookups].every(isPure), what };
}
