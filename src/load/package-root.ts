/** Where this package lies: build products (the addon, the BPF object) are found from here, whether run from src/ or from dist/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('bug: no package.json above the loader');
    directory = parent;
  }
  return directory;
}
