/** One packet of a capture: what netfilter does with it, what the prefilter does, and whether the two agree. */
import type { CapturedPacket } from '../capture/captured-packet.js';
import { ethernetFrame } from '../capture/ethernet-frame.js';
import { headersEnd } from '../capture/headers-end.js';
import type { RuleId } from '../model/ruleset.js';
import type { Fate } from '../oracle/fate.js';
import type { Oracle } from '../oracle/oracle.js';
import type { Clock } from '../simulate/entry-index.js';
import type { Decision, Simulation } from '../simulate/simulation.js';
import { judge, XDP_DROP, XDP_PASS, type Decision as RuleDecision } from '../verify/verify.js';

/** What netfilter, running the original ruleset, does with a packet, as far as the packet tells. */
export interface NetfilterAnswer {
  /**
   * `new`: dropped unless conntrack knows it. `lost`: never decided by a rule, whatever the stack does with it.
   * `depends`: on what a packet does not show.
   */
  readonly verdict: 'drop' | 'new' | 'pass' | 'lost' | 'depends';
  /** The first rule or policy that may be the one to drop it, of `drop` and `new`; else null. */
  readonly rule: RuleId | null;
  /** Rules that the answer turns on, of `depends`. */
  readonly on: readonly RuleId[];
  readonly why: string;
}

/** Why a packet of the capture has not met the filter as it stands there. */
export type Unseen =
  /** The capturing host sent it. */
  | { readonly kind: 'sent' }
  /** No frame can be made of it. */
  | { readonly kind: 'unreadable'; readonly why: string }
  /** The snapshot length cut bytes off that decide: nobody can tell. */
  | { readonly kind: 'cut' };

export interface SeenPacket {
  readonly kind: 'seen';
  readonly packet: CapturedPacket;
  readonly frame: Uint8Array;
  readonly netfilter: NetfilterAnswer;
  /** As far as the frame tells. */
  readonly prefilter: Decision;
  /** With a link-layer header that was made up taken for true: what the loaded program does with these bytes. */
  readonly asMade: Decision;
  /** How the prefilter contradicts netfilter; null: it does not. */
  readonly difference: 'unsound' | 'leak' | null;
}

export type JudgedPacket =
  SeenPacket | { readonly kind: 'unseen'; readonly packet: CapturedPacket; readonly unseen: Unseen };

export interface Judge {
  readonly oracle: Oracle;
  readonly simulation: Simulation;
  readonly decisions: ReadonlyMap<RuleId, RuleDecision>;
  /** 48-bit number. */
  readonly mac: number;
  /** The address of the device is not known: unicast frames are made ones for it. */
  readonly takeAll: boolean;
  /** When frames count as arriving, for elements that expire. */
  readonly clock: Clock;
}

export function netfilterAnswer(
  oracle: Oracle,
  frame: Uint8Array,
  clock: Clock,
): { answer: NetfilterAnswer; sure: Fate; untracked: () => Fate } {
  const second = clock();
  const at = second === null ? undefined : second * 1000;
  const sure = oracle.fate(frame, undefined, false, at);
  let known: Fate | null = sure.kind === 'drop' || sure.kind === 'lost' ? sure : null;
  // What passes where conntrack knows it may be lost where it does not.
  const untracked = (): Fate => (known ??= oracle.fate(frame, undefined, true, at));
  const none = { rule: null, on: [], why: '' };
  const answer = ((): NetfilterAnswer => {
    switch (sure.kind) {
      case 'drop':
        return { ...none, verdict: 'drop', rule: sure.rule };
      case 'pass':
        return { ...none, verdict: 'pass', why: sure.how };
      case 'lost':
        return { ...none, verdict: 'lost', why: sure.why };
      case 'depends': {
        const alone = untracked();
        if (alone.kind === 'drop') return { ...none, verdict: 'new', rule: alone.rule };
        return { verdict: 'depends', rule: null, on: sure.on, why: sure.why };
      }
    }
  })();
  return { answer, sure, untracked };
}

export function judgePacket(
  { oracle, simulation, decisions, mac, takeAll, clock }: Judge,
  packet: CapturedPacket,
): JudgedPacket {
  const framed = ethernetFrame(packet, mac, takeAll);
  if (framed.kind !== 'frame') return { kind: 'unseen', packet, unseen: framed };
  const { bytes: frame, captured, hidden } = framed;
  if (captured < frame.length && headersEnd(frame, captured) > captured)
    return { kind: 'unseen', packet, unseen: { kind: 'cut' } };
  // The frame as it was made is one that can arrive: on it the two must agree, whatever of it is known.
  const made = netfilterAnswer(oracle, frame, clock);
  const asMade = simulation.decide(frame);
  const difference =
    asMade.verdict === 'pass'
      ? judge(made.sure, XDP_PASS, decisions)
      : judge(asMade.verdict === 'ask' ? made.untracked() : made.sure, XDP_DROP, decisions);
  const seen = { kind: 'seen', packet, frame, asMade, difference } as const;
  if (hidden.size === 0) return { ...seen, netfilter: made.answer, prefilter: asMade };
  const { answer } = netfilterAnswer(oracle.hiding(hidden), frame, clock);
  return { ...seen, netfilter: answer, prefilter: simulation.decide(frame, hidden) };
}
