/**
 * Long lists of elements that were read as their file was: marks stand for them in the text. Whoever needs the text behind a mark, or reads
 * another thing in its place, cannot go on: then the file is read as a whole.
 */
import type { ReadElements } from './fast-elements.js';

/** Elements that are not held as text. */
export interface LongList {
  readonly elements: ReadElements;
  /** In the text in their place. */
  readonly mark: string;
  /** Where the mark begins. */
  readonly at: number;
}

/** nft knows no such character: only in comments and quotes it does not end the reading. */
export const markSign = '\u0001';
export const markOf = (number: number): string => `${markSign}${number}${markSign}`;
/** Its group is the number. */
export const anyMark = /\u0001(\d+)\u0001/;

/** The text with marks does not tell what must be known of it. */
export class MarkedText extends Error {}

export function refuseMarks(text: string): void {
  if (text.includes(markSign)) throw new MarkedText();
}

export class LongLists {
  readonly #left: Map<number, LongList>;

  constructor(lists: readonly LongList[]) {
    this.#left = new Map(lists.map((list) => [list.at, list]));
  }

  /** What a list whose brace ends there holds, once. */
  take(offset: number): LongList | null {
    const list = this.#left.get(offset) ?? null;
    this.#left.delete(offset);
    return list;
  }

  /** After the reading: a mark that nobody took stands in a comment, or in quotes. */
  refuseUntaken(): void {
    if (this.#left.size > 0) throw new MarkedText();
  }
}
