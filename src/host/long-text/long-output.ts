/** What a tool prints, in a file without a name where it is long. Without the addon it is held as a whole, however long. */
import { closeSync } from 'node:fs';
import { isNativeError } from '../../load/load-error.js';
import { nativeIfThere } from '../../load/native.js';
import { type Ended, runTool } from '../../load/tool.js';
import { type Output, outputOf, run } from '../command.js';
import type { KeptFile } from './file-blocks.js';
import type { Holding } from './long-text.js';
import { keptAs, openedOrNull } from './nameless-file.js';

export type LongOutput = Output | { readonly kind: 'long'; readonly kept: KeptFile; readonly holding: Holding };

/** As `run` with latin1, and in a file where it is long and there is place for one. */
export function runLong(command: string, args: readonly string[], holding: Holding): LongOutput {
  const held = (): Output => run(command, args, { encoding: 'latin1' });
  const place = nativeIfThere() === null ? null : openedOrNull();
  if (place === null) return held();
  const ended = runTool(command, args, new Uint8Array(), { held: holding.whole, descriptor: place });
  if (ended.isWritten && ended.code === 0) return { kind: 'long', kept: keptAs(command, place), holding };
  closeSync(place);
  return isNotWritten(ended) ? held() : outputOf(ended, 'latin1');
}

/** The file system is full, say. */
const isNotWritten = ({ error }: Ended): boolean => isNativeError(error) && error.step === 'write output';
