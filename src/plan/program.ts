/**
 * The prefilter as a decision list: what the analysis proved, in the order netfilter would have decided it. One list per
 * address family. First step that matches wins; no step matches: pass.
 *
 * Unknown bytes. A packet may lack a field (fragments, cut headers; see `Availability`). A literal over a field that the packet
 * lacks is false in a `drop` or `skip` step and true in a `pass`, `ask` or `route` step, negated or not: drops need proof, guards err to true
 * (`lackingHolds`).
 */
import type { AddressFamily, AddressRanges } from '../model/address.js';
import type { SmallField } from '../model/field.js';
import type { Ranges } from '../model/match.js';
import type { SetId } from '../model/set.js';
import type { Tuples } from '../model/tuples.js';

export { Availability, availableUpTo, knownUpTo } from '../model/field.js';
export type { Field, SmallField } from '../model/field.js';

/** Columns beside the entries of an atom. */
interface EntryColumns {
  /** The counter of each entry. */
  readonly counters: Uint32Array | null;
  /**
   * When each entry ceases to be one, in seconds since the epoch; 0: never. The data plane may let an entry cease earlier, so a literal
   * over such an atom stands, not negated, in a `drop` or `skip` step or, negated, in a `pass` or `ask` step: there that passes more.
   */
  readonly expires?: Uint32Array;
  /** The entries are the elements of this set, in its order, and are to follow it. */
  readonly live?: LiveEntries;
}

export interface LiveEntries {
  readonly set: SetId;
  /** `must`: elements that time out expire; `may`: they stay until they are removed; `exact`: none does. */
  readonly as: 'exact' | 'may' | 'must';
}

/**
 * A named set of values of one field. Of overlapping entries the first one that has not expired counts. Entries may overlap and are in no
 * order.
 */
export type Atom = EntryColumns &
  (
    | {
        readonly kind: 'values';
        readonly field: SmallField;
        readonly ranges: Ranges;
      }
    | {
        readonly kind: 'addresses';
        readonly field: 'saddr' | 'daddr';
        readonly ranges: AddressRanges;
      }
    | {
        readonly kind: 'macs';
        readonly field: 'smac';
        readonly addresses: Float64Array;
      }
    /** The one kind whose order counts: see `Tuples.except`. */
    | (Tuples & { readonly kind: 'tuples'; readonly field: 'tuple' })
  );

/** `atom` indexes `StepProgram.atoms`. */
export interface Literal {
  readonly atom: number;
  readonly negate: boolean;
}

export type Outcome =
  /** `counter` counts the drop, unless the atom of `counted` (an index into `when`, not negated) has a counter for the entry that matched. */
  | { readonly kind: 'drop'; readonly counter: number; readonly counted: number | null }
  | { readonly kind: 'pass' }
  /** Go on at the next step, but from here on only a packet that conntrack certainly does not know may be dropped. A lacking field counts as in `pass`. */
  | { readonly kind: 'ask' }
  /** Go on at the next step; the field `mark`, 0 at first, is `state` from here on. A lacking field counts as in `drop` where `certain`, else as in `pass`. */
  | { readonly kind: 'mark'; readonly state: number; readonly certain: boolean }
  /**
   * Go on at the next step; the field `reversePath`, unknown at first, says how the source is routed from here on. A lacking field counts
   * as in `pass`.
   */
  | { readonly kind: 'route' }
  /** Go on at step `to`, which is later than this one; `to == steps.length` is the end: pass. With `maybe` a lacking field counts as in `pass`. */
  | { readonly kind: 'skip'; readonly to: number; readonly maybe?: true };

/** A conjunction of literals; a step without literals matches every packet. */
export interface Step {
  readonly when: readonly Literal[];
  readonly outcome: Outcome;
}

export interface StepProgram {
  readonly family: AddressFamily;
  readonly atoms: readonly Atom[];
  readonly steps: readonly Step[];
}

/** What is compiled: both families. Counter ids are shared by the families, begin at 1, and are below `counters`. */
export interface Prefilter {
  /** A family without steps passes everything. */
  readonly ip: StepProgram;
  readonly ip6: StepProgram;
  readonly counters: number;
}

/** What a literal over a field that the packet lacks is in such a step. */
export const lackingHolds = (outcome: Outcome): boolean =>
  outcome.kind === 'pass' ||
  outcome.kind === 'ask' ||
  outcome.kind === 'route' ||
  (outcome.kind === 'mark' && !outcome.certain) ||
  (outcome.kind === 'skip' && outcome.maybe === true);

/** What the data plane can hold (bpf/abi.h: 64 groups of 4 words of 64 steps, not all of them full; tables of tuples a family). */
export const limits = { steps: 10_240, tupleTables: 4 } as const;
