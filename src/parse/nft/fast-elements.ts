/**
 * The fast lane: reads the elements of a set straight from the text, or from one piece of it after the other, while all of them are plain,
 * without a token or a string per element. It stops and gives up at the first thing that is not plain; the slow lane then reads
 * the set from its beginning, so a set is read twice at most.
 */
import { scanIpv6 } from '../scan-ipv6.js';
import type { ElementColumns } from './tree-expression.js';
import { ColumnBuilder } from './column-builder.js';
import { parsePlainValue, type PlainValue } from './plain-value.js';
import { timeOf } from './time.js';

/** What stands between the braces; offsets from behind the first of them. */
export interface ReadElements {
  readonly columns: ElementColumns;
  /** Up to the closing brace. */
  readonly length: number;
  readonly newlines: number;
  /** Offset of the last newline passed. */
  readonly lastNewline: number;
}

const [tab, newline, carriage, space, hash, comma, dash, dot, slash, colon] = [9, 10, 13, 32, 35, 44, 45, 46, 47, 58];
const closingBrace = 125;

/** Null: not all of them are plain, or they have no end. */
export function readFastElements(text: string, start: number): ReadElements | null {
  const lane = new ElementLane();
  return lane.read(text, start, -start) === 'end' ? lane.finish() : null;
}

export class ElementLane {
  #text = '';
  #at = 0;
  /** Of `#text`. */
  #offset = 0;
  #newlines = 0;
  #lastNewline = 0;
  readonly #builder = new ColumnBuilder();

  /**
   * Goes on in a text, from `at` on; `offset`: where it begins, from behind the brace. One that is not the last ends behind a comma.
   * `more`: the list goes on in the next; `other`: something is not plain.
   */
  read(text: string, at: number, offset: number): 'end' | 'more' | 'other' {
    this.#text = text;
    this.#at = at;
    this.#offset = offset;
    for (;;) {
      this.#blanks();
      const first = text.charCodeAt(this.#at);
      if (first === closingBrace) return 'end';
      if (this.#at >= text.length) return 'more';
      if (!this.#element()) return 'other';
      this.#blanks();
      const c = text.charCodeAt(this.#at);
      if (c === comma) this.#at++;
      else if (c !== closingBrace) return 'other';
    }
  }

  /** After `end`. Null: there is no element. */
  finish(): ReadElements | null {
    const columns = this.#builder.finish();
    if (!columns) return null;
    return { columns, length: this.#offset + this.#at, newlines: this.#newlines, lastNewline: this.#lastNewline };
  }

  /** Blanks, newlines and comments. */
  #blanks(): void {
    const text = this.#text;
    let at = this.#at;
    for (let c = text.charCodeAt(at); ; c = text.charCodeAt(++at)) {
      if (c === space || c === tab || c === carriage) continue;
      if (c === newline) {
        this.#newlines++;
        this.#lastNewline = this.#offset + at;
      } else if (c === hash) {
        const end = text.indexOf('\n', at);
        if (end < 0) break;
        at = end - 1;
      } else break;
    }
    this.#at = at;
  }

  #element(): boolean {
    return this.#quick() ? this.#times() : this.#general() && this.#times();
  }

  /** Dotted quads and decimal numbers, alone or with a prefix length, and ranges of quads. */
  #quick(): boolean {
    const text = this.#text;
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
    const word = dots === 3 ? value * 256 + part : part;
    if (c === dash && dots === 3) return this.#upTo(word, at + 1);
    if (!isEnd(c)) return false;
    if (!this.#builder.addWord(dots === 3 ? 'ipv4' : 'number', word, word, form)) return false;
    this.#at = at;
    return true;
  }

  /** A range whose higher address, a dotted quad, begins there. */
  #upTo(low: number, begin: number): boolean {
    const text = this.#text;
    let high = 0;
    let at = begin;
    for (let dots = 0; ; dots++) {
      const from = at;
      let part = 0;
      let c = text.charCodeAt(at);
      for (; c >= 48 && c <= 57 && at - from < 4; c = text.charCodeAt(++at)) part = part * 10 + (c - 48);
      if (at === from || part > 255 || (at - from > 1 && text.charCodeAt(from) === 48)) return false;
      high = high * 256 + part;
      if (dots === 3) {
        if (!isEnd(c) || !this.#builder.addWord('ipv4', low, high, 254)) return false;
        this.#at = at;
        return true;
      }
      if (c !== dot) return false;
      at++;
    }
  }

  /** Everything else that is plain: ranges, IPv6, hexadecimal numbers. */
  #general(): boolean {
    const low = this.#value(lowWords);
    if (!low) return false;
    const after = this.#at;
    this.#blanksOnLine();
    const c = this.#text.charCodeAt(this.#at);
    if (c === slash) {
      this.#at++;
      this.#blanksOnLine();
      const length = this.#value(highWords);
      return length?.type === 'number' && this.#builder.addPrefix(low, length.words[0]!);
    }
    if (c === dash) {
      this.#at++;
      this.#blanksOnLine();
      const high = this.#value(highWords);
      return high !== null && this.#builder.add(low, high, 254);
    }
    this.#at = after;
    return isEnd(this.#text.charCodeAt(after)) && this.#builder.add(low, low, 255);
  }

  /** `words` is for what it holds. */
  #value(words: Uint32Array): PlainValue | null {
    const text = this.#text;
    let at = this.#at;
    for (let c = text.charCodeAt(at); isValueCharacter(c) && at - this.#at < 48; c = text.charCodeAt(++at));
    const next = text.charCodeAt(at);
    if (!isEnd(next) && next !== dash && next !== slash) return null;
    // What ends in a colon is the key of a map.
    if (text.charCodeAt(at - 1) === colon && text.charCodeAt(at - 2) !== colon) return null;
    if (scanIpv6(text, this.#at, at, words)) {
      this.#at = at;
      return { type: 'ipv6', words };
    }
    const word = text.slice(this.#at, at);
    const value = parsePlainValue(word);
    if (value) this.#at = at;
    return value;
  }

  #blanksOnLine(): void {
    for (let c = this.#text.charCodeAt(this.#at); c === space || c === tab; c = this.#text.charCodeAt(++this.#at));
  }

  /** ` timeout 1h expires 59m`; false when something else stands behind the element. */
  #times(): boolean {
    for (;;) {
      this.#blanks();
      const c = this.#text.charCodeAt(this.#at);
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
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }
}

const [lowWords, highWords] = [new Uint32Array(4), new Uint32Array(4)];

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
