/** Follows the reading of an nft file through its includes, and says in which of the texts something stands. */
import type { Extent, Inclusion, NftText, Place } from '../nft-text.js';
import type { Include, IncludedFile } from '../../parse/nft/tree.js';

interface OpenText extends NftText {
  readonly includes: Inclusion[];
}

export class TextCursor {
  readonly main: NftText;
  #at: OpenText;

  constructor(text: string) {
    this.#at = { text, includes: [] };
    this.main = this.#at;
  }

  place({ start, end }: Extent): Place {
    return { of: this.#at, start, end };
  }

  include({ extent, files }: Include, visit: (items: IncludedFile['items']) => void): void {
    const outer = this.#at;
    const inner = files.map(({ name, text, items }) => {
      this.#at = { text, includes: [] };
      const of = this.#at;
      visit(items);
      return { name, of };
    });
    this.#at = outer;
    outer.includes.push({ extent, files: inner });
  }
}
