/**
 * What stands left of an nft match, as a key: what it presumes of the packet (nft's implicit dependencies), what kind of constants it is
 * compared with, and what a comparison with them is in the model.
 */
import type { AddressFamily } from '../address.js';
import type { Bounds } from '../address-text.js';
import type { Match, Ranges, UnknownMatch } from '../match.js';
import type { Family } from '../ruleset.js';
import type { NumberReader } from './values.js';

/** One of these conjunctions holds; no two of them hold of one packet. */
export type Alternatives = readonly (readonly Match[])[];

export const never: Alternatives = [];
export const always: Alternatives = [[]];

interface KeyBase {
  /** nft tests these first; without them the rule breaks, whether the match is negated or not. */
  readonly presumes: readonly Match[];
}
export interface AddressKey extends KeyBase {
  readonly kind: 'address';
  readonly family: AddressFamily;
  readonly field: 'saddr' | 'daddr';
  /** Reads a constant; null: one written as an address. */
  readonly read: ((text: string) => Bounds | null) | null;
}
export interface NumberKey extends KeyBase {
  readonly kind: 'number';
  readonly read: NumberReader;
  readonly max: number;
  /** Null: too many values for the model. */
  readonly compare: (ranges: Ranges, negate: boolean) => Alternatives | null;
  /** Compared with several bits without an operator: one of them is set. */
  readonly anyOf: ((bits: number, negate: boolean) => Alternatives | null) | null;
  /** A comparison under a mask; null: by the values that it leaves. */
  readonly masked: ((mask: number, value: number, negate: boolean) => Alternatives | null) | null;
  /** Set for a port: named sets of ports have a kind of their own. */
  readonly port: { readonly field: 'sport' | 'dport'; readonly protocols: Ranges | null } | null;
}
export interface NameKey extends KeyBase {
  readonly kind: 'name';
  readonly direction: 'in' | 'out';
}
export interface UnknownKey extends KeyBase {
  readonly kind: 'unknown';
  readonly knowledge: UnknownMatch['knowledge'];
}
export type Key = AddressKey | NumberKey | NameKey | UnknownKey;

export interface KeyContext {
  readonly family: Family;
  /** Packets may come straight from ingress, where frames still have their padding and no conntrack. */
  readonly ingress: boolean;
  /** Protocols that the rule's matches so far leave; null: any. */
  readonly protocols: Ranges | null;
  /** The family that they leave in a table of both; null: either. */
  readonly network: AddressFamily | null;
}

export const maxAlternatives = 16;

export const familyMatch = (family: AddressFamily): Match => ({ kind: 'family', family });
export const protocolMatch = (protocols: Ranges, negate = false): Match => ({ kind: 'protocol', protocols, negate });
export const unknownMatch = (text: string, knowledge: UnknownMatch['knowledge'] = 'pure'): UnknownMatch => ({
  kind: 'unknown',
  name: text.split(' ', 2).join(' '),
  text,
  knowledge,
});

/** In the ip and ip6 families nothing is tested, for nothing else gets there. */
export function presumeFamily(context: KeyContext, family: AddressFamily): Match[] {
  return context.family === (family === 4 ? 'ip' : 'ip6') ? [] : [familyMatch(family)];
}

export const number = (
  presumes: readonly Match[],
  read: NumberReader,
  max: number,
  compare: NumberKey['compare'],
  more: Partial<Pick<NumberKey, 'anyOf' | 'masked' | 'port'>> = {},
): NumberKey => ({ kind: 'number', presumes, read, max, compare, anyOf: null, masked: null, port: null, ...more });

export const unknown = (
  presumes: readonly Match[] = [],
  knowledge: UnknownMatch['knowledge'] = 'pure',
): UnknownKey => ({
  kind: 'unknown',
  presumes,
  knowledge,
});

/** A key whose matches compare with one value each: alternatives, or when negated all of them together. */
export function each(
  one: (value: number, negate: boolean) => Alternatives | null,
  most = maxAlternatives,
): NumberKey['compare'] {
  return (ranges, negate) => {
    const values = new Set<number>();
    for (const [low, high] of ranges) {
      if (high - low >= most) return null;
      for (let value = low; value <= high; value++) values.add(value);
    }
    if (values.size > most) return null;
    const found: Match[][] = negate ? [[]] : [];
    for (const value of values) {
      const alternatives = one(value, negate);
      if (!alternatives) return null;
      if (!negate) found.push(...alternatives.map((conjunction) => [...conjunction]));
      else if (alternatives.length === 0) return never;
      else if (alternatives.length > 1) return null;
      else found[0]?.push(...(alternatives[0] ?? []));
    }
    return found;
  };
}
