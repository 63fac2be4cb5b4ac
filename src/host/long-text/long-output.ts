/** What a tool prints, in a file without a name where it is long. Without the addon it is held as a whole, however long. */
import { closeSync } from 'node:fs';
import { isNativeError, LoadError } from '../../load/load-error.js';
import { nativeIfThere } from '../../load/native.js';
import { type Ended, runTool } from '../../load/tool.js';
import { type Output, outputOf, run } from '../command.js';
import type { KeptFile } from './file-blocks.js';
import type { Holding } from './long-text.js';
import { keptAs, openNameless, whyNoPlace } from './nameless-file.js';

export type LongOutput = Output | { readonly kind: 'long'; readonly kept: KeptFile; readonly holding: Holding };

/** As `run` with latin1, and in a file where it is long. Throws LoadError where there is no place for that. */
export function runLong(command: string, args: readonly string[], holding: Holding): LongOutput {
  if (nativeIfThere() === null) return run(command, args, { encoding: 'latin1' });
  const place = openPlace();
  const ended = runTool(command, args, new Uint8Array(), { held: holding.whole, descriptor: place.descriptor ?? -1 });
  if (place.descriptor !== null && ended.isWritten && ended.code === 0)
    return { kind: 'long', kept: keptAs(command, place.descriptor), holding };
  if (place.descriptor !== null) closeSync(place.descriptor);
  if (isNotWritten(ended)) throw noPlace(command, place.error ?? ended.error!);
  return outputOf(ended, 'latin1');
}

/** What fits needs no place: only when there is more it matters that there is none. */
function openPlace(): { readonly descriptor: number | null; readonly error: NodeJS.ErrnoException | null } {
  try {
    return { descriptor: openNameless(), error: null };
  } catch (error) {
    return { descriptor: null, error: error as NodeJS.ErrnoException };
  }
}

const isNotWritten = ({ error }: Ended): boolean => isNativeError(error) && error.step === 'write output';

function noPlace(command: string, error: NodeJS.ErrnoException): LoadError {
  const { found, remedy } = whyNoPlace(error);
  return new LoadError({
    errno: Math.abs(error.errno ?? 0),
    step: 'read ruleset',
    message: `the output of \`${command}\` is so long that it is kept in a file while it is read, and ${found}`,
    hint: remedy,
  });
}
