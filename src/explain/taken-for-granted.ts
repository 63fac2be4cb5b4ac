/** What rules ask about a packet beside what it says of itself: told where one asks that it meets. */
import type { HostFacts } from '../model/host.js';
import { ReversePath } from '../model/field.js';
import type { Match } from '../model/match.js';
import { decodeFrame } from '../oracle/decode-frame.js';
import type { TraceEvent } from '../oracle/trace.js';
import { packetDefaults } from './packet-frame.js';
import { routeBack } from '../simulate/route-back.js';

/** `nowhere`: by no route to a device, which an address of the host has not either. */
export type RoutedBack = 'not known' | 'refused' | 'nowhere' | 'another device' | 'same device';

export interface TakenForGranted {
  /** Source MAC of its frame. */
  readonly sender: string | null;
  readonly routedBack: RoutedBack | null;
}

const routedBackOf: Readonly<Record<number, RoutedBack>> = {
  [ReversePath.unknown]: 'not known',
  [ReversePath.refused]: 'refused',
  [ReversePath.unforwarded]: 'nowhere',
  [ReversePath.otherDevice]: 'another device',
  [ReversePath.sameDevice]: 'same device',
};

/** Up to the one that settles it. */
function askedBy({ rule, at }: Extract<TraceEvent, { kind: 'rule' }>): readonly Match[] {
  const matches = rule.parts.flatMap((part) => ('match' in part ? [part.match] : []));
  return at === null ? matches : matches.slice(0, matches.indexOf(at) + 1);
}

export function takenForGranted(
  trace: readonly TraceEvent[],
  frame: Uint8Array,
  { facts, device, mac }: { readonly facts: HostFacts; readonly device: string; readonly mac: number },
): TakenForGranted {
  const asked = new Set(
    trace.flatMap((event) => (event.kind === 'rule' ? askedBy(event) : [])).map(({ kind }) => kind),
  );
  const reception = asked.has('reversePath') ? decodeFrame(frame, mac) : null;
  return {
    sender: asked.has('mac') ? macText(frame.subarray(6, 12)) : null,
    routedBack:
      reception?.kind === 'packet'
        ? (routedBackOf[routeBack(facts, device)(reception.packet.family, reception.packet.saddr)] ?? 'not known')
        : null,
  };
}

/** Of a packet that is written, without a word about it. */
export const defaultSender = packetDefaults.sender
  .toString(16)
  .padStart(12, '0')
  .replaceAll(/(..)(?=.)/g, '$1:');

const macText = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
