/** Writes what results become: the page, its charts, and the part of the README. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchmarksText, chartsOf, readResults } from './document.js';
import { readmeWith } from './readme.js';

/** Of results in `directory`; `readme` is left alone where null. */
export function writePages(directory: string, readme: string | null): void {
  const results = readResults(directory);
  mkdirSync(directory, { recursive: true });
  const charts = chartsOf(results);
  const names = new Set(charts.map(({ file }) => file));
  for (const name of existsSync(directory) ? readdirSync(directory) : [])
    if (name.endsWith('.svg') && !names.has(name)) rmSync(join(directory, name));
  for (const { file, svg } of charts) writeFileSync(join(directory, file), svg);
  writeFileSync(join(directory, 'README.md'), benchmarksText(results));
  if (readme !== null) writeFileSync(readme, readmeWith(readFileSync(readme, 'utf8'), results));
}
