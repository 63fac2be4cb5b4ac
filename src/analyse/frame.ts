/** Where the walk is. */
import type { AddressRun } from '../model/address-run.js';
import type { Chain, RuleId, Table } from '../model/ruleset.js';
import type { Arrival } from './arrival.js';
import type { Context } from './context.js';
import type { Conj } from './logic.js';
import type { Label, RawOutcome } from './walk.js';
import type { Why } from './why.js';

export interface Frame {
  readonly table: Table;
  readonly chain: Chain;
  readonly context: Context;
  /** What `drop` means here: drop, or (when another course must agree) go on there. */
  readonly drop: RawOutcome;
  readonly baseEnd: Label;
  readonly policy: Label;
  readonly chainEnd: Label;
  /** Conditions under which packets meet this part of the ruleset at all. */
  readonly section: Conj;
  readonly depth: number;
  readonly drops: boolean;
  readonly noDropsWhy: Why;
  /** False inside a chain that is entered for reasons XDP cannot see: nothing drops there. */
  readonly certain: boolean;
  /** What is not certain about the jumps that lead here. */
  readonly why: Why | null;
  /** The jump that leads here. */
  readonly via: RuleId | null;
  /** Connection states of packets that come here. */
  readonly states: Arrival['states'];
  /** The rule is one of this run. */
  readonly run: AddressRun | null;
  /** Of a run that is walked: the first of its rules that are. */
  readonly from: number;
  /** What is walked says what a rule above has said: no packet comes to it, and it has no step. */
  readonly repeats: boolean;
}
