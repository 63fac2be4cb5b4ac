/** Finds included files, inside one directory tree only. */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { LongList } from './long-lists.js';

export interface IncludedText {
  readonly text: string;
  /** Elements that were read already, and for which marks stand in the text. */
  readonly lists?: readonly LongList[];
}

export interface FoundFile extends IncludedText {
  readonly file: string;
  readonly name: string;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
}

export interface IncludeSource {
  /** Files that a pattern names, in the order in which nft reads them; what is wrong when there is none or it lies outside. */
  find(pattern: string): FoundFiles | { readonly error: string };
}

/** By its absolute path. */
export type ReadIncluded = (path: string) => IncludedText;

export const readUtf8: ReadIncluded = (path) => ({ text: readFileSync(path, 'utf8') });

/** Files are named as `root` is, from the current directory or absolute. `readFile` is given paths inside of `root`. */
export function includesFrom(root: string, readFile = readUtf8): IncludeSource {
  const base = resolve(root);
  return {
    find(pattern) {
      const path = isAbsolute(pattern) ? resolve(pattern) : join(base, pattern);
      if (!isInside(base, path)) return { error: `include "${pattern}" leaves ${base}` };
      const wild = /[*?[]/.test(pattern);
      const paths = wild ? expand(base, relative(base, path).split(sep)) : [path];
      const files: FoundFile[] = [];
      for (const file of paths) {
        try {
          if (!isInside(realpathSync(base), realpathSync(file)))
            return { error: `include "${pattern}" leaves ${base}` };
          files.push({
            file: join(root, relative(base, file)),
            name: nameOf(base, file, pattern),
            ...readFile(file),
          });
        } catch (error) {
          // A directory that a wildcard happens to match is no file to read.
          if (wild && error instanceof Error && 'code' in error && error.code === 'EISDIR') continue;
          return { error: `include "${pattern}": ${error instanceof Error ? error.message : String(error)}` };
        }
      }
      return { files };
    },
  };
}

/** Patterns from the root, from `./` or from nft's include directories name their files in the same way. */
function nameOf(base: string, file: string, pattern: string): string {
  if (isAbsolute(pattern)) return file;
  return (pattern.startsWith('./') ? './' : '') + relative(base, file);
}

function isInside(base: string, path: string): boolean {
  const way = relative(base, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** Paths that match, sorted; as the shell, `*` does not match a leading dot. */
function expand(base: string, parts: readonly string[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [base];
  if (!/[*?[]/.test(part)) return expand(join(base, part), rest);
  const pattern = patternOf(part);
  let names: string[];
  try {
    names = readdirSync(base).sort();
  } catch {
    return [];
  }
  const fitting = names.filter((name) => pattern.test(name) && (part.startsWith('.') || !name.startsWith('.')));
  return fitting.flatMap((name) => expand(join(base, name), rest));
}

function patternOf(glob: string): RegExp {
  const source = glob.replaceAll(
    /\*|\?|\[(!?)([^\]]+)\]|[\\^$.|+(){}[\]]/g,
    (match: string, not?: string, set?: string) => {
      if (match === '*') return '[^/]*';
      if (match === '?') return '[^/]';
      if (set !== undefined) return `[${not ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`;
      return `\\${match}`;
    },
  );
  return new RegExp(`^${source}$`);
}
