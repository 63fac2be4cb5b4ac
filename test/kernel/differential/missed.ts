/** Why XDP left to netfilter what netfilter dropped silently: by the reason of the rule that dropped it there, or by what the packet is. */
import type { Fate } from '../../../src/oracle/fate.js';
import type { Oracle } from '../../../src/oracle/oracle.js';
import type { TraceEvent } from '../../../src/oracle/trace.js';
import type { RuleId } from '../../../src/model/ruleset.js';
import { isFragment } from './compare.js';
import { addressBytes, ipOffset } from './frame.js';
import type { Datagram } from './pool.js';

/** Of rules that see what falls into silence: a log, a limit, an answer that is not given to everything. */
export const observing: ReadonlySet<string> = new Set(['effect', 'stateful-match', 'not-silent']);

/** The reason code of a rule's decision; null for an id that no rule has. */
export type ReasonOf = (rule: RuleId) => string | null;

function reasonOfFate(fate: Fate, reasonOf: ReasonOf): string | null {
  switch (fate.kind) {
    case 'drop':
      return reasonOf(fate.rule);
    case 'pass':
      // The rules end in silence all the same: REJECT does not answer everything, and a LOG may stand before a drop.
      return fate.how === 'accept' ? null : fate.how === 'reject' ? 'not-silent' : 'effect';
    case 'depends': {
      // The packet is dropped, so the first rule that is a drop in part did it, or a rule that cannot be told from the packet.
      const codes = fate.on.map(reasonOf).filter((code) => code !== null && code !== 'not-a-drop');
      // What conntrack says of it decides which rule drops it; an effect that some of these ways meet is what XDP leaves it for.
      return (
        codes.find((code) => code === 'effect' || code === 'not-silent') ??
        codes[0] ??
        (/fragment|header|reassembl/.test(fate.why) ? 'fragments' : null)
      );
    }
    case 'lost':
      return fate.elsewhere ? 'other-station' : 'lost';
  }
}

/**
 * A reason code of the plan, or one of: `other-station`, `lost`, `unexplained`, `translated` of what a NAT rule has sent elsewhere and is
 * dropped there, `no-lookup` of protocols whose connections XDP cannot look
 * up, and `invalid-state` of packets that the rules let through but for conntrack, which finds them invalid.
 */
/** @param notes What the probes saw of it. */
export function whyMissed(datagram: Datagram, notes: readonly string[], oracle: Oracle, reasonOf: ReasonOf): string {
  const [frame] = datagram.frames;
  if (frame === undefined) return 'unexplained';
  if (datagram.frames.length > 1 || isFragment(frame)) return 'fragments';
  if (isTranslated(frame, notes)) return 'translated';
  // XDP cannot tell which state it is in: what a rule sees in one of them it must see.
  const seen = seenBy(oracle, frame, reasonOf);
  if (seen !== null) return seen;
  const asNew = fateIn(oracle, frame, 'NEW');
  if (asNew.kind === 'pass' && fateIn(oracle, frame, 'INVALID').kind === 'drop') return 'invalid-state';
  if (asNew.kind === 'drop') return canBeAsked(frame) ? (reasonOf(asNew.rule) ?? 'unexplained') : 'no-lookup';
  const untracked = reasonOfFate(oracle.fate(frame, undefined, true), reasonOf);
  return untracked ?? reasonOfFate(oracle.fate(frame), reasonOf) ?? 'unexplained';
}

function isTranslated(frame: Uint8Array, notes: readonly string[]): boolean {
  const found = ipOffset(frame);
  if (found === null) return false;
  const [from, to] = found.version === 4 ? [16, 20] : [24, 40];
  const sent = frame.subarray(found.at + from, found.at + to).join();
  const routed = notes.flatMap((note) => /^prerouting daddr (.*)$/.exec(note)?.slice(1) ?? []);
  return routed.some((address) => addressBytes(address).join() !== sent);
}

/** TCP or UDP without extension headers. */
function canBeAsked(frame: Uint8Array): boolean {
  const found = ipOffset(frame);
  if (found === null) return false;
  const protocol = frame[found.at + (found.version === 4 ? 9 : 6)];
  return protocol === 6 || protocol === 17;
}

/** The reason code of an observing rule that surely meets the packet on its way as a new one, if it gets there: what a limit counts is met. */
function seenBy(oracle: Oracle, frame: Uint8Array, reasonOf: ReasonOf): string | null {
  const trace: TraceEvent[] = [];
  oracle.walk(frame, { tracking: 'NEW', at: null, trace });
  for (const event of trace) {
    if (event.kind !== 'rule' || event.answer === 'no match') continue;
    const counts = event.at?.kind === 'unknown' && event.at.knowledge !== 'pure';
    const code = reasonOf(event.rule.id);
    if ((event.answer === 'matches' || counts) && code !== null && observing.has(code)) return code;
  }
  return null;
}

const fateIn = (oracle: Oracle, frame: Uint8Array, tracking: 'NEW' | 'INVALID'): Fate =>
  oracle.walk(frame, { tracking, at: null, trace: [] }).fate;
