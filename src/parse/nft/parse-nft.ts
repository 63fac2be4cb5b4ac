/** nft text to its syntax tree. */
import type { Diagnostic } from '../../diagnostic.js';
import type { NftFile } from './tree.js';
import { enter, newContext } from './context.js';
import { includesFrom } from './include-source.js';
import { readCommands } from './read-commands.js';

export interface ParseNftOptions {
  /** Directory in which included files may stand; without it an include is an error. */
  readonly includeRoot?: string;
  /** Reads an included file, by its absolute path. */
  readonly readFile?: (path: string) => string;
}

/** Throws InputError on text that is not nft's language. What is nft's, but not understood, is kept and warned of. */
export function parseNft(text: string, file: string, options: ParseNftOptions = {}): NftFile {
  const diagnostics: Diagnostic[] = [];
  const includes = options.includeRoot === undefined ? null : includesFrom(options.includeRoot, options.readFile);
  const context = newContext(text, file, { diagnostics, includes, depth: 1 });
  enter(context);
  const commands = readCommands(context);
  return { kind: 'file', file, format: 'text', text, commands, diagnostics };
}
