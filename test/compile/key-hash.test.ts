/** Ban lists are filled by those who get banned: addresses that somebody chose for their hash find a place all the same. */
import test from 'ava';
import { seedAt, hashPrefix } from '../../src/compile/key-hash.js';
import { scale } from '../../src/compile/address-hash.js';
import { compilePrefilter } from '../../src/compile/compile.js';
import { planText } from '../plan/plan-text.js';
import { Random } from './random.js';

const words = (low: readonly [number, number]): string =>
  low.map((word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(':');

const inverse = (x: number): number => {
  let y = x;
  for (let i = 0; i < 5; i++) y = Math.imul(y, 2 - Math.imul(x, y));
  return y;
};

/** Last words of which a sum of products by these factors is always the same. */
const ofOneSum = (count: number, [c, d]: readonly [number, number]): (readonly [number, number])[] =>
  Array.from({ length: count }, (_, i) => {
    const third = 0x10000000 + i * 7919;
    return [third, Math.imul((12345 - Math.imul(third, c)) | 0, inverse(d))];
  });

/** Last words with which addresses of 2001:db8:0:1::/64 would have neighbouring places under the first two seeds. */
function neighbours(count: number, buckets: number): (readonly [number, number])[] {
  const random = new Random(5);
  const found: (readonly [number, number])[] = [];
  while (found.length < count) {
    const low = [random.below(2 ** 32), random.below(2 ** 32)] as const;
    const isNear = [1, 2].every((n) => scale(hashPrefix(0x20010db8, 1, ...low, 129, seedAt(n)), buckets) < 3);
    if (isNear) found.push(low);
  }
  return found;
}

const lines = (lows: readonly (readonly [number, number])[], match: (i: number) => string): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n${lows.map((low, i) => `-A INPUT -s 2001:db8:0:1:${words(low)}/128${match(i)} -j DROP`).join('\n')}\nCOMMIT\n`;

function bytesOf(text: string): number {
  const { prefilter } = planText('', { files: { 'rules.v6': text } });
  return compilePrefilter(prefilter).structures.reduce((sum, { bytes }) => sum + bytes, 0);
}

const kinds: readonly (readonly [string, (i: number) => string])[] = [
  ['addresses', () => ''],
  ['addresses and ports', (i) => ` -p tcp -m tcp --dport ${1000 + (i % 40)}`],
];

for (const [kind, match] of kinds)
  test(`${kind} of one hash take no more room than others`, (t) => {
    const random = new Random(7);
    const others = Array.from({ length: 600 }, () => [random.below(2 ** 32), random.below(2 ** 32)] as const);
    const usual = bytesOf(lines(others, match));
    const sums = ([0x27d4eb2f, 0x27d4eb4f] as const).map((last) => ofOneSum(600, [0xc2b2ae3d, last]));
    for (const [name, chosen] of [
      ...sums.map((sum) => ['one sum', sum] as const),
      ['near under two seeds', neighbours(600, Math.ceil((600 * 1.7) / 3))] as const,
    ])
      t.true(bytesOf(lines(chosen, match)) <= 3 * usual, `${name}: ${bytesOf(lines(chosen, match))}, usually ${usual}`);
  });
