/** The command as it is built: V8 takes what was compiled of it before, and it runs as well where there is none, or a wrong one. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { command, root } from '../command.js';

const built = dirname(command);

test('V8 has nothing to compile again', (t) => {
  const source = readFileSync(join(built, 'command.cjs'));
  t.true(
    source.every((byte) => byte < 0x80),
    'it is read as Latin-1',
  );
  // In a process that has no other options than the command's.
  const code = `const { readFileSync } = require('fs');
    const cachedData = readFileSync('command.cache');
    console.log(new (require('vm').Script)(readFileSync('command.cjs', 'latin1'), { cachedData }).cachedDataRejected);`;
  const rejected = execFileSync(process.execPath, ['-e', code], { cwd: built, encoding: 'utf8' });
  t.is(rejected, 'false\n');
});

test('what was compiled before is missing, cut short, or of another version', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ofl-launch-'));
  try {
    cpSync(join(root, 'package.json'), join(directory, 'package.json'));
    cpSync(built, join(directory, 'dist/command'), { recursive: true });
    const cache = join(directory, 'dist/command/command.cache');
    const rules = join(root, 'samples/web-server/rules.v4');
    const planned = (main: string): string => execFileSync(process.execPath, [main, rules], { encoding: 'utf8' });
    const expected = planned(command);
    t.regex(expected, /^Plan/);
    const here = join(directory, 'dist/command/main.js');
    t.is(planned(here), expected, 'as it was built');
    const bytes = readFileSync(cache);
    writeFileSync(
      cache,
      bytes.map((byte, i) => (i < 16 ? byte ^ 0xff : byte)),
    );
    t.is(planned(here), expected, 'of another version');
    writeFileSync(cache, bytes);
    truncateSync(cache, bytes.length / 2);
    t.is(planned(here), expected, 'cut short');
    rmSync(cache);
    t.is(planned(here), expected, 'missing');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
