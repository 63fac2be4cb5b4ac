/** The page against its golden (UPDATE_GOLDEN=1 rewrites it), and what must not get into it. */
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { parseHTML } from 'linkedom';
import { htmlReport } from '../../src/report/html-report.js';
import { offload } from '../samples/sample-runs.js';
import { samplePlan } from './sample-plan.js';

const golden = new URL('golden/web-server.html', import.meta.url);

test('the page of a sample', (t) => {
  const { status, stdout, stderr } = offload(['samples/web-server/rules.v4', '--format', 'html']);
  t.is(status, 0, stderr);
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(golden, stdout);
  t.is(stdout, readFileSync(golden, 'utf8'));
});

test('it fetches nothing and runs nothing', (t) => {
  const html = readFileSync(golden, 'utf8');
  const { document } = parseHTML(html);
  t.is(document.querySelectorAll('script, link, img, iframe, object, embed, base, form').length, 0);
  for (const element of document.querySelectorAll('*'))
    for (const { name, value } of element.attributes) {
      t.notRegex(name, /^(on|src|data-)/);
      if (name === 'href') t.regex(value, /^#(full|partial|none)$/);
    }
  t.notRegex(html, /url\(|@import|https?:/);
  t.regex(html, /Content-Security-Policy" content="default-src 'none'/);
  t.regex(html, /prefers-color-scheme: dark[^]*@media print/);
  for (const link of document.querySelectorAll('a'))
    t.truthy(document.querySelector(link.getAttribute('href') ?? ''), 'each decision has its section here');
});

test('text of an input stays text', (t) => {
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt; \u001b[31m \u202e`;
  const plan = samplePlan(
    [
      { text: `-A INPUT -m comment --comment ${evil} -j DROP`, hint: evil },
      { text: evil, offload: 'none', code: 'blocked', message: `because of ${evil}`, blockedBy: ['ip filter INPUT 1'] },
    ],
    `${evil}.v4`,
  );
  const prefilter = {
    steps: 1,
    fields: [],
    tables: [{ name: evil, structure: 'direct' as const, entries: 1, bytes: 8 }],
  };
  const page = [...htmlReport(plan, prefilter, { done: evil, next: [evil] })].join('');
  const { document } = parseHTML(page);
  t.is(document.querySelectorAll('script, img').length, 0);
  t.false(
    [...document.querySelectorAll('*')].some((element) => [...element.attributes].some(({ name }) => /^on/.test(name))),
  );
  const shown = evil.replace('\u001b', '\\x1b').replace('\u202e', '\\u{202e}');
  t.is(document.querySelector('.done')?.textContent, shown);
  t.is(document.querySelector('header code')?.textContent, `${shown}.v4`);
  t.true(document.querySelector('#none')?.textContent.includes(`because of ${shown}`));
  t.is(document.querySelector('#none th')?.getAttribute('title'), `${shown}.v4:4`);
});

test('many reasons fold, and nothing is left out', (t) => {
  // Every second rule is of another reason, so that none are neighbours.
  const specs = Array.from({ length: 200 }, (_, i) => ({
    text: `-A INPUT -s 198.51.100.${i} -j DROP`,
    ...(i % 2 === 0 ? {} : { offload: 'none' as const, code: 'not-a-drop' as const }),
  }));
  const page = [...htmlReport(samplePlan(specs), { steps: 0, fields: [], tables: [] }, { done: null, next: [] })].join(
    '',
  );
  const { document } = parseHTML(page);
  t.is(document.querySelectorAll('#full tr, #none tr').length, 200);
  t.is(document.querySelector('#full summary')?.textContent, '80 more');
});
