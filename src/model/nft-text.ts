/** Where the rules of an nft ruleset stand in its texts: what the residual edits. */

/** Offsets in a text (UTF-16 units, end exclusive). */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** The file itself, or an included one where it stands: a file included twice is two texts. */
export interface NftText {
  readonly text: string;
  readonly includes: readonly Inclusion[];
}

export interface Inclusion {
  /** The include statement. */
  readonly extent: Extent;
  /** In the order in which nft reads them; `name` is what an include statement calls the file alone. */
  readonly files: readonly { readonly name: string; readonly of: NftText }[];
}

export interface Place extends Extent {
  readonly of: NftText;
}

/**
 * How a rule can be taken out. `block`: a line of a chain's block, `home` (`declared`: of an `add chain` command), with the definitions
 * that the block made before it. `command`: `add rule`, `insert rule`. `item`: of a JSON listing, or a JSON command. `kept`: not at all,
 * and why.
 */
export type Cut =
  | {
      readonly kind: 'block';
      readonly place: Place;
      readonly home: Place;
      readonly declared: boolean;
      /** All of the block's; those before the rule are the first `defined`. */
      readonly defines: readonly Place[];
      readonly defined: number;
    }
  | { readonly kind: 'command' | 'item'; readonly place: Place; readonly verb: 'add' | 'insert' }
  | { readonly kind: 'kept'; readonly why: string };
