/**
 * The fast lane of ipset save: consecutive `add SET ELEMENT [timeout N] [packets N] [bytes N] [comment "…"] [nomatch]` lines of one
 * set, scanned by character code into columns. Anything else ends the run, and the grammar reads that line. A test compares both.
 */
import type { AddRun } from './ipset-tree.js';

const newline = 10;
const blank = 32;
const quote = 34;
const dash = 45;

/** Lines of one run: more are several, so that whoever takes them one after the other needs columns for one only. */
export const mostInRun = 65_536;

/** Columns while they grow. Optional ones are made when first used; what stands before is 0. */
interface Columns {
  count: number;
  start: Uint32Array;
  end: Uint32Array;
  timeout: Uint32Array | null;
  packets: Float64Array | null;
  bytes: Float64Array | null;
  commentStart: Uint32Array | null;
  commentEnd: Uint32Array | null;
  nomatch: Uint8Array | null;
}

/** Options of the line being scanned; -1 or 0 where absent. */
interface LineOptions {
  timeout: number;
  packets: number;
  bytes: number;
  commentStart: number;
  commentEnd: number;
  nomatch: boolean;
}

/** The run that begins at `from`, and where the line after it begins; null where the line is not of the shape. */
export function scanAdds(text: string, from: number, file: string, line: number): { run: AddRun; next: number } | null {
  if (!text.startsWith('add ', from)) return null;
  const nameEnd = wordEnd(text, from + 4);
  if (nameEnd < 0 || text.charCodeAt(nameEnd) !== blank) return null;
  const head = text.slice(from, nameEnd + 1);
  const columns: Columns = {
    count: 0,
    start: new Uint32Array(256),
    end: new Uint32Array(256),
    timeout: null,
    packets: null,
    bytes: null,
    commentStart: null,
    commentEnd: null,
    nomatch: null,
  };
  const options: LineOptions = {
    timeout: -1,
    packets: -1,
    bytes: -1,
    commentStart: -1,
    commentEnd: -1,
    nomatch: false,
  };
  let at = from;
  while (at < text.length && columns.count < mostInRun && text.startsWith(head, at)) {
    const start = at + head.length;
    const end = wordEnd(text, start);
    if (end < 0) break;
    const next = scanOptions(text, end, options);
    if (next < 0) break;
    append(columns, start, end, options);
    at = next;
  }
  if (columns.count === 0) return null;
  return { run: finish(columns, text, head.slice(4, -1), file, line), next: at };
}

/** End of the word at `at`; -1 where the grammar should look: no word, an option, or characters that are none of a word's. */
function wordEnd(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === dash) return -1;
  let end = at;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c === blank || c === newline) break;
    if (c < blank || c === quote || c === 127) return -1;
  }
  return end > at ? end : -1;
}

/** Reads options up to the end of the line into `out`; returns where the next line begins, or -1. */
function scanOptions(text: string, from: number, out: LineOptions): number {
  out.timeout = out.packets = out.bytes = out.commentStart = out.commentEnd = -1;
  out.nomatch = false;
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== newline) {
    if (text.charCodeAt(at) !== blank) return -1;
    at++;
    if (text.startsWith('timeout ', at)) {
      const end = numberEnd(text, at + 8);
      if (end < 0 || out.timeout >= 0) return -1;
      out.timeout = Number(text.slice(at + 8, end));
      if (out.timeout >= timeoutNotWritten) return -1;
      at = end;
    } else if (text.startsWith('packets ', at)) {
      const end = numberEnd(text, at + 8);
      if (end < 0 || out.packets >= 0) return -1;
      out.packets = Number(text.slice(at + 8, end));
      at = end;
    } else if (text.startsWith('bytes ', at)) {
      const end = numberEnd(text, at + 6);
      if (end < 0 || out.bytes >= 0) return -1;
      out.bytes = Number(text.slice(at + 6, end));
      at = end;
    } else if (text.startsWith('comment "', at)) {
      const end = commentEnd(text, at + 9);
      if (end < 0 || out.commentStart >= 0) return -1;
      out.commentStart = at + 9;
      out.commentEnd = end;
      at = end + 1;
    } else if (text.startsWith('nomatch', at)) {
      if (out.nomatch) return -1;
      out.nomatch = true;
      at += 7;
    } else return -1;
  }
  return at < text.length ? at + 1 : at;
}

/** End of at most 15 decimal digits (exact in a double); -1 where something else stands. Leading zeros are for the grammar. */
function numberEnd(text: string, at: number): number {
  let end = at;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c < 48 || c > 57) break;
  }
  const length = end - at;
  return length === 0 || length > 15 || (length > 1 && text.charCodeAt(at) === 48) ? -1 : end;
}

/** Where the closing quote stands. */
function commentEnd(text: string, at: number): number {
  for (let end = at; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c === quote) return end;
    if (c < blank) return -1;
  }
  return -1;
}

function append(columns: Columns, start: number, end: number, options: LineOptions): void {
  const at = columns.count++;
  if (at === columns.start.length) grow(columns);
  columns.start[at] = start;
  columns.end[at] = end;
  const size = columns.start.length;
  if (options.timeout >= 0) (columns.timeout ??= noTimeout(size))[at] = options.timeout;
  if (options.packets >= 0) (columns.packets ??= new Float64Array(size).fill(-1))[at] = options.packets;
  if (options.bytes >= 0) (columns.bytes ??= new Float64Array(size).fill(-1))[at] = options.bytes;
  if (options.commentStart >= 0) {
    (columns.commentStart ??= new Uint32Array(size))[at] = options.commentStart;
    (columns.commentEnd ??= new Uint32Array(size))[at] = options.commentEnd;
  }
  if (options.nomatch) (columns.nomatch ??= new Uint8Array(size))[at] = 1;
}

/** A timeout that no line can have stands for "not written": the set's own default then holds. */
export const timeoutNotWritten = 0xffffffff;
const noTimeout = (size: number): Uint32Array => new Uint32Array(size).fill(timeoutNotWritten);

function grow(columns: Columns): void {
  const size = columns.start.length * 2;
  columns.start = widen(new Uint32Array(size), columns.start);
  columns.end = widen(new Uint32Array(size), columns.end);
  columns.timeout &&= widen(noTimeout(size), columns.timeout);
  columns.packets &&= widen(new Float64Array(size).fill(-1), columns.packets);
  columns.bytes &&= widen(new Float64Array(size).fill(-1), columns.bytes);
  columns.commentStart &&= widen(new Uint32Array(size), columns.commentStart);
  columns.commentEnd &&= widen(new Uint32Array(size), columns.commentEnd);
  columns.nomatch &&= widen(new Uint8Array(size), columns.nomatch);
}

function widen<T extends Uint32Array | Float64Array | Uint8Array>(wide: T, old: T): T {
  wide.set(old);
  return wide;
}

function finish(columns: Columns, text: string, set: string, file: string, line: number): AddRun {
  const { count } = columns;
  return {
    kind: 'adds',
    span: { file, line, column: 1 },
    set,
    count,
    text,
    start: columns.start.subarray(0, count),
    end: columns.end.subarray(0, count),
    timeout: columns.timeout?.subarray(0, count) ?? null,
    packets: columns.packets?.subarray(0, count) ?? null,
    bytes: columns.bytes?.subarray(0, count) ?? null,
    commentStart: columns.commentStart?.subarray(0, count) ?? null,
    commentEnd: columns.commentEnd?.subarray(0, count) ?? null,
    nomatch: columns.nomatch?.subarray(0, count) ?? null,
  };
}
