/** What stays in netfilter is written in pieces, and is the text as a whole. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { stageResidual } from '../../src/cli/residual-file.js';

const piece = 2 ** 22;
const texts: Readonly<Record<string, string>> = {
  'nothing': '',
  'one piece': 'a'.repeat(piece),
  'several': 'abc\n'.repeat(piece),
  'a character of two halves where a piece ends': `${'a'.repeat(piece - 1)}😀${'b'.repeat(piece - 1)}😀`,
}; // prettier-ignore

for (const [title, text] of Object.entries(texts))
  test(title, (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'offload-residual-'));
    try {
      const target = join(directory, 'rules.nft');
      const input = { file: 'input.nft', format: 'nft' as const, text, rules: 0, sets: 0, elements: 0, takenAt: null };
      const read = [{ file: 'input.nft', text, encoding: 'utf8' as const, takenAt: 0 }];
      stageResidual(target, [{ input, text, pieces: () => [text] }], read).commit();
      t.is(readFileSync(target, 'utf8'), text);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
