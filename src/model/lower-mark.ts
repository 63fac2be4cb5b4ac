/** The packet's mark in iptables: `-m mark` and `-j MARK` (xt_mark). */
import type { LowerMatch } from './lowering-context.js';
import { onlyWord, wholeNumber } from './lowering-context.js';
import type { Statement } from './match.js';
import type { Extension } from './route-options.js';

export const allBits = 0xffffffff;

const and = (a: number, b: number): number => (a & b) >>> 0;
const or = (a: number, b: number): number => (a | b) >>> 0;
const not = (a: number): number => ~a >>> 0;

/** `VALUE[/MASK]`; without a mask all bits count. */
function valueAndMask(text: string): { readonly value: number; readonly mask: number } | null {
  const [valueText = '', maskText, more] = text.split('/');
  const value = wholeNumber(valueText, allBits);
  const mask = maskText === undefined ? allBits : wholeNumber(maskText, allBits);
  return value === null || mask === null || more !== undefined ? null : { value, mask };
}

export const lowerMark: LowerMatch = (extension) => {
  const [routed, more] = extension.options;
  const asked = routed && !more ? valueAndMask(onlyWord(routed) ?? '') : null;
  if (!routed || !asked) return null;
  const { value, mask } = asked;
  return [{ kind: 'mark', mask, ranges: [[value, value]], negate: routed.option.negated }];
};

type Change = Pick<Statement & { kind: 'setMark' }, 'keep' | 'flip'>;

/** What the options of xt_mark's user space come to: `(mark & ~mask) ^ value` each. */
const changes: Readonly<Record<string, (value: number, mask: number) => Change>> = {
  '--set-xmark': (value, mask) => ({ keep: not(mask), flip: value }),
  '--set-mark': (value, mask) => ({ keep: not(or(value, mask)), flip: value }),
  '--and-mark': (value) => ({ keep: value, flip: 0 }),
  '--or-mark': (value) => ({ keep: not(value), flip: value }),
  '--xor-mark': (value) => ({ keep: allBits, flip: value }),
};

/** A change that is not understood is a change to something unknown. */
export function lowerMarkTarget(_: string, text: string, target: Extension): Statement {
  const [routed, more] = target.options;
  const change = routed && !more && !routed.option.negated ? changes[routed.name] : undefined;
  const given = routed ? valueAndMask(onlyWord(routed) ?? '') : null;
  const masked = routed?.name === '--set-xmark' || routed?.name === '--set-mark';
  if (!change || !given || (!masked && given.mask !== allBits)) return { kind: 'annotate', name: 'mark', text };
  return { kind: 'setMark', ...change(given.value, given.mask), text };
}

/** Bits of a change by nft's operators: `mark & a | b`, `mark ^ a`; several may follow each other. */
export const thenChange = (first: Change, second: Change): Change => ({
  keep: and(first.keep, second.keep),
  flip: (and(first.flip, second.keep) ^ second.flip) >>> 0,
});
