/**
 * Cuts `{"nftables": [ … ]}` into its items and reads each on its own: every item has a place in the file, and integers beyond 2^53
 * (counters, quotas) become bigint, which JSON.parse of the whole would round.
 */
import { InputError, type Span } from '../../diagnostic.js';
import { excerpt } from '../syntax-error.js';
import type { Extent } from './tree.js';

/** A JSON value with bigint for integers that a number cannot hold. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export interface JsonItem {
  readonly value: Json;
  readonly extent: Extent;
  readonly span: Span;
}

/** Brackets inside each other; nft itself nests a few, and its library takes 2,048. Readers and ajv recurse. */
const maxDepth = 256;

export class JsonSource {
  /** Behind the item that was read last. */
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** The newline that ends the line, or the end of the text; -1: not looked for yet. */
  #lineEnd = -1;

  constructor(
    readonly text: string,
    readonly file: string,
  ) {}

  /** Items in order. Throws InputError when the text is not JSON of this form. */
  *items(): Generator<JsonItem> {
    this.#at = this.#blank(this.#expect('[', this.#listStart()));
    if (this.text[this.#at] !== ']') {
      for (let at = this.#at; ; at = this.#blank(this.#expect(',', at))) {
        this.#at = this.#valueEnd(at);
        const extent = { start: at, end: this.#at };
        yield { value: this.#parse(at, this.#at), extent, span: this.span(at) };
        at = this.#blank(this.#at);
        if (this.text[at] === ']') break;
      }
    }
    this.#expect('}', this.#blank(this.#blank(this.#at) + 1));
  }

  /** The next item is the one behind that offset. */
  skipTo(at: number): void {
    this.#at = at;
  }

  /** Where the array of items begins. */
  #listStart(): number {
    // nft 0.9.8 prints warnings before its JSON.
    let at = this.text.startsWith('{') ? 0 : this.text.search(/^[ \t]*\{/m);
    if (at < 0) throw this.#error(0, 'this is not JSON: no line begins with "{"');
    at = this.#expect('{', this.#blank(at));
    for (;;) {
      at = this.#blank(at);
      const end = this.#valueEnd(at);
      const key = this.#parse(at, end);
      at = this.#blank(this.#expect(':', this.#blank(end)));
      if (key === 'nftables') return at;
      at = this.#blank(this.#valueEnd(at));
      if (this.text[at] !== ',') throw this.#error(at, 'the member "nftables" is missing');
      at++;
    }
  }

  /** The value of a member of the object that begins at an offset; of members of one name the last, as JSON.parse has it. Null: there is none. */
  member(start: number, name: string): Extent | null {
    let found: Extent | null = null;
    if (this.text[start] !== '{') return found;
    let at = this.#blank(start + 1);
    while (this.text[at] === '"') {
      const end = this.#stringEnd(at) + 1;
      const key = this.#parse(at, end);
      at = this.#blank(this.#expect(':', this.#blank(end)));
      const extent = { start: at, end: this.#valueEnd(at) };
      if (key === name) found = extent;
      at = this.#blank(extent.end);
      if (this.text[at] === ',') at = this.#blank(at + 1);
    }
    return found;
  }

  /** The values of the array that begins at an offset; none where something else does. */
  elements(start: number): Extent[] {
    const found: Extent[] = [];
    if (this.text[start] !== '[') return found;
    for (let at = this.#blank(start + 1); at < this.text.length && this.text[at] !== ']';) {
      found.push({ start: at, end: this.#valueEnd(at) });
      at = this.#blank(found[found.length - 1]!.end);
      if (this.text[at] === ',') at = this.#blank(at + 1);
    }
    return found;
  }

  #blank(start: number): number {
    let at = start;
    for (let c = this.text.charCodeAt(at); c === 32 || c === 9 || c === 10 || c === 13; c = this.text.charCodeAt(++at));
    return at;
  }

  #expect(character: string, at: number): number {
    if (this.text[at] === character) return at + 1;
    const found = this.text[at];
    throw this.#error(
      at,
      `${found === undefined ? 'the file ends here' : `unexpected "${found}"`}; expected "${character}"`,
    );
  }

  /** Where the value that begins at an offset ends; brackets are counted, JSON.parse checks the rest. */
  #valueEnd(start: number): number {
    const { text } = this;
    let depth = 0;
    for (let at = start; at < text.length; at++) {
      const c = text.charCodeAt(at);
      if (c === 34) {
        at = this.#stringEnd(at);
        if (depth === 0) return at + 1;
      } else if (c === 123 || c === 91) {
        if (++depth > maxDepth) throw this.#error(at, `more than ${maxDepth} brackets inside each other`);
      } else if (c === 125 || c === 93) {
        if (depth === 0) return at;
        if (--depth === 0) return at + 1;
      } else if (depth === 0 && (c === 44 || c === 58 || c <= 32)) return at;
    }
    if (depth > 0) throw this.#error(start, 'what begins here is never closed');
    return text.length;
  }

  /** Offset of the closing quote. */
  #stringEnd(start: number): number {
    for (let at = start + 1; ; at++) {
      const c = this.text.charCodeAt(at);
      if (c === 34) return at;
      if (c === 92) at++;
      else if (Number.isNaN(c)) throw this.#error(start, 'a string is never closed');
    }
  }

  #parse(start: number, end: number): Json {
    const slice = this.text.slice(start, end);
    try {
      return parseJson(slice);
    } catch (error) {
      const place = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
      const at = start + (place === undefined ? 0 : Number(place));
      throw this.#error(
        at,
        `this is not JSON: ${this.text[at] === undefined ? 'the file ends here' : `unexpected "${this.text[at]}"`}`,
      );
    }
  }

  /** Where an offset is. Offsets must not go back far: lines are counted on the way, and a text of one line is searched for its end once. */
  span(at: number): Span {
    if (at < this.#lineStart || this.#lineEnd < 0) {
      [this.#line, this.#lineStart] = [1, 0];
      this.#lineEnd = this.#newlineFrom(0);
    }
    for (; this.#lineEnd < at; this.#lineEnd = this.#newlineFrom(this.#lineStart)) {
      this.#line++;
      this.#lineStart = this.#lineEnd + 1;
    }
    return { file: this.file, line: this.#line, column: at - this.#lineStart + 1 };
  }

  /** `text.length` where there is none. */
  #newlineFrom(start: number): number {
    const found = this.text.indexOf('\n', start);
    return found < 0 ? this.text.length : found;
  }

  #error(at: number, message: string): InputError {
    const span = this.span(at);
    const end = this.text.indexOf('\n', at);
    const line = this.text.slice(this.#lineStart, end < 0 ? this.text.length : end);
    return new InputError([{ code: 'syntax', severity: 'error', span, message, notes: excerpt(line, span.column) }]);
  }
}

export const parseJson = (text: string): Json =>
  /[:,[\s]-?\d{16}/.test(text) ? parseWithBigints(text) : (JSON.parse(text) as Json);

/** A string that no ruleset contains, as nft writes no control characters. */
const mark = '\u0001bigint:';

function parseWithBigints(text: string): Json {
  const marked = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d{16,}/g, (match) =>
    match.startsWith('"') || Number.isSafeInteger(Number(match)) ? match : `"\\u0001bigint:${match}"`,
  );
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  ) as Json;
}
