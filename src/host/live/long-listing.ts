/** Listings of nft and ipset, which may be too long to be held as a whole. */
import { closeSync, readSync } from 'node:fs';
import { markSign } from '../../parse/nft/long-lists.js';
import { run } from '../command.js';
import { FileBlocks, type KeptFile } from '../long-text/file-blocks.js';
import { type LongOutput, runLong } from '../long-text/long-output.js';
import { type Holding, keptText, type LongText } from '../long-text/long-text.js';
import { decode } from '../text-encoding.js';
import { withoutElements } from './structure.js';
import { brokenOff } from './whole-output.js';

/** Null: all of it is held. */
export const listed = (command: string, args: readonly string[], holding: Holding | null): LongOutput =>
  holding === null ? run(command, args, { encoding: 'latin1' }) : runLong(command, args, holding);

export interface Listing {
  readonly text: LongText;
  /** As of `LiveText`. */
  readonly discard?: () => void;
  /** As `brokenOff` says. */
  readonly broken: string | null;
}

export function listingOf(format: 'ipset' | 'nft', kept: KeptFile, holding: Holding): Listing {
  const text = keptText(format, kept, holding);
  const discard = (): void => closeSync(kept.descriptor!);
  if (text.rest) return { text, discard, broken: brokenOff('ipset', lastOf(kept)) };
  // Of what stands for anything but elements it could not be told whether it changes.
  if (text.marked && !withoutElements(text.text).includes(markSign))
    return { text, discard, broken: brokenOff('nft', text.text) };
  const whole = text.marked ? decode(new FileBlocks(kept, holding.block, false).whole()) : text;
  discard();
  return { text: whole, broken: brokenOff('nft', whole.text) };
}

function lastOf({ descriptor, was }: KeptFile): string {
  const last = Buffer.alloc(1);
  readSync(descriptor!, last, 0, 1, was.size - 1);
  return last.toString('latin1');
}
