/**
 * Long texts, which are not held as a whole: what comes of an ipset save is read when it is asked for, and in the text of an nft ruleset marks
 * stand for long lists of elements.
 */
import { detectFormat } from '../../model/detect-format.js';
import type { MarkedSource, SourceText } from '../../model/read-ruleset.js';
import { type CutText, cutLists } from '../../parse/nft/cut-lists.js';
import type { LongList } from '../../parse/nft/long-lists.js';
import { decode, type Encoding, textOf } from '../text-encoding.js';
import { FileBlocks, type KeptFile } from './file-blocks.js';

/** What is held of texts; lengths in bytes. */
export interface Holding {
  /** Longest text that is held as a whole. */
  readonly whole: number;
  /** Longest list of elements that is held as text. */
  readonly list: number;
  /** What is read of an nft ruleset, or of what is no file, at a time. */
  readonly block: number;
  /** Marks are going to be written as what they stand for. */
  readonly again: boolean;
}

export interface MarkedFile extends MarkedSource {
  /** What that mark stands for. Throws InputError where the file is another one now. */
  readonly bytes: (mark: number) => Iterable<Buffer>;
}

export interface LongText extends Pick<SourceText, 'text' | 'rest'> {
  readonly encoding: Encoding;
  readonly marked?: MarkedFile;
}

const newline = 10;

/** Of a file; `begun`: what it begins with. Throws InputError where it is not the file any more that it was. */
export function longText(
  format: 'ipset' | 'nft',
  begun: Buffer,
  kept: KeptFile,
  { whole, list, block, again }: Holding,
): LongText {
  if (format === 'nft') return nftText(new FileBlocks(kept, block, again), list);
  const blocks = new FileBlocks(kept, whole, false);
  return ipsetText(begun, { [Symbol.iterator]: () => blocks.all(begun.length) });
}

/** Of a file that has no name. */
export function keptText(format: 'ipset' | 'nft', kept: KeptFile, holding: Holding): LongText {
  const [begun] = new FileBlocks(kept, holding.whole, false).all();
  return longText(format, begun ?? Buffer.alloc(0), kept, holding);
}

/** Of an ipset save, by what it begins with and what follows that. The rest can be read as often as `behind`. */
export function ipsetText(begun: Buffer, behind: Iterable<Buffer>): LongText {
  const end = begun.lastIndexOf(newline) + 1;
  const rest = { [Symbol.iterator]: () => wholeLines(begun.subarray(end), behind) };
  return { ...decode(begun.subarray(0, end)), rest };
}

function* wholeLines(first: Buffer, behind: Iterable<Buffer>): Generator<string> {
  let begun = [first];
  for (const block of behind) {
    const end = block.lastIndexOf(newline) + 1;
    if (end > 0) {
      yield decode(Buffer.concat([...begun, block.subarray(0, end)])).text;
      begun = [];
    }
    if (end < block.length) begun.push(block.subarray(end));
  }
  const last = Buffer.concat(begun);
  if (last.length > 0) yield decode(last).text;
}

/** With marks, unless it must be read as a whole. `longest`: as `list` of `Holding`. */
function nftText(blocks: FileBlocks, longest: number): LongText {
  const cut = cutLists(blocks.all(), longest);
  if (!cut) return decode(blocks.whole());
  if (cut.lists.length === 0) return decode(cut.around[0]!);
  const { encoding } = decode(Buffer.concat(cut.around));
  const { text, lists } = withMarks(cut, encoding);
  if (detectFormat(text, blocks.kept.file) !== 'nft') return decode(blocks.whole());
  return { text, encoding, marked: markedFile(blocks, cut.lists, lists) };
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
    whole: () => decode(blocks.whole()).text,
    bytes: (number) => blocks.again(places[number]!.start, places[number]!.end),
  };
}

function withMarks({ around, lists }: CutText, encoding: Encoding): { text: string; lists: LongList[] } {
  let text = '';
  const marked = lists.map(({ elements, mark }, i): LongList => {
    text += textOf(around[i]!, encoding);
    const at = text.length;
    text += mark;
    return { elements, mark, at };
  });
  return { text: text + textOf(around[lists.length]!, encoding), lists: marked };
}
