import test from 'ava';
import { parsePiece, work } from '../../../src/parse/nft/grammar.js';
import { TokenReader, type Token } from '../../../src/parse/nft/lexer.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { listings } from './corpus-files.js';

/** Work that a text costs, in steps. */
function cost(text: string): { tokens: number; steps: number; parses: number } {
  Object.assign(work, { parses: 0, steps: 0, tokens: 0 });
  parseNft(text, 'x.nft');
  return { ...work };
}

const rules = (n: number): string =>
  `table ip t {\n\tchain c {\n${Array.from(
    { length: n },
    (_, i) =>
      `\t\tip saddr 10.0.${i >> 8}.${i & 255} tcp dport { ${i}, ssh } counter packets ${i} bytes 0 jump c${i} comment "rule ${i}"\n`,
  ).join('')}\t}\n}\n`;
const elements = (n: number): string =>
  `define x = { ${Array.from({ length: n }, (_, i) => `10.0.${i >> 8}.${i & 255} : jump c${i}`).join(', ')} }\n`;
const plain = (n: number): string =>
  `define x = { ${Array.from({ length: n }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(', ')} }\n`;

for (const [name, make] of [
  ['rules', rules],
  ['elements', elements],
] as const) {
  test.serial(`twice as many ${name} are twice the work`, (t) => {
    cost(make(2));
    const once = cost(make(500));
    const twice = cost(make(1000));
    t.is(once.parses, 0, 'shapes are parsed once');
    t.is(twice.parses, 0);
    t.true(twice.steps <= 2 * once.steps + 10, `${once.steps} to ${twice.steps}`);
    t.true(twice.tokens <= 2 * once.tokens + 10);
  });
}

test.serial('plain elements cost no tokens', (t) => {
  t.is(cost(plain(10)).tokens, cost(plain(1000)).tokens);
});

test.serial('a long list without braces is linear', (t) => {
  const list = (n: number): string => `define x = ${Array.from({ length: n }, (_, i) => `w${i}`).join(', ')}\n`;
  const once = cost(list(200));
  const twice = cost(list(400));
  t.true(twice.steps <= 2 * once.steps + 10);
});

/** Rules of a listing as tokens: lines that hold no brace. */
function* simpleRules(): Generator<Token[]> {
  for (const { text, name } of listings()) {
    for (const line of text.split('\n')) {
      if (/[{}"]/.test(line) || line.trim() === '') continue;
      const reader = new TokenReader(line, name);
      const tokens: Token[] = [];
      for (let token = reader.next(); token.type !== 'eof'; token = reader.next()) tokens.push(token);
      if (tokens.length > 0 && tokens.every(({ type, text: word }) => type !== 'bad' && word !== ';')) yield tokens;
    }
  }
}

test.serial('a remembered derivation gives what parsing anew gives', (t) => {
  let compared = 0;
  for (const tokens of simpleRules()) {
    if (compared >= 3000) break;
    const anew = parsePiece('rule', tokens, false);
    const remembered = parsePiece('rule', tokens);
    t.deepEqual('node' in remembered ? remembered.node : null, 'node' in anew ? anew.node : null);
    compared++;
  }
  t.true(compared > 500);
});
