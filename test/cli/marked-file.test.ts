/** Long nft files are read in pieces, and long lists of elements are no text: what comes of it, and what is written, is the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readFiles, type ReadFile } from '../../src/cli/read-files.js';
import { stageResidual } from '../../src/cli/residual-file.js';
import { planWithinLimits } from '../../src/compile/fit.js';
import { InputError } from '../../src/diagnostic.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { cutLists } from '../../src/parse/nft/cut-lists.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { Random } from '../compile/random.js';
import { asPipe } from './pipe.js';

function written(t: ExecutionContext, content: Uint8Array | string, name = 'rules.nft'): string {
  const folder = mkdtempSync(join(tmpdir(), 'offload-marked-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function residualOf(ruleset: Ruleset, read: readonly ReadFile[], target: string): string {
  const none = { prefixes: [], ports: [] };
  const options = { devices: ['eth0'], facts: null, strict: false, allow: none, conntrack: true };
  stageResidual(target, residualTexts(planWithinLimits(ruleset, options).plan), read).commit();
  return readFileSync(target, 'latin1');
}

/** How the files were read in the end. */
const seen = { marked: 0, whole: 0 };

/** All that comes of a file: the ruleset, warnings and the residual, or what is wrong. */
function made(file: string, read: readonly ReadFile[]): unknown {
  try {
    // A pipe is as old as its reading.
    const { ruleset, diagnostics } = readRuleset(read.map((one) => ({ ...one, takenAt: null })));
    seen[ruleset.inputs.some(({ isMarked }) => isMarked) ? 'marked' : 'whole']++;
    const tables = ruleset.tables.map(({ chains, family, name, span }) => {
      const rules = [...chains.values()].map((chain) =>
        chain.rules.map(({ id, span, text, parts }) => ({ id, span, text, parts })),
      );
      return { family, name, span, rules };
    });
    const inputs = ruleset.inputs.map(({ rules, sets, elements }) => ({ rules, sets, elements }));
    return {
      tables,
      sets: [...ruleset.sets],
      inputs,
      diagnostics,
      residual: residualOf(ruleset, read, `${file}.residual`),
    };
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
}

const readWhole = (file: string): readonly ReadFile[] => readFiles([file], 1 << 20).read;
const readMarked = (file: string, list: number, block: number): readonly ReadFile[] =>
  readFiles([file], 1 << 20, { whole: 64, list, block, again: true }).read;

const elements =
  '192.0.2.1, 192.0.2.8/30,\n\t\t\t198.51.100.1-198.51.100.9 , 203.0.113.0/24 timeout 1h expires 5m,\r\n 10.0.0.1';
const small = `# elements = { 1.1.1.1, 2.2.2.2 }
define six = { 2001:db8::1, 2001:db8::2-2001:db8::5 }
table ip f {
\tset bad { type ipv4_addr; flags interval, timeout; elements = { ${elements} } ; comment "elements = { 9.9.9.9, 8.8.8.8 } # \u00e9"
\t} # "
\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t\tip saddr @bad drop
\t\tip saddr { 192.0.2.77, 192.0.2.79 } tcp dport 22 drop # \u00e9
\t\tip daddr 192.0.2.1 accept
\t}
}
table ip6 g { set s { type ipv6_addr; elements = $six }
\tchain c { type filter hook input priority 0; ip6 saddr @s drop; }
}
add element ip f bad { 192.0.2.99, 192.0.2.101, }
`;

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

/** With what is not plain, what is wrong, and what only looks like a list. */
function randomText(random: Random): Buffer {
  const quad = (): string => `198.51.${random.below(3)}.${random.below(256)}`;
  const blank = (): string => random.pick([' ', '', '\n\t', '\r\n ', ' \t']);
  const strange = [
    '1.2.3.4 comment "}"',
    '# x, y\n 1.2.3.4',
    '22',
    '::1',
    '$x',
    '1.2.3.256',
    '1.2.3.4 counter',
    '{ }',
    '\u0001',
    '',
  ];
  const element = (): string =>
    random.chance(0.01) ? random.pick(strange) : random.pick([quad(), `${quad()}/31`, `${quad()} timeout 5m`]);
  const list = (): string =>
    `{${blank()}${Array.from({ length: random.between(1, 12) }, () => `${element()}${blank()}`).join(`,${blank()}`)}}`;
  const lines = [
    (): string => `table ip f {\n\tset s {\n\t\ttype ipv4_addr; flags interval, timeout; elements = ${list()}\n\t}\n}`,
    (): string =>
      `table ip f {\n\tset s${random.below(3)} { type ipv4_addr; flags interval, timeout\n elements = ${list()}; }\n}`,
    (): string =>
      `table ip f { chain c { type filter hook input priority 0; ip saddr @s drop; ip saddr ${list()} drop\n}\n}`,
    (): string => `add element ip f s ${list()}`,
    (): string => `define x = ${list()}`,
    (): string => `# elements = ${list()}`,
    (): string => `table ip f { comment "elements = ${list()}"; }`,
    (): string => `table ip f { elements = ${list()} }`,
    (): string => `table ip f { set s { what elements = ${list()} ; } }`,
    (): string => `table ip f { chain c { jump c; } }`,
    (): string => '# caf\u00e9 "',
    (): string => 'add element ip f s {',
  ];
  const last = random.chance(0.8) ? 7 : lines.length;
  const text = Array.from({ length: random.between(1, 8) }, () => lines[random.below(last)]!()).join('\n');
  const head = `table ip f { set s { type ipv4_addr; flags interval, timeout; } }\n`;
  return Buffer.from(head + text, random.chance(0.2) ? 'latin1' : 'utf8');
}

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

test.serial('where there is no place for what comes by a pipe, it is said what to do', (t) => {
  const file = written(t, small);
  withTemporary(t, '/proc/nothing');
  t.throws(() => asPipe(file, () => readMarked(file, 20, 40)), {
    instanceOf: InputError,
    message: /kept in a file while it is read, and \/proc\/nothing takes none \(ENOENT\): let TMPDIR name a directory/,
  });
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
