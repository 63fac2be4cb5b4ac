/** What marks stand for in the texts of an nft ruleset: in its own and in those of the files that it includes. */
import { statSync } from 'node:fs';
import { type CutText, cutLists } from '../../parse/nft/cut-lists.js';
import { type IncludedText, readUtf8 } from '../../parse/nft/include-source.js';
import type { LongList } from '../../parse/nft/long-lists.js';
import { decode, type Encoding, textOf } from '../text-encoding.js';
import { FileBlocks, type KeptFile } from './file-blocks.js';
import type { Holding } from './long-text.js';

interface Place {
  readonly blocks: FileBlocks;
  readonly start: number;
  readonly end: number;
}

export interface MarkedText {
  readonly text: string;
  readonly encoding: Encoding;
  /** None where the text has no marks. */
  readonly lists: readonly LongList[];
}

/** Bytes: more than a string can hold is never taken. */
export const largestText = 511 << 20;

export class Marks {
  /** By number. */
  readonly #places: Place[] = [];

  constructor(private readonly holding: Holding) {}

  /** A text with marks; `encoding`: where that does not depend on it. Null: it must be read as a whole. Throws InputError where the file changes. */
  read(kept: KeptFile, encoding?: Encoding): MarkedText | null {
    const { block, list, again } = this.holding;
    const blocks = new FileBlocks(kept, block, again);
    const cut = cutLists(blocks.all(), list, this.#places.length);
    if (!cut) return null;
    this.#places.push(...cut.lists.map(({ start, end }) => ({ blocks, start, end })));
    return withMarks(cut, encoding ?? decode(Buffer.concat(cut.around)).encoding);
  }

  /** An included file, by its path. Throws the errors of `node:fs`, and InputError where it changes. */
  included = (path: string): IncludedText => {
    const was = statSync(path);
    if (!was.isFile() || was.size <= this.holding.whole || was.size > largestText) return readUtf8(path);
    const { text, lists } = this.read({ file: path, was, descriptor: null }, 'utf8') ?? readUtf8(path);
    return { text, ...(lists && lists.length > 0 && { lists }) };
  };

  /** What that mark stands for. Throws InputError where the file is another one now. */
  bytes(mark: number): Iterable<Buffer> {
    const { blocks, start, end } = this.#places[mark]!;
    return blocks.again(start, end);
  }
}

function withMarks({ around, lists }: CutText, encoding: Encoding): MarkedText {
  let text = '';
  const marked = lists.map(({ elements, mark }, i): LongList => {
    text += textOf(around[i]!, encoding);
    const at = text.length;
    text += mark;
    return { elements, mark, at };
  });
  return { text: text + textOf(around[lists.length]!, encoding), encoding, lists: marked };
}
