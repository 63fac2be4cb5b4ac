/**
 * Long texts, which are not held as a whole: what comes of an ipset save is read when it is asked for, and in the text of an nft ruleset marks
 * stand for long lists of elements.
 */
import { detectFormat } from '../../model/detect-format.js';
import type { SourceText } from '../../model/read-ruleset.js';
import type { LongList } from '../../parse/nft/long-lists.js';
import { decode, type Encoding } from '../text-encoding.js';
import { FileBlocks, type KeptFile } from './file-blocks.js';
import { Marks } from './marks.js';

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

export interface LongText extends Pick<SourceText, 'text' | 'rest' | 'marked'> {
  readonly encoding: Encoding;
  readonly marks?: Marks;
}

const newline = 10;

/** Of a file; `begun`: what it begins with. Throws InputError where it is not the file any more that it was. */
export function longText(
  format: 'ipset' | 'nft',
  begun: Buffer,
  kept: KeptFile,
  holding: Holding,
  marks = new Marks(holding),
): LongText {
  if (format === 'nft') return nftText(kept, marks, holding);
  const blocks = new FileBlocks(kept, holding.whole, false);
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

/** With marks, unless it must be read as a whole. */
function nftText(kept: KeptFile, marks: Marks, { block }: Holding): LongText {
  const whole = (): Buffer => new FileBlocks(kept, block, false).whole();
  const read = marks.read(kept);
  if (!read) return decode(whole());
  const { text, encoding, lists } = read;
  if (lists.length === 0) return { text, encoding };
  if (detectFormat(text, kept.file) !== 'nft') return decode(whole());
  let held: readonly LongList[] | null = lists;
  const takeLists = (): readonly LongList[] | null => {
    const taken = held;
    held = null;
    return taken;
  };
  return { text, encoding, marks, marked: { takeLists, whole: () => decode(whole()).text } };
}
