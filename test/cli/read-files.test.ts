/** Long ipset dumps are read piece by piece, of files and of pipes: what comes of it is what comes of the whole. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Holding } from '../../src/host/long-text/long-text.js';
import { readFiles } from '../../src/cli/read-files.js';
import { InputError } from '../../src/diagnostic.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { Random } from '../compile/random.js';
import { asPipe } from './pipe.js';

const maxInput = 1 << 20;

function written(t: ExecutionContext, content: Uint8Array | string): string {
  const folder = mkdtempSync(join(tmpdir(), 'offload-read-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sets.save');
  writeFileSync(file, content);
  return file;
}

/** Files of more bytes are read in pieces of as many. */
const holding = (file: number): Holding => ({ whole: file, list: file, block: file, again: false });

/** All that comes of a file: sets, warnings, or what is wrong. */
function made(file: string, longest: number): unknown {
  try {
    const { read } = readFiles([file], maxInput, holding(longest));
    // A pipe is as old as its reading.
    const { ruleset, diagnostics } = readRuleset(read.map((one) => ({ ...one, takenAt: null })));
    return { sets: [...ruleset.sets], elements: ruleset.inputs.map(({ elements }) => elements), diagnostics };
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
}

/** Now and then with what a dump should not have. */
function randomDump(random: Random): Buffer {
  const end = random.chance(0.2) ? '\r\n' : '\n';
  const lines = ['create a hash:ip', 'create b hash:net comment', '# \u00e9', ''];
  for (let i = 0; i < random.between(1, 60); i++) {
    const address = `198.51.${random.below(4)}.${random.below(256)}`;
    lines.push(random.chance(0.7) ? `add a ${address}` : `add b ${address}/31 comment "caf\u00e9 ${i}"`);
    if (random.chance(0.05))
      lines.push(random.pick(['del a 198.51.0.1 -exist', 'flush b', 'add c 1.2.3.4', 'adds', 'add a "']));
  }
  const text = lines.join(end) + (random.chance(0.5) ? end : '');
  return Buffer.from(text, random.chance(0.2) ? 'latin1' : 'utf8');
}

test('in pieces of any length the same sets and the same errors come of it', (t) => {
  const random = new Random(5);
  let wrong = 0;
  for (let n = 0; n < 150; n++) {
    const file = written(t, randomDump(random));
    const whole = made(file, Infinity);
    if (Array.isArray(whole)) wrong++;
    for (const longest of [20, 33, 200, 1000]) t.deepEqual(made(file, longest), whole);
  }
  t.true(wrong > 10 && wrong < 140, `${wrong}`);
});

test.serial('by a pipe the same sets and the same errors come of it', (t) => {
  const random = new Random(6);
  for (let n = 0; n < 30; n++) {
    const file = written(t, randomDump(random));
    const whole = made(file, Infinity);
    const { size } = statSync(file);
    for (const longest of [33, size - 2, size - 1, size, size + 1].filter((one) => one > 0))
      t.deepEqual(
        asPipe(file, () => made(file, longest)),
        whole,
        `${longest} of ${size}`,
      );
  }
});

test.serial('of a pipe only the beginning is read at first, and what is too much is told when it comes', (t) => {
  const content = `create a hash:ip\n${'add a 192.0.2.1\n'.repeat(100)}`;
  const file = written(t, content);
  asPipe(file, () => {
    const [source] = readFiles([file], maxInput, holding(100)).read;
    t.is(source!.text, `create a hash:ip\n${'add a 192.0.2.1\n'.repeat(5)}`);
    t.is(source!.text + [...source!.rest!].join(''), content);
  });
  for (const most of [content.length - 1, content.length]) {
    asPipe(file, () => {
      const { rest } = readFiles([file], most, holding(100)).read[0]!;
      if (most === content.length) t.notThrows(() => [...rest!]);
      else t.throws(() => [...rest!], { instanceOf: InputError, message: /is more than/ });
    });
  }
});

test('only the beginning is read at first', (t) => {
  const file = written(t, `create a hash:ip\n${'add a 192.0.2.1\n'.repeat(100)}`);
  const [source] = readFiles([file], maxInput, holding(100)).read;
  t.is(source!.text, `create a hash:ip\n${'add a 192.0.2.1\n'.repeat(5)}`);
  t.is([...source!.rest!].join(''), 'add a 192.0.2.1\n'.repeat(95));
});

test('a line that is longer than a piece stays one', (t) => {
  const file = written(t, `create a hash:ip comment\nadd a 192.0.2.1 comment "${'x'.repeat(200)}"\nadd a 192.0.2.2\n`);
  t.deepEqual(made(file, 30), made(file, Infinity));
});

test('files that are written back, and short ones, are read whole', (t) => {
  const rules = written(t, `*filter\n:INPUT ACCEPT [0:0]\n${'-A INPUT -s 192.0.2.1 -j DROP\n'.repeat(50)}COMMIT\n`);
  const short = written(t, 'create a hash:ip\n');
  for (const { rest } of readFiles([rules, short], maxInput, holding(200)).read) t.is(rest, undefined);
});

test('a file that is written to, replaced or removed while it is read is refused', (t) => {
  const content = `create a hash:ip\n${'add a 192.0.2.1\n'.repeat(100)}`;
  const changes: ((file: string) => void)[] = [
    (file) => appendFileSync(file, 'add a 192.0.2.2\n'),
    (file) => {
      writeFileSync(`${file}.new`, content);
      renameSync(`${file}.new`, file);
    },
    (file) => rmSync(file),
  ];
  for (const change of changes) {
    for (const begun of [false, true]) {
      const file = written(t, content);
      const { rest } = readFiles([file], maxInput, holding(100)).read[0]!;
      const pieces = rest![Symbol.iterator]();
      if (begun) pieces.next();
      change(file);
      const read = (): void => {
        while (pieces.next().done !== true);
      };
      // One that is replaced or gone once it is open is read as it was.
      if (begun && change !== changes[0]) t.notThrows(read);
      else t.throws(read, { instanceOf: InputError });
    }
  }
});

test('what is too much is too much in pieces as well', (t) => {
  const file = written(t, `create a hash:ip\n${'add a 192.0.2.1\n'.repeat(100)}`);
  const error = t.throws(() => readFiles([file, file], 2000, holding(100)), { instanceOf: InputError });
  t.regex(error.diagnostics[0]!.message, /is more than/);
});
