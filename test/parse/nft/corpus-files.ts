/** The listings of the corpus; with OFFLOAD_CORPUS, all files of that directory as well. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Listing {
  readonly name: string;
  readonly text: string;
  /** What `nft -j` printed of the same ruleset. */
  readonly json: string | null;
}

const own = join(import.meta.dirname, 'corpus');

export function listings(): Listing[] {
  const more = process.env.OFFLOAD_CORPUS;
  return [own, ...(more === undefined ? [] : [more])].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.nft'))
      .sort()
      .map((name) => ({
        name,
        text: readFileSync(join(directory, name), 'utf8'),
        json: jsonOf(join(directory, name)),
      })),
  );
}

function jsonOf(path: string): string | null {
  const names = [path.replace(/\.nft$/, '.nft-json'), `${path}.json`, path.replace(/\.a\.nft$/, '.nft.json')];
  const found = names.find((name) => name !== path && existsSync(name));
  return found === undefined ? null : readFileSync(found, 'utf8');
}
