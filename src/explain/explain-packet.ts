/** One packet: its way through the chains, what netfilter does in the end, what XDP does, and how the two go together. */
import type { CapturedPacket } from '../capture/captured-packet.js';
import { Availability } from '../model/field.js';
import { describeFrame } from '../oracle/describe-frame.js';
import { decodeFrame } from '../oracle/decode-frame.js';
import type { Fate } from '../oracle/fate.js';
import { statesOfFirst } from '../oracle/first-packet.js';
import { createOracle, type Tracking } from '../oracle/oracle.js';
import type { TraceEvent } from '../oracle/trace.js';
import type { Plan, RuleDecision } from '../plan/plan.js';
import { judgePacket, type Unseen } from '../replay/judge-packet.js';
import { judgeOf, type ReplayRequest } from '../replay/replay.js';
import type { Simulation } from '../simulate/simulation.js';
import { placeOf, type RulePlace } from './explain-rule.js';
import { prefilterAnswer, type PrefilterAnswer } from './prefilter-answer.js';
import { takenForGranted, type TakenForGranted } from './taken-for-granted.js';
import { wayOf, type WayPart } from './walk-tree.js';

export type { Tracking } from '../oracle/oracle.js';

export interface PacketExplanation {
  readonly kind: 'packet';
  readonly packet: string;
  readonly device: string;
  /** What is taken for granted of its connection; `open`: nothing. */
  readonly tracking: Tracking;
  /** What rules on its way ask about that it does not say of itself; null: none does. */
  readonly taken: TakenForGranted;
  readonly way: readonly WayPart[];
  readonly netfilter: Fate;
  /** With observing rules and stateful matches looked through. */
  readonly end: Fate;
  readonly xdp: PrefilterAnswer;
  /** Null: the two go together. */
  readonly difference: 'unsound' | 'leak' | null;
  /** Rules and policies that the answers name. */
  readonly named: readonly RulePlace[];
}

const SYN = 2;
/** FIN, SYN, RST and ACK: what decides whether a segment may begin a connection. */
const handshake = 0x17;

/** What a packet most likely is where nobody says: the first of its connection, if it can be one. */
export function likelyTracking({ parse }: Simulation, frame: Uint8Array): Tracking {
  const fields = parse(frame);
  if (typeof fields === 'string' || fields.small.availability !== Availability.complete) return 'open';
  const { protocol, tcpFlags, icmp } = fields.small;
  if (protocol === 6) return (tcpFlags & handshake) === SYN ? 'NEW' : 'none';
  const isEchoRequest = protocol === (fields.family === 4 ? 1 : 58) && icmp >> 8 === (fields.family === 4 ? 8 : 128);
  return protocol === 17 || isEchoRequest ? 'NEW' : 'open';
}

const rulesOf = (fate: Fate): readonly RulePlace['id'][] => {
  switch (fate.kind) {
    case 'drop':
      return fate.rules;
    case 'pass':
      return fate.rule === null ? [] : [fate.rule];
    case 'depends':
      return fate.on;
    case 'lost':
      return [];
  }
};

function namedIn(plan: Plan, ...lists: readonly (readonly RulePlace['id'][])[]): RulePlace[] {
  const decisions = new Map<RulePlace['id'], RuleDecision>(plan.rules.map((rule) => [rule.id, rule]));
  return [...new Set(lists.flat())].map((id) => placeOf(id, decisions));
}

function beginsNothing(frame: Uint8Array, mac: number): boolean {
  const reception = decodeFrame(frame, mac);
  return reception.kind === 'packet' && !statesOfFirst(reception.packet).includes('NEW');
}

export type PacketOutcome = PacketExplanation | { readonly kind: 'unseen'; readonly unseen: Unseen };

/** @param wanted What to take for granted of the connection; null: see `likelyTracking`. */
export function explainPacket(
  request: Omit<ReplayRequest, 'run'>,
  packet: CapturedPacket,
  wanted: Tracking | null,
): PacketOutcome {
  const { plan, facts, device } = request;
  const judge = judgeOf(request);
  const judged = judgePacket(judge, packet);
  if (judged.kind === 'unseen') return judged;
  const { frame, prefilter, difference } = judged;
  const tracking = wanted ?? likelyTracking(judge.simulation, frame);
  const trace: TraceEvent[] = [];
  const oracle = createOracle(plan.ruleset, facts, device, { linear: true });
  const second = judge.clock();
  const { fate, end } = oracle.walk(frame, { tracking, at: second === null ? null : second * 1000, trace });
  // What is new and can begin no connection is of one that conntrack has an entry for, without an answer so far.
  const hasEntry = tracking === 'NEW' && beginsNothing(frame, judge.mac);
  const xdp = prefilterAnswer(plan, prefilter, hasEntry ? 'ESTABLISHED' : tracking);
  return {
    kind: 'packet',
    packet: describeFrame(frame, judge.mac),
    device,
    tracking,
    taken: takenForGranted(trace, frame, { facts, device, mac: judge.mac }),
    way: wayOf(trace),
    netfilter: fate,
    end,
    xdp,
    difference,
    named: namedIn(plan, rulesOf(fate), rulesOf(end), xdp.rules),
  };
}
