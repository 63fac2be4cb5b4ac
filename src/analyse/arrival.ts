/** What is known of the packets that come to a place in a chain. */
import type { CtState } from '../model/match.js';
import type { Condition } from './logic.js';
import { and } from './logic.js';

/** The condition on packets that conntrack does not know, where it was asked. */
export interface Arrival extends Condition {
  /** The condition but for what connection states add to it; null: they add nothing. It holds of every packet. */
  readonly ofAll: Condition | null;
  /** A packet here is in one of these states; null: in any. */
  readonly states: readonly CtState[] | null;
  /** The condition says something that holds only of packets that conntrack does not know. */
  readonly relies: boolean;
}

export const arriving = ({ may, must }: Condition): Arrival => ({
  may,
  must,
  ofAll: null,
  states: null,
  relies: false,
});

export const ofAll = (arrival: Arrival): Condition => arrival.ofAll ?? arrival;

export function narrow(arrival: Arrival, lowered: Condition): Arrival {
  const { may, must } = and(arrival, lowered);
  if (may === arrival.may && must === arrival.must) return arrival;
  return { ...arrival, may, must, ofAll: arrival.ofAll && and(arrival.ofAll, lowered) };
}

/** @param lowered What the match for these states says of a packet without an entry. */
export function narrowByState(arrival: Arrival, lowered: Condition, states: readonly CtState[]): Arrival {
  const { may, must } = and(arrival, lowered);
  return { may, must, ofAll: ofAll(arrival), states, relies: true };
}
