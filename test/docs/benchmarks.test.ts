/** docs/benchmarks and the README say what the results beside them say, and nothing else: `npm run bench -- --pages` makes them anew. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseHTML } from 'linkedom';
import { pages } from '../../bench/pages.js';
import { benchmarksText, chartsOf, readResults } from '../../bench/report/document.js';
import { readmeWith } from '../../bench/report/readme.js';
import { madeUp } from '../bench/made-up.js';
import { root } from '../samples/sample-runs.js';

const directory = join(root, 'docs/benchmarks');

test('the page is made of the results', (t) => {
  const results = readResults(directory);
  t.is(readFileSync(join(directory, 'README.md'), 'utf8'), benchmarksText(results));
  for (const result of results) t.deepEqual(result.goals, pages[result.part]!.goals(result), `goals of ${result.part}`);
});

test('the charts are made of the results, and there are no others', (t) => {
  const charts = chartsOf(readResults(directory));
  for (const { file, svg } of charts) t.is(readFileSync(join(directory, file), 'utf8'), svg, file);
  const there = readdirSync(directory).filter((name) => name.endsWith('.svg'));
  t.deepEqual(there.sort(), charts.map(({ file }) => file).sort());
});

test('the figures in the README are those of the results', (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  t.is(readme, readmeWith(readme, readResults(directory)));
  for (const [, path] of readme.matchAll(/\((docs\/benchmarks\/[^)]*)\)/g)) t.true(existsSync(join(root, path!)), path);
});

const told = madeUp().map((result) => ({ ...result, goals: [...pages[result.part]!.goals(result)] }));

for (const result of told)
  test(`${result.part}: charts that can be read, and figures that were measured`, (t) => {
    const charts = chartsOf([result]);
    t.true(charts.length > 0);
    for (const { file, svg } of charts) {
      const { document } = parseHTML(svg);
      t.truthy(document.querySelector('title')?.textContent, file);
      t.notRegex(svg, /NaN|undefined|Infinity/, file);
      t.true(document.querySelectorAll('text').length > 4, file);
    }
    const text = benchmarksText([result]);
    t.notRegex(text, /NaN|undefined|Infinity/);
    t.regex(text, /2026-01-02 at commit 0123456789ab/);
  });

test('the goals are told with bound, figure and whether they are met', (t) => {
  const text = benchmarksText(told);
  t.regex(text, /drop capacity against an nft set in raw +\| +≥ 4× \| +4\.8× \| met/);
  t.regex(text, /100,000 rules of a source replaced.*\| +≤ 1 s \| +0\.9 s \| met/);
  t.regex(text, /one element more in a set of 1 M.*\| +≤ 1 ms \| +1\.5 ms \| \*\*missed\*\*/);
  t.regex(text, /legitimate packets lost, 1,020 replacements +\| +≤ 0 packets \| 0 packets \| met/);
  t.regex(text, /blocked packets passed by XDP, 20 replacements +\| +≤ 0 packets \| 3 packets \| \*\*missed\*\*/);
  t.regex(text, /pays from 10 rules on/);
});

test('the README tells two charts and their figures, of full runs only', (t) => {
  const frame = 'a\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nb\n';
  const full = readmeWith(frame, told);
  t.is([...full.matchAll(/!\[/g)].length, 2);
  t.regex(full, /a million networks takes 26 ns, where the kernel's LPM trie takes 1,060 ns/);
  t.regex(full, /50 ns.*240 ns/s);
  t.is(readmeWith(full, told), full);
  const short = readmeWith(frame, told.map((result) => ({ ...result, full: false })));
  t.regex(short, /Not measured yet/);
}); // prettier-ignore
