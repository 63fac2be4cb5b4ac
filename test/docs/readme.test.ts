/** The README shows exactly what its first command prints: UPDATE_GOLDEN=1 rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { offload, root } from '../samples/sample-runs.js';

const file = join(root, 'README.md');
const command = /^\.\/setup && bin\/offload (.*)$/m;
const example = /(<!-- example -->\n\n```text\n)([^]*?)(```\n)/;

test('the example is what the command prints', (t) => {
  const readme = readFileSync(file, 'utf8');
  const args = command.exec(readme)?.[1]?.split(' ') ?? [];
  const { status, stdout, stderr } = offload(args);
  t.is(status, 0, stderr);
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    writeFileSync(
      file,
      readme.replace(example, (_, before: string, _old: string, after: string) => before + stdout + after),
    );
  }
  t.is(example.exec(readFileSync(file, 'utf8'))?.[2], stdout);
});

test('there are two commands, and both are there', (t) => {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/```sh\n([^]*?)```/g)].map(([, text]) => text);
  t.deepEqual(
    blocks.map((text) => text?.split(' ')[0]?.trim()),
    ['./setup', './run-tests'],
  );
});
