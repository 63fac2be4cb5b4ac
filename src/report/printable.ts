/**
 * Text from an input as a terminal may show it. Comments in a ruleset are written by whoever can add a rule: an escape sequence in
 * one must not move the cursor, and a bidirectional override must not make a rule read as another one.
 */

const unprintable =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const loneSurrogate = /\p{Surrogate}/gu;

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
};

/** A tab becomes one space, so that a caret below the line still points at the right column. */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(unprintable, escaped).replace(loneSurrogate, escaped);
}

/** At most `columns` UTF-16 units, ending in an ellipsis where something is missing. */
export function shortened(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(1, columns - 1)).trimEnd()}…`;
}
