/** nft text to its syntax tree. */
import type { Diagnostic } from '../../diagnostic.js';
import type { NftFile } from './tree.js';
import { enter, newContext } from './context.js';
import { includesFrom, type ReadIncluded, readUtf8 } from './include-source.js';
import { type LongList, LongLists, refuseMarks } from './long-lists.js';
import { readCommands } from './read-commands.js';

export interface ParseNftOptions {
  /** Directory in which included files may stand; without it an include is an error. */
  readonly includeRoot?: string;
  readonly readFile?: ReadIncluded;
  /** Elements that were read already, and for which marks stand in the text; where there are none, marks may stand in what it includes. */
  readonly lists?: readonly LongList[];
}

/**
 * Throws InputError on text that is not nft's language. What is nft's, but not understood, is kept and warned of. With `lists`, throws
 * MarkedText where the text must be whole.
 */
export function parseNft(text: string, file: string, options: ParseNftOptions = {}): NftFile {
  const diagnostics: Diagnostic[] = [];
  const lists = options.lists ? new LongLists(options.lists) : null;
  if (options.lists?.length === 0) refuseMarks(text);
  const includes =
    options.includeRoot === undefined
      ? null
      : includesFrom(options.includeRoot, lists ? marked(options.readFile) : options.readFile);
  const context = newContext(text, file, { diagnostics, includes, depth: 1 }, lists);
  enter(context);
  const commands = readCommands(context);
  lists?.refuseUntaken();
  return { kind: 'file', file, format: 'text', text, commands, diagnostics };
}

/** Where marks may stand in one of the texts, what another says in its own words is no mark. */
const marked =
  (read = readUtf8): ReadIncluded =>
  (path) => {
    const included = read(path);
    if (!included.lists) refuseMarks(included.text);
    return included;
  };
