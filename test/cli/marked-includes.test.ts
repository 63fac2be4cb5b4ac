/** Long files that nft files include are read in pieces as well: what comes of it, and what is written, is the same. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ReadFile } from '../../src/cli/read-files.js';
import { InputError } from '../../src/diagnostic.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { Random } from '../compile/random.js';
import { made, randomText, readMarked, readWhole, residualOf, seen, small, written } from './marked.js';

/** `main.nft` with others beside it. */
function writtenWith(
  t: ExecutionContext,
  main: Uint8Array | string,
  others: Readonly<Record<string, Uint8Array | string>>,
): string {
  const file = written(t, main, 'main.nft');
  for (const [name, text] of Object.entries(others)) writeFileSync(join(dirname(file), name), text);
  return file;
}

const marksIn = (read: readonly ReadFile[]): number =>
  (readRuleset(read).ruleset.inputs[0]!.nft?.includes ?? [])
    .flatMap(({ files }) => files.map(({ of }) => of.text.split('\u0001').length >> 1))
    .reduce((sum, count) => sum + count, 0);

test.serial('lists in included files are not held as text, and are in the residual', (t) => {
  const file = writtenWith(t, `include "./more.nft"\ninclude "./sets/*.nft"\n`, { 'more.nft': small });
  t.is(marksIn(readMarked(file, 20, 16)), 3);
  for (const block of [1, 7, 64, 1000])
    for (const list of [0, 20, 60]) t.deepEqual(made(file, readMarked(file, list, block)), made(file, readWhole(file)));
});

test.serial('wherever an include stands, and however often, the same comes of it', (t) => {
  const list = '{ 192.0.2.1, 192.0.2.9, 198.51.100.0/24, 203.0.113.1-203.0.113.9, 10.0.0.1, 10.0.0.7 }';
  const set = (name: string, lines: string): string =>
    `set ${name} { type ipv4_addr; flags interval, timeout; ${lines} }\n`;
  const rules = 'ip saddr @s drop\nip saddr $six drop\nip saddr 192.0.2.77 drop\n';
  const others = {
    'define.nft': `define six = ${list}\n# a comment that makes it long enough for marks\n`,
    'elements.nft': `elements = ${list}\n# a comment that makes it long enough for marks\n`,
    'items.nft': `${set('s', `elements = ${list}`)}${set('r', 'include "./elements.nft"')}`,
    'rules.nft': `${rules}# a comment that makes it long enough for marks: elements = ${list}\n`,
    'table.nft': `table ip f {\n include "./items.nft"\n chain c { type filter hook input priority 0\n include "./rules.nft"\n}\n}\n`,
    'add.nft': `add element ip f s ${list.replaceAll('192.0.2', '192.0.3')}\nadd element ip f r ${list}\n`,
  };
  const mains = [
    'include "./define.nft"\ninclude "./table.nft"\ninclude "./add.nft"\n',
    'include "./define.nft"\ninclude "./table.nft"\ninclude "./add.nft"\ninclude "./add.nft"\n',
    `define six = ${list}\ninclude "./table.nft"\nadd element ip f s ${list}\ninclude "./add.nft"\n`,
    `${others['define.nft']}${others['table.nft']}${others['add.nft']}`,
    'include "./*.nft"\n',
    'include "./define.nft"\ninclude "./table.nft"\ninclude "./missing.nft"\n',
    'include "./define.nft"\ninclude "./table.nft"\n# \u00010\u0001\n',
  ];
  Object.assign(seen, { marked: 0, whole: 0 });
  for (const main of mains) {
    const file = writtenWith(t, main, others);
    const whole = made(file, readWhole(file));
    for (const [longest, block] of [
      [0, 10],
      [20, 50],
      [50, 1000],
    ] as const)
      t.deepEqual(made(file, readMarked(file, longest, block)), whole, main);
  }
  t.true(seen.marked > 5, JSON.stringify(seen));
});

test.serial('of random texts that include each other, right and wrong, the same comes', (t) => {
  const random = new Random(13);
  Object.assign(seen, { marked: 0, whole: 0 });
  let wrong = 0;
  for (let n = 0; n < 150; n++) {
    const include = random.pick([
      'include "./a.nft"',
      'include "./b.nft"\ninclude "./a.nft"',
      'include "./*.inc"',
      'include "./c.inc"',
    ]);
    const first = random.chance(0.5);
    const text = randomText(random);
    const main = Buffer.concat(first ? [Buffer.from(`${include}\n`), text] : [text, Buffer.from(`\n${include}\n`)]);
    const file = writtenWith(t, main, {
      'a.nft': randomText(random),
      'b.nft': Buffer.concat([randomText(random), Buffer.from(random.chance(0.5) ? '\ninclude "./a.nft"\n' : '\n')]),
      'c.inc': randomText(random),
    });
    const whole = made(file, readWhole(file));
    if (Array.isArray(whole)) wrong++;
    t.deepEqual(
      made(file, readMarked(file, random.pick([0, 20, 50]), random.pick([9, 40, 1000]))),
      whole,
      main.toString(),
    );
  }
  t.true(wrong > 20 && wrong < 140, `${wrong}`);
  t.true(seen.marked > 10, JSON.stringify(seen));
});

test.serial('an included file that was written to when the residual is written is refused', (t) => {
  const file = writtenWith(t, 'include "./more.nft"\n', { 'more.nft': small });
  const read = readMarked(file, 20, 16);
  const { ruleset } = readRuleset(read);
  appendFileSync(join(dirname(file), 'more.nft'), '\n');
  t.throws(() => residualOf(ruleset, read, `${file}.residual`), { instanceOf: InputError, message: /written to/ });
});
