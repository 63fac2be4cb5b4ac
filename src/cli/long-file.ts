/**
 * Long files, which are not held as a whole: what comes of an ipset save is read when it is asked for, and in the text of an nft ruleset marks
 * stand for long lists of elements.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { decode, textOf } from '../host/text-encoding.js';
import { detectFormat } from '../model/detect-format.js';
import { type CutText, cutLists } from '../parse/nft/cut-lists.js';
import type { LongList } from '../parse/nft/long-lists.js';
import { FileBlocks, isOther, reopen } from './file-blocks.js';
import type { MarkedFile, ReadFile } from './read-files.js';
import { changed } from './unreadable.js';

/** What is held of files; lengths in bytes. */
export interface Holding {
  /** Longest file that is held as a whole. */
  readonly file: number;
  /** Longest list of elements that is held as text. */
  readonly list: number;
  /** What is read of an nft ruleset at a time. */
  readonly block: number;
  /** Marks are going to be written as what they stand for. */
  readonly again: boolean;
}

export interface LongFile {
  readonly source: ReadFile;
  readonly size: number;
}

const newline = 10;

/** Null: it is not long, of another format, no file, so long that it is refused, or must be read as a whole. */
export function beginLong(file: string, holding: Holding, most: number): LongFile | null {
  if (file === '-') return null;
  const { begun, was } = beginningOf(file, holding.file, most) ?? {};
  if (!begun || !was) return null;
  const format = detectFormat(decode(begun).text, file);
  if (format === 'ipset') return ipsetFile(file, was, begun);
  return format === 'nft' ? nftFile(new FileBlocks(file, was, holding.block, holding.again), holding.list) : null;
}

function beginningOf(file: string, longest: number, most: number): { begun: Buffer; was: Stats } | null {
  const descriptor = openSync(file, 'r');
  try {
    const was = fstatSync(descriptor);
    if (!was.isFile() || was.size <= longest || was.size > most) return null;
    const head = Buffer.allocUnsafe(longest);
    return { begun: head.subarray(0, readSync(descriptor, head, 0, head.length, 0)), was };
  } finally {
    closeSync(descriptor);
  }
}

function ipsetFile(file: string, was: Stats, begun: Buffer): LongFile {
  const end = begun.lastIndexOf(newline) + 1;
  const rest = piecesFrom(file, end, was, begun.length);
  return { source: { file, ...decode(begun.subarray(0, end)), takenAt: was.mtimeMs, rest }, size: was.size };
}

/** Whole lines of a file from there on. Throws InputError where it is not the file any more that it was. */
function* piecesFrom(file: string, from: number, was: Stats, longest: number): Generator<string> {
  const descriptor = reopen(file, was);
  try {
    let begun: Buffer[] = [];
    for (let at = from; at < was.size;) {
      const piece = Buffer.allocUnsafe(Math.min(longest, was.size - at));
      const length = readSync(descriptor, piece, 0, piece.length, at);
      if (length === 0) throw changed(file);
      at += length;
      const end = piece.subarray(0, length).lastIndexOf(newline) + 1;
      if (end > 0) {
        yield decode(Buffer.concat([...begun, piece.subarray(0, end)])).text;
        begun = [];
      }
      if (end < length) begun.push(piece.subarray(end, length));
    }
    if (begun.length > 0) yield decode(Buffer.concat(begun)).text;
    if (isOther(fstatSync(descriptor), was)) throw changed(file);
  } finally {
    closeSync(descriptor);
  }
}

function nftFile(blocks: FileBlocks, longest: number): LongFile | null {
  const cut = cutLists(blocks.all(), longest);
  if (!cut) return null;
  const { file, was } = blocks;
  const takenAt = was.mtimeMs;
  if (cut.lists.length === 0) return { source: { file, ...decode(cut.around[0]!), takenAt }, size: was.size };
  const { encoding } = decode(Buffer.concat(cut.around));
  const { text, lists } = withMarks(cut, encoding);
  if (detectFormat(text, file) !== 'nft') return null;
  return { source: { file, text, encoding, takenAt, marked: markedFile(blocks, cut.lists, lists) }, size: was.size };
}

function markedFile(blocks: FileBlocks, cut: CutText['lists'], lists: readonly LongList[]): MarkedFile {
  const places = cut.map(({ start, end }) => ({ start, end }));
  let held: readonly LongList[] | null = lists;
  return {
    takeLists() {
      const taken = held;
      held = null;
      return taken;
    },
    whole: () => decode(Buffer.concat([...blocks.all()])).text,
    bytes: (number) => blocks.again(places[number]!.start, places[number]!.end),
  };
}

function withMarks({ around, lists }: CutText, encoding: ReadFile['encoding']): { text: string; lists: LongList[] } {
  let text = '';
  const marked = lists.map(({ elements, mark }, i): LongList => {
    text += textOf(around[i]!, encoding);
    const at = text.length;
    text += mark;
    return { elements, mark, at };
  });
  return { text: text + textOf(around[lists.length]!, encoding), lists: marked };
}
