/** `--host FILE`: facts of the host whose ruleset is planned for, when planning elsewhere. */
import type { HostFacts } from '../model/host.js';
import { CommandError, exitCodes } from './exit-code.js';
import { readText } from './read-files.js';
import { parseHostFacts } from './snapshot-file.js';

/** Throws CommandError (exit 2) that names the path in the file and what was expected there. */
export function readHostFile(file: string, maxInput?: number): HostFacts {
  let text: string;
  try {
    text = readText(file, maxInput);
  } catch (error) {
    throw new CommandError(
      exitCodes.input,
      `${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return parseHostFacts(file, text);
}
