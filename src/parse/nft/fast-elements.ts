/**
 * The fast lane: reads the elements of a set straight from the text while all of them are plain, without a token or an object per
 * element (IPv6 addresses go through a string). It stops and gives up at the first thing that is not plain; the slow lane then reads
 * the set from its beginning, so a set is read twice at most.
 */
import type { ElementColumns } from './tree-expression.js';
import { ColumnBuilder } from './column-builder.js';
import { parsePlainValue, type PlainValue } from './plain-value.js';
import { timeOf } from './time.js';

export interface FastElements {
  readonly columns: ElementColumns;
  /** After the closing brace. */
  readonly end: number;
  readonly newlines: number;
  /** Offset of the last newline passed. */
  readonly lastNewline: number;
}

const [tab, newline, carriage, space, hash, comma, dash, dot, slash, colon] = [9, 10, 13, 32, 35, 44, 45, 46, 47, 58];
const closingBrace = 125;

export function readFastElements(text: string, start: number): FastElements | null {
  const lane = new FastLane(text, start);
  return lane.read();
}

class FastLane {
  #at: number;
  #newlines = 0;
  #lastNewline = 0;
  readonly #builder = new ColumnBuilder();

  constructor(
    readonly text: string,
    start: number,
  ) {
    this.#at = start;
  }

  read(): FastElements | null {
    for (;;) {
      this.#blanks();
      if (this.text.charCodeAt(this.#at) === closingBrace) return this.#finish();
      if (!this.#element()) return null;
      this.#blanks();
      const c = this.text.charCodeAt(this.#at);
      if (c === comma) this.#at++;
      else if (c !== closingBrace) return null;
    }
  }

  #finish(): FastElements | null {
    const columns = this.#builder.finish();
    if (!columns) return null;
    return { columns, end: this.#at + 1, newlines: this.#newlines, lastNewline: this.#lastNewline };
  }

  /** Blanks, newlines and comments. */
  #blanks(): void {
    const { text } = this;
    for (;;) {
      const c = text.charCodeAt(this.#at);
      if (c === newline) {
        this.#newlines++;
        this.#lastNewline = this.#at;
      } else if (c === hash) {
        const end = text.indexOf('\n', this.#at);
        if (end < 0) return;
        this.#at = end - 1;
      } else if (c !== space && c !== tab && c !== carriage) return;
      this.#at++;
    }
  }

  #element(): boolean {
    return this.#quick() ? this.#times() : this.#general() && this.#times();
  }

  /** Dotted quads and decimal numbers, alone or with a prefix length. */
  #quick(): boolean {
    const { text } = this;
    const begin = this.#at;
    let value = 0;
    let part = 0;
    let dots = 0;
    let digits = 0;
    let at = begin;
    let c = text.charCodeAt(at);
    for (; ; c = text.charCodeAt(++at)) {
      if (c >= 48 && c <= 57) {
        // A leading zero makes a number octal in nft.
        if (digits === 1 && part === 0) return false;
        part = part * 10 + (c - 48);
        if (++digits > 10) return false;
      } else if (c === dot && digits > 0 && digits <= 3 && part <= 255 && dots < 3) {
        value = value * 256 + part;
        part = 0;
        digits = 0;
        dots++;
      } else break;
    }
    if (digits === 0 || (dots !== 3 && dots !== 0)) return false;
    if (dots === 3 && (part > 255 || digits > 3)) return false;
    if (dots === 0 && part > 0xffffffff) return false;
    let form = 255;
    if (c === slash && dots === 3) {
      form = 0;
      const from = ++at;
      for (c = text.charCodeAt(at); c >= 48 && c <= 57 && at - from < 3; c = text.charCodeAt(++at))
        form = form * 10 + (c - 48);
      if (at === from || form > 32) return false;
    }
    if (!isEnd(c)) return false;
    const word = dots === 3 ? value * 256 + part : part;
    if (!this.#builder.addWord(dots === 3 ? 'ipv4' : 'number', word, word, form)) return false;
    this.#at = at;
    return true;
  }

  /** Everything else that is plain: ranges, IPv6, hexadecimal numbers. */
  #general(): boolean {
    const low = this.#value();
    if (!low) return false;
    const after = this.#at;
    this.#blanksOnLine();
    const c = this.text.charCodeAt(this.#at);
    if (c === slash) {
      this.#at++;
      this.#blanksOnLine();
      const length = this.#value();
      return length?.type === 'number' && this.#builder.addPrefix(low, length.words[0]!);
    }
    if (c === dash) {
      this.#at++;
      this.#blanksOnLine();
      const high = this.#value();
      return high !== null && this.#builder.add(low, high, 254);
    }
    this.#at = after;
    return isEnd(this.text.charCodeAt(after)) && this.#builder.add(low, low, 255);
  }

  #value(): PlainValue | null {
    const { text } = this;
    let at = this.#at;
    for (let c = text.charCodeAt(at); isValueCharacter(c) && at - this.#at < 48; c = text.charCodeAt(++at));
    const next = text.charCodeAt(at);
    if (!isEnd(next) && next !== dash && next !== slash) return null;
    // What ends in a colon is the key of a map.
    const word = text.slice(this.#at, at);
    if (word.endsWith(':') && !word.endsWith('::')) return null;
    const value = parsePlainValue(word);
    if (value) this.#at = at;
    return value;
  }

  #blanksOnLine(): void {
    for (let c = this.text.charCodeAt(this.#at); c === space || c === tab; c = this.text.charCodeAt(++this.#at));
  }

  /** ` timeout 1h expires 59m`; false when something else stands behind the element. */
  #times(): boolean {
    for (;;) {
      this.#blanks();
      const c = this.text.charCodeAt(this.#at);
      if (c === comma || c === closingBrace) return true;
      const match = this.#word(
        /(timeout|expires)[ \t]+((?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?)(?=[ \t\r\n,}#])/y,
      );
      if (!match?.[2]) return false;
      const time = timeOf(match[2]);
      if (match[1] === 'timeout') this.#builder.setTimes(time, null);
      else this.#builder.setTimes(null, time);
    }
  }

  #word(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }
}

const isEnd = (c: number): boolean =>
  c === comma || c === space || c === newline || c === closingBrace || c === tab || c === carriage || c === hash;

/** Hex digits, x, colon, dot. */
function isValueCharacter(c: number): boolean {
  return (
    (c >= 48 && c <= 58) ||
    (c >= 97 && c <= 102) ||
    (c >= 65 && c <= 70) ||
    c === dot ||
    c === colon ||
    c === 120 ||
    c === 88
  );
}
