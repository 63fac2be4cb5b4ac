/** What a replay comes to, in memory that the capture's length does not change. */
import type { RuleId } from '../model/ruleset.js';
import type { Plan } from '../plan/plan.js';
import type { SeenPacket, Unseen } from './judge-packet.js';
import { HeavyHitters } from './heavy-hitters.js';
import type { ReplayedPacket } from './replay.js';
import { type SourceKey, sourceOf } from './source-key.js';
import { Timeline } from './timeline.js';

export interface RuleCount {
  /** Packets that netfilter drops by this rule: surely, or unless conntrack knows them. */
  netfilter: number;
  /** Of these, packets that the prefilter leaves to netfilter. */
  missed: number;
  /** Packets whose drop the prefilter counts with this rule, and their bytes on the wire. */
  prefilter: number;
  bytes: number;
}

/** Why the prefilter passes packets; `rule` is the first one behind a guard. */
export interface PassCount {
  readonly reason: string;
  readonly rule: RuleId | null;
  packets: number;
}

export interface Example {
  readonly number: number;
  readonly kind: 'unsound' | 'leak' | 'unfaithful';
  readonly frame: Uint8Array;
}

/** Sources that are told apart. */
const keptSources = 2048;
const keptExamples = 3;

export class ReplayTally {
  packets = 0;
  bytes = 0;
  /** Unseen packets by why. */
  readonly unseen = new Map<string, number>();
  readonly netfilter = { drop: 0, new: 0, pass: 0, lost: 0, depends: 0 };
  readonly prefilter = { drop: 0, ask: 0, pass: 0 };
  /** Engine kernel. */
  readonly kernel = { drop: 0, pass: 0, hidden: 0, notRun: 0 };
  readonly rules = new Map<RuleId, RuleCount>();
  readonly passes = new Map<string, PassCount>();
  /** What answers of `depends` turn on: a rule, or a reason. */
  readonly doubts = new Map<string, number>();
  readonly droppedSources = new HeavyHitters<SourceKey>(keptSources);
  readonly passedSources = new HeavyHitters<SourceKey>(keptSources);
  readonly timeline = new Timeline();
  readonly differences = { unsound: 0, leak: 0, unfaithful: 0 };
  readonly examples: Example[] = [];
  /** Engine kernel: packets that each counter should have counted. */
  readonly counters = new Map<number, number>();

  constructor(private readonly plan: Plan) {}

  add({ judged, kernel, counter, droppedBy, difference }: ReplayedPacket): void {
    const { packet } = judged;
    this.packets++;
    this.bytes += packet.length;
    // Engine kernel: what the loaded program did; else what the steps say.
    const dropped = droppedBy !== null;
    if (packet.seconds !== null) this.timeline.add(packet.seconds, dropped);
    if (judged.kind === 'unseen') {
      increment(this.unseen, unseenName(judged.unseen));
      return;
    }
    this.netfilter[judged.netfilter.verdict]++;
    this.prefilter[judged.prefilter.verdict]++;
    this.kernel[kernel ?? 'notRun']++;
    this.#countRules(judged, droppedBy);
    this.#countReasons(judged, dropped);
    const source = sourceOf(judged.frame);
    if (source !== null) (dropped ? this.droppedSources : this.passedSources).add(source);
    if (counter !== null) increment(this.counters, counter);
    if (difference === null) return;
    this.differences[difference]++;
    if (this.examples.length < keptExamples)
      this.examples.push({ number: packet.number, kind: difference, frame: judged.frame.slice() });
  }

  #countRules({ netfilter, packet }: SeenPacket, droppedBy: RuleId | null): void {
    if (netfilter.rule !== null) {
      const count = this.#rule(netfilter.rule);
      count.netfilter++;
      if (droppedBy === null) count.missed++;
    }
    if (droppedBy === null) return;
    const count = this.#rule(droppedBy);
    count.prefilter++;
    count.bytes += packet.length;
  }

  #rule(rule: RuleId): RuleCount {
    let count = this.rules.get(rule);
    if (count === undefined) this.rules.set(rule, (count = { netfilter: 0, missed: 0, prefilter: 0, bytes: 0 }));
    return count;
  }

  #countReasons({ netfilter, prefilter }: SeenPacket, dropped: boolean): void {
    if (netfilter.verdict === 'depends') increment(this.doubts, netfilter.on[0] ?? netfilter.why);
    if (dropped) return;
    const guard = prefilter.verdict === 'pass' && prefilter.reason === 'guard' ? prefilter : null;
    const steps = guard?.family === 6 ? this.plan.stepRules.ip6 : this.plan.stepRules.ip;
    const rule = guard === null ? null : (steps(guard.step ?? -1)[0] ?? null);
    // A drop that conntrack has been asked about, and that did not come: engine kernel only.
    const reason = prefilter.verdict === 'pass' ? prefilter.reason : 'tracked';
    const key = `${reason} ${rule ?? ''}`;
    const count = this.passes.get(key);
    if (count === undefined) this.passes.set(key, { reason, rule, packets: 1 });
    else count.packets++;
  }
}

function increment<Key>(map: Map<Key, number>, key: Key): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function unseenName(unseen: Unseen): string {
  switch (unseen.kind) {
    case 'sent':
      return 'sent by the capturing host: they did not pass XDP';
    case 'cut':
      return 'cut off within a header by the snapshot length: nobody can tell';
    case 'unreadable':
      return unseen.why;
  }
}
