/**
 * Reads an nft file in pieces: of long lists of plain elements columns remain, and a mark in the text. The lexer's comments and quotes are
 * kept as they are; where the guess that a list begins is wrong, nobody takes its mark, and the file is read as a whole.
 */
import { ElementLane, type ReadElements } from './fast-elements.js';
import { markOf, markSign } from './long-lists.js';

export interface CutList {
  readonly elements: ReadElements;
  readonly mark: string;
  /** In bytes of the file, end exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface CutText {
  /** What stands before, between and behind the lists. */
  readonly around: readonly Buffer[];
  readonly lists: readonly CutList[];
}

/** Of an element with blanks and times. */
const longestElement = 1 << 16;
/** What is looked at of a line, before a brace. */
const lineLength = 256;

/** `longest`: bytes of lists that stay in the text; `first`: number of the first mark. Null: the file must be read as a whole. Throws what `pieces` throws. */
export const cutLists = (pieces: Iterable<Buffer>, longest: number, first = 0): CutText | null =>
  new Cutter(pieces[Symbol.iterator](), longest, first).read();

const [sharp, quote, brace, closingBrace, comma] = ['#', '"', '{', '}', ','];
const sign = new RegExp(`[${sharp}${quote}${brace}]`, 'g');
/** Behind such words, alone on a line, a brace may open a list. */
const commandHead = /^\s*(?:(?:add|create)\s+element\s[^}"#;]*|(?:re)?define\s+\S+\s*=\s*)$/;

/** `before`: what stands before a brace on its line. */
function mayOpenList(before: string): boolean {
  if (!before.includes(brace) && commandHead.test(before)) return true;
  const words = before.trimEnd();
  return words.endsWith('=') && /(?:^|[\s;{])elements$/.test(words.slice(0, -1).trimEnd().slice(-9));
}

class Cutter {
  /** Read, and not dealt with. */
  #window: Buffer = Buffer.alloc(0);
  /** Its place in the file. */
  #base = 0;
  /** The end of the line that it goes on with. */
  #line = '';
  /** What ends the comment or the quotes that it begins in; empty: nothing. */
  #until = '';
  /** Before there nobody looks for lists. */
  #calmTo = 0;
  /** Where in the file the first closing brace stands that was looked for; Infinity: behind the window. */
  #closing = -1;
  #kept: Buffer[] = [];
  readonly #around: Buffer[] = [];
  readonly #lists: CutList[] = [];

  constructor(
    private readonly pieces: Iterator<Buffer>,
    private readonly longest: number,
    private readonly first: number,
  ) {}

  read(): CutText | null {
    while (this.#fill(this.longest + 2) || this.#window.length > 0)
      if (this.#text() === 'list' && !this.#list()) return null;
    this.#around.push(Buffer.concat(this.#kept));
    const isMarked = this.#lists.length > 0 && this.#around.some((text) => text.includes(markSign));
    return isMarked ? null : { around: this.#around, lists: this.#lists };
  }

  /** False: the file ends before the window has so many bytes. */
  #fill(length: number): boolean {
    while (this.#window.length < length) {
      const next = this.pieces.next();
      if (next.done) return false;
      this.#window = this.#window.length === 0 ? next.value : Buffer.concat([this.#window, next.value]);
    }
    return true;
  }

  /** Keeps the window, up to behind a brace that opens a long list. */
  #text(): 'list' | 'more' {
    this.#closing = -1;
    const text = this.#window.toString('latin1');
    for (let at = 0; ;) {
      if (this.#until !== '') {
        const end = text.indexOf(this.#until, at);
        if (end < 0) break;
        this.#until = '';
        at = end + 1;
      }
      sign.lastIndex = at;
      const found = sign.exec(text);
      if (!found) break;
      at = found.index + 1;
      if (found[0] === sharp) this.#until = '\n';
      else if (found[0] === quote) this.#until = quote;
      else if (
        text[found.index - 1] !== brace &&
        mayOpenList(this.#lineBefore(text, found.index)) &&
        this.#mayBeLong(text, at)
      ) {
        if (text.length - at > this.longest) {
          this.#keep(text, at);
          return 'list';
        }
        // With what comes next it may be longer; alone at the end of the file it is not.
        if (found.index === 0) continue;
        this.#keep(text, found.index);
        return 'more';
      }
    }
    this.#keep(text, text.length);
    return 'more';
  }

  /** No brace ends too early what begins there. */
  #mayBeLong(text: string, at: number): boolean {
    const begin = this.#base + at;
    if (begin < this.#calmTo) return false;
    if (this.#closing < begin) {
      const found = text.indexOf(closingBrace, at);
      this.#closing = found < 0 ? Infinity : this.#base + found;
    }
    return this.#closing - begin > this.longest;
  }

  #lineBefore(text: string, at: number): string {
    const before = (this.#line + text.slice(Math.max(0, at - lineLength), at)).slice(-lineLength);
    return before.slice(before.lastIndexOf('\n') + 1);
  }

  #keep(text: string, length: number): void {
    this.#line = this.#lineBefore(text, length);
    this.#kept.push(Buffer.from(this.#window.subarray(0, length)));
    this.#advance(length);
  }

  #advance(length: number): void {
    this.#window = this.#window.subarray(length);
    this.#base += length;
  }

  /** Reads the list that the window begins with. False: it is not plain, and part of it is gone. */
  #list(): boolean {
    const lane = new ElementLane();
    const start = this.#base;
    for (;;) {
      const text = this.#wholeElements();
      const found = text === null ? 'other' : lane.read(text, 0, this.#base - start);
      const elements = found === 'end' ? lane.finish() : null;
      if (elements) {
        this.#put(elements, start);
        return true;
      }
      if (found !== 'more') {
        this.#calmTo = start + this.longest;
        return this.#base === start;
      }
      this.#advance(text!.length);
      if (!this.#fill(1)) return false;
    }
  }

  /** What the window begins with, up to the end of the list or behind a comma. Null: there is neither, or a comment. */
  #wholeElements(): string | null {
    for (;;) {
      const last = this.#window.indexOf(closingBrace);
      const length = (last < 0 ? this.#window.lastIndexOf(comma) : last) + 1;
      if (length > 0) {
        const text = this.#window.toString('latin1', 0, length);
        // A comma in a comment ends no element.
        return text.includes(sharp) ? null : text;
      }
      if (this.#window.length > longestElement || !this.#fill(this.#window.length + 1)) return null;
    }
  }

  #put(elements: ReadElements, start: number): void {
    const end = start + elements.length;
    const mark = markOf(this.first + this.#lists.length);
    this.#lists.push({ elements, mark, start, end });
    this.#around.push(Buffer.concat(this.#kept));
    this.#kept = [];
    this.#line += mark;
    this.#advance(end - this.#base);
  }
}
