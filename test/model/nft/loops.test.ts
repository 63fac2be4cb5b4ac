/** Chains that lead back to themselves: nft refuses those that packets would come to (nft_table_validate), and so does the reader. */
import test from 'ava';
import { InputError } from '../../../src/diagnostic.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';

const errorsOf = (chains: string): readonly string[] => {
  const text = `table ip t {\n${chains}\n}\n`;
  try {
    readRuleset([{ file: 'rules.nft', text, takenAt: null }]);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.diagnostics.map(({ span, message }) => `${span.line}:${span.column} ${message}`);
  }
};

const input = (rule: string): string => `chain input {\ntype filter hook input priority 0;\n${rule}\n}`;
const refused = (place: string, chain: string): string =>
  `${place} chain "${chain}" leads back to itself here; the kernel refuses such rules`;

test('a chain that jumps to itself', (t) => {
  t.deepEqual(errorsOf(`chain a {\njump a\n}\n${input('jump a')}`), [refused('3:1', 'a')]);
});

test('chains that go around, each of them in two ways', (t) => {
  const around = 'chain a {\nip saddr 192.0.2.1 jump b\njump b\n}\nchain b {\nip daddr 192.0.2.1 goto a\ngoto a\n}';
  t.deepEqual(errorsOf(`${around}\n${input('jump a')}`), [refused('7:20', 'a')]);
});

test('by a verdict map', (t) => {
  const map = 'chain a {\nip protocol vmap { tcp : jump a, udp : drop }\n}';
  t.deepEqual(errorsOf(`${map}\n${input('jump a')}`).length, 1);
});

test('not where no packet would come', (t) => {
  t.deepEqual(errorsOf(`chain a {\njump b\n}\nchain b {\njump a\n}\n${input('accept')}`), []);
});
