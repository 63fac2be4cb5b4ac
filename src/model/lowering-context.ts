/** What the lowering of one rule needs to know beyond its own words. */
import type { AddressFamily } from './address.js';
import type { Match } from './match.js';
import type { Extension, Routed } from './route-options.js';

export interface RuleContext {
  readonly family: AddressFamily;
  /** The one protocol that the rule asks for, not negated; null when it names none or several. */
  readonly protocol: number | null;
}

/** Lowers one match extension. null: its options are not as we know them, so it stays opaque. */
export type LowerMatch = (extension: Extension, context: RuleContext) => Match[] | null;

/** The only word of an option; null when it has none or several. */
export const onlyWord = (routed: Routed): string | null =>
  routed.option.values.length === 1 ? routed.option.values[0]!.text : null;

/** Whole number in iptables' notation (strtoul, base 0) within bounds; null when it is none. */
export function wholeNumber(text: string, most: number): number | null {
  if (!/^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.test(text)) return null;
  const number = /^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text);
  return number <= most ? number : null;
}

/** `[A][SEPARATOR[B]]`: an end that is left out is the least or the greatest value. */
export function numberRange(
  text: string,
  most: number,
  parse: (part: string) => number | null,
): readonly [number, number] | null {
  const [first = '', last, more] = text.split(':');
  if (more !== undefined || text === '') return null;
  const low = first === '' && last !== undefined ? 0 : parse(first);
  const high = last === undefined ? low : last === '' ? most : parse(last);
  return low === null || high === null || low > high ? null : [low, high];
}

/** Lowers each option by itself; null as soon as one is not understood, or one stands twice. */
export function eachOption(extension: Extension, lower: (routed: Routed) => Match | null): Match[] | null {
  const matches = extension.options.map(lower);
  const names = new Set(extension.options.map((routed) => routed.name));
  return matches.includes(null) || names.size < matches.length ? null : matches.filter((match) => match !== null);
}
