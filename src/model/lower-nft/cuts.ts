/** How rules can be taken out of the text they stand in. */
import type { Cut, Place } from '../nft-text.js';
import type { NftFile, OpaqueNode, Rule, RuleCommand } from '../../parse/nft/tree.js';

/** The block of a chain while it is read. */
export interface Block {
  readonly home: Place;
  readonly declared: boolean;
  /** Made so far. */
  readonly defines: Place[];
}

export const notUnderstood: Cut = { kind: 'kept', why: 'it is not understood' };
export const inBraces: Cut = { kind: 'kept', why: 'it stands in the braces behind a jump' };

export function lineCut(format: NftFile['format'], place: Place, { home, declared, defines }: Block): Cut {
  if (format === 'json') return { kind: 'item', place, verb: 'add' };
  return { kind: 'block', place, home, declared, defines, defined: defines.length };
}

export function commandCut(format: NftFile['format'], place: Place, verb: RuleCommand['verb']): Cut {
  return { kind: format === 'json' ? 'item' : 'command', place, verb: verb === 'insert' ? 'insert' : 'add' };
}

/** Text between rules that is not understood, as a rule that does anything. */
export function opaqueRule({ text, span, extent }: OpaqueNode): Rule {
  return {
    kind: 'rule',
    statements: [{ kind: 'opaque', text, span }],
    comment: null,
    handle: null,
    text,
    extent,
    span,
  };
}
