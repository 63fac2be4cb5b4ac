/** Damage to listings, for the fuzzers. */
import fc from 'fast-check';
import { listings } from './corpus-files.js';

/** Listings that are read in no time. */
export const small = listings().filter(({ text }) => text.length < 6000);
const words = small.flatMap(({ text }) => text.split(/[ \t\n,;]+/)).filter((word) => word !== '');

/** An edit of some characters, anywhere. */
export const change = fc.oneof(
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), text: fc.constantFrom(...words.slice(0, 4000)) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    text: fc.constantFrom(...'{}();,"#\\@$\n.:-/*!|&\u0000é'.split('')),
  }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 60 }) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Edits one after the other. */
export function apply(text: string, changes: readonly Change[]): string {
  return changes.reduce((now, edit) => {
    const at = edit.at % (now.length + 1);
    if (edit.kind === 'insert') return `${now.slice(0, at)} ${edit.text} ${now.slice(at)}`;
    const end = at + edit.length;
    return edit.kind === 'delete' ? now.slice(0, at) + now.slice(end) : now.slice(0, end) + now.slice(at);
  }, text);
}
