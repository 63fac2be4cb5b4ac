// The test files as JavaScript: each is one small file and the parts it shares with others, the sources among them. Read as TypeScript, three
// hundred modules in each of a hundred and fifty processes took more time than the tests.
import { readFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** A module finds what lies beside it from where its source is. */
const ownPlace = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta')) return undefined;
      const place = `const ownUrl = ${JSON.stringify(pathToFileURL(path).href)}, ownDirectory = ${JSON.stringify(dirname(path))};`;
      // On the first line: the others keep their numbers.
      return { contents: `${place} ${text}`, loader: 'ts' };
    });
  },
};

/** The bundles, in the order of the files. The directory is beneath the repository, for packages are found from there. */
export async function bundleTests(files, directory = 'build/suite') {
  rmSync(directory, { recursive: true, force: true });
  await build({
    entryPoints: files,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outdir: directory,
    outbase: '.',
    define: { 'import.meta.url': 'ownUrl', 'import.meta.dirname': 'ownDirectory' },
    plugins: [ownPlace],
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
  });
  return files.map((file) => `${directory}/${file.replace(/\.ts$/, '.js')}`);
}
