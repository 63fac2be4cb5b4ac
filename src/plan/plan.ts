/** The Plan: what every rule's packets will meet, why, and what that rests on. The report, the residual and the loader read it. */
import type { HostFacts } from '../model/host.js';
import type { Family, Input, RuleId, Ruleset } from '../model/ruleset.js';
import type { Prefilter } from './program.js';

export type OffloadKind = 'full' | 'partial' | 'none';

/** Codes are stable; the value is what a reader of a report should understand by it. */
export const reasonCodes = {
  'offloaded': 'XDP drops every packet of this rule on the covered devices',
  'duplicate': 'every packet of this rule is already dropped by rules above it, and XDP drops those',
  'fragments': 'XDP drops its packets except those whose layer-4 header is not whole: fragments, cut headers, unusual IPv6 headers',
  'own-source': 'XDP drops its packets; the rule stays because the host\'s own looped-back broadcasts could match it',
  'policy': 'XDP drops what falls through to this policy; the policy itself always stays',
  'blocked-partly': 'rules above it accept, alter or observe some of its packets; XDP drops the others',
  'set-timeout': 'elements with a timeout stay in netfilter; XDP drops packets of the permanent ones',
  'kept-in-place': 'XDP drops all its packets, but the rule stays because of how the input is written',
  'ipsec': 'XDP drops its packets; the rule stays because decrypted IPsec packets do not pass XDP',
  'blocked': 'rules above it may accept, alter or observe every packet it could drop',
  'nat': 'translated packets of tracked connections may change course, and not every course drops them',
  'other-course': 'forwarded and delivered packets cannot be told apart here, and the other course does not drop them',
  'unknown-match': 'one of its matches cannot be decided from the packet alone',
  'opaque': 'part of the rule is not understood, so it is kept as it is',
  'stateful-match': 'evaluating it changes state that later packets depend on',
  'not-silent': 'it answers the sender, which XDP does not do',
  'effect': 'it observes or alters packets, which must still happen',
  'not-a-drop': 'it does not drop packets',
  'other-device': 'it is about devices that are not covered',
  'not-on-path': 'packets arriving on the covered devices never reach this chain before they are delivered or sent out',
  'unreachable': 'no packet can reach or match it',
  'strict': 'with --strict, a drop after conntrack must not swallow packets of tracked connections',
  'too-large': 'the prefilter would exceed its size limits',
} as const;

export type ReasonCode = keyof typeof reasonCodes;

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
  readonly summary: PlanSummary;
  readonly rules: readonly RuleDecision[];
  readonly assumptions: readonly Assumption[];
  readonly prefilter: Prefilter;
  /** Which rule stands behind each step, for reports: parallel to the family's `steps`. */
  readonly stepRules: { readonly ip: readonly (readonly RuleId[])[]; readonly ip6: readonly (readonly RuleId[])[] };
  readonly counterOwner: (counter: number) => CounterOwner | null;
}

export interface PlanOptions {
  /** Devices that XDP will cover; at least one. */
  readonly devices: readonly string[];
  readonly facts: HostFacts | null;
  readonly strict: boolean;
}
