/** nft text to its syntax tree. */
import type { Diagnostic } from '../../diagnostic.js';
import type { NftFile } from './tree.js';
import { enter, newContext } from './context.js';
import { includesFrom, readUtf8 } from './include-source.js';
import { type LongList, LongLists, refuseMarks } from './long-lists.js';
import { readCommands } from './read-commands.js';

export interface ParseNftOptions {
  /** Directory in which included files may stand; without it an include is an error. */
  readonly includeRoot?: string;
  /** Reads an included file, by its absolute path. */
  readonly readFile?: (path: string) => string;
  /** Elements that were read already, and for which marks stand in the text. */
  readonly lists?: readonly LongList[];
}

/**
 * Throws InputError on text that is not nft's language. What is nft's, but not understood, is kept and warned of. With `lists`, throws
 * MarkedText where the text must be whole.
 */
export function parseNft(text: string, file: string, options: ParseNftOptions = {}): NftFile {
  const diagnostics: Diagnostic[] = [];
  const lists = options.lists ? new LongLists(options.lists) : null;
  const includes =
    options.includeRoot === undefined
      ? null
      : includesFrom(options.includeRoot, lists ? withoutMarks(options.readFile) : options.readFile);
  const context = newContext(text, file, { diagnostics, includes, depth: 1 }, lists);
  enter(context);
  const commands = readCommands(context);
  lists?.refuseUntaken();
  return { kind: 'file', file, format: 'text', text, commands, diagnostics };
}

/** What an included file says in its own words is no mark. */
const withoutMarks =
  (read = readUtf8): typeof readUtf8 =>
  (path) => {
    const text = read(path);
    refuseMarks(text);
    return text;
  };
