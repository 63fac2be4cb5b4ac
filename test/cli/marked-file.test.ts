/** Long nft files are read in pieces, and long lists of elements are no text: what comes of it, and what is written, is the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { InputError } from '../../src/diagnostic.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { cutLists } from '../../src/parse/nft/cut-lists.js';
import { Random } from '../compile/random.js';
import { made, randomText, readMarked, readWhole, residualOf, seen, small, written } from './marked.js';
import { asPipe } from './pipe.js';

test('cut at any place, the same lists and the same text are found', (t) => {
  const bytes = Buffer.from(small);
  const whole = JSON.stringify(cutLists([bytes], 10));
  for (let at = 0; at <= bytes.length; at++)
    t.is(JSON.stringify(cutLists([bytes.subarray(0, at), bytes.subarray(at)], 10)), whole, `${at}`);
  const bits = Array.from(bytes, (byte) => Buffer.from([byte]));
  t.is(JSON.stringify(cutLists(bits, 10)), whole);
});

test.serial('in blocks of any length the same ruleset, warnings and residual come of it', (t) => {
  const file = written(t, small);
  const whole = made(file, readWhole(file));
  t.regex((whole as { residual: string }).residual, /jump offload_c_1/);
  for (const block of [1, 2, 3, 5, 7, 16, 64, 100, 1000]) {
    for (const list of [0, 20, 60]) t.deepEqual(made(file, readMarked(file, list, block)), whole, `${block} ${list}`);
  }
  t.is(readMarked(file, 20, 7)[0]!.marked!.takeLists()!.length, 3);
});

test.serial('of random texts, right and wrong, the same comes', (t) => {
  const random = new Random(11);
  Object.assign(seen, { marked: 0, whole: 0 });
  let wrong = 0;
  for (let n = 0; n < 400; n++) {
    const file = written(t, randomText(random));
    const whole = made(file, readWhole(file));
    if (Array.isArray(whole)) wrong++;
    for (const block of [9, 40, 1000]) {
      const read = readMarked(file, random.pick([0, 20, 50]), block);
      t.deepEqual(made(file, read), whole, readFileSync(file, 'utf8'));
    }
  }
  t.true(wrong > 40 && wrong < 360, `${wrong}`);
  t.true(seen.marked > 100, JSON.stringify(seen));
});

/** With another directory for temporary files. */
function withTemporary(t: ExecutionContext, directory: string): void {
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = directory;
  t.teardown(() => {
    delete process.env['TMPDIR'];
    if (TMPDIR !== undefined) process.env['TMPDIR'] = TMPDIR;
  });
}

test.serial('by a pipe the same comes of right and wrong texts, and nothing is left of what was written down', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'offload-marked-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  withTemporary(t, directory);
  const random = new Random(12);
  Object.assign(seen, { marked: 0, whole: 0 });
  for (let n = 0; n < 40; n++) {
    const file = written(t, n === 0 ? small : randomText(random));
    const whole = made(file, readWhole(file));
    const list = random.pick([0, 20, 50]);
    const read = asPipe(file, () => readMarked(file, list, 40));
    t.deepEqual(
      readdirSync(directory).filter((name) => /^offload-[0-9a-f]+$/.test(name)),
      [],
    );
    t.deepEqual(made(file, read), whole, readFileSync(file, 'utf8'));
  }
  t.true(seen.marked > 10, JSON.stringify(seen));
});

test.serial('where there is no place for what comes by a pipe, it is held', (t) => {
  const file = written(t, small);
  const whole = made(file, readWhole(file));
  withTemporary(t, '/proc/nothing');
  Object.assign(seen, { marked: 0, whole: 0 });
  t.deepEqual(
    made(
      file,
      asPipe(file, () => readMarked(file, 20, 40)),
    ),
    whole,
  );
  t.is(seen.marked, 0);
});

test.serial('a file that is another one when the residual is written is refused, even if it looks the same', (t) => {
  const changes: ((file: string) => void)[] = [
    (file) => rmSync(file),
    (file) => writeFileSync(file, `${small}\n`),
    (file) => {
      const { atime, mtime } = statSync(file);
      writeFileSync(file, small.replace('192.0.2.8/30', '192.0.2.4/30'));
      utimesSync(file, atime, mtime);
    },
  ];
  for (const change of changes) {
    const file = written(t, small);
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    const read = readMarked(file, 20, 16);
    const { ruleset } = readRuleset(read);
    t.true(ruleset.inputs[0]!.isMarked);
    change(file);
    t.throws(() => residualOf(ruleset, read, `${file}.residual`), {
      instanceOf: InputError,
      message: /written to|no such file/,
    });
    t.throws(() => statSync(`${file}.residual`));
  }
});

test.serial('a mark in a comment of an included file is a comment', (t) => {
  const file = written(t, `include "./more.nft"\n${small}`);
  const more = 'table ip f {\n\tchain input {\n\t\tip saddr 192.0.2.200 drop\n\t\t# \u00010\u0001\n\t}\n}\n';
  writeFileSync(join(file, '../more.nft'), more);
  t.deepEqual(made(file, readMarked(file, 30, 64)), made(file, readWhole(file)));
});

test('text without end of what is not plain is read in linear time', (t) => {
  for (const text of ['elements = {', 'elements = { 1.2.3.4, ', '{', 'elements = { 1.1.1.1 ']) {
    const bytes = Buffer.from(text.repeat(20_000));
    const pieces = Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, i) =>
      bytes.subarray(i * 8192, i * 8192 + 8192),
    );
    const cut = cutLists(pieces, 1000);
    t.true(cut === null || cut.lists.length === 0);
  }
});
