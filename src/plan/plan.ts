/** The Plan: what every rule's packets will meet, why, and what that rests on. The report, the residual and the loader read it. */
import type { ReasonCode } from '../analyse/reason-code.js';
import type { FollowedSets } from '../analyse/set-values.js';
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import type { Family, Input, RuleId, Ruleset } from '../model/ruleset.js';
import type { Allowed } from './exempt.js';
import type { Prefilter } from './program.js';

export { reasonCodes } from '../analyse/reason-code.js';
export type { ReasonCode } from '../analyse/reason-code.js';

export type OffloadKind = 'full' | 'partial' | 'none';

export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  /** Rules that stand in the way, in evaluation order; at most ten. */
  readonly blockedBy: readonly RuleId[];
}

export interface RuleDecision {
  readonly id: RuleId;
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** Null for a base chain's policy. */
  readonly number: number | null;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly offload: OffloadKind;
  readonly reason: Reason;
  /** The smallest change that would help, where there is one. */
  readonly hint: string | null;
}

export interface Assumption {
  readonly code: string;
  readonly statement: string;
  readonly status: 'holds' | 'violated' | 'unchecked';
}

export interface PlanSummary {
  readonly rules: number;
  readonly full: number;
  readonly partial: number;
  readonly none: number;
  readonly elements: number;
}

/** Whose drops a counter counts. */
export interface CounterOwner {
  readonly rule: RuleId;
  /** Index of the element in the named set, for sets with counters; null: the rule as a whole. */
  readonly element: { readonly set: string; readonly index: number } | null;
}

export interface Plan {
  readonly schemaVersion: 1;
  readonly ruleset: Ruleset;
  readonly inputs: readonly Input[];
  readonly devices: readonly string[];
  /** The facts the plan was made with; null where nothing is known of the host: such a plan can be read but not attached. */
  readonly facts: HostFacts | null;
  /** What XDP passes whatever the rules say. */
  readonly allow: Allowed;
  readonly summary: PlanSummary;
  readonly rules: readonly RuleDecision[];
  readonly assumptions: readonly Assumption[];
  readonly prefilter: Prefilter;
  /** Which rules stand behind a step of the family, for reports. */
  readonly stepRules: Readonly<Record<'ip' | 'ip6', (step: number) => readonly RuleId[]>>;
  readonly counterOwner: (counter: number) => CounterOwner | null;
  /** What the plan made of the sets it may be asked to follow; null: it was not to. */
  readonly followed: FollowedSets | null;
}

export interface PlanOptions {
  /** Devices that XDP will cover; at least one. */
  readonly devices: readonly string[];
  readonly facts: HostFacts | null;
  readonly strict: boolean;
  readonly allow?: Allowed;
  /** XDP can ask conntrack (`bpf_xdp_ct_lookup`); false: an established-accept guards everything below it. */
  readonly conntrack?: boolean;
  /** Elements of sets will be added and removed in place while the prefilter runs. */
  readonly follow?: boolean;
  /** Steps a family may have: fewer than the data plane's limit where an earlier try did not fit. */
  readonly maxSteps?: Readonly<Record<AddressFamily, number>>;
  /** Sets of several fields, by id, whose tables did not fit in an earlier try, and why. */
  readonly leftOut?: ReadonlyMap<string, string>;
  /** Steps in a row that differ in several fields, from so many on, are one about tuples; for tests. */
  readonly tuplesFrom?: number;
}
