import test from 'ava';
import fc from 'fast-check';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { fastLane } from '../../../src/parse/nft/read-set.js';
import type { ElementColumns, SetExpression } from '../../../src/parse/nft/tree.js';
import { withoutPlaces } from './without-places.js';

function read(elements: string, fast: boolean): SetExpression {
  fastLane.enabled = fast;
  try {
    const [command] = parseNft(`define x = ${elements}\n`, 'x.nft').commands;
    if (command?.kind !== 'define' || command.value.kind !== 'set') throw new Error('no set');
    return command.value;
  } finally {
    fastLane.enabled = true;
  }
}

function columns(elements: string): ElementColumns {
  const set = read(elements, true);
  if (!set.columns) throw new Error('no columns');
  return set.columns;
}

test.serial('addresses, prefixes and ranges become columns', (t) => {
  const { type, count, lo, hi, form, timeout } = columns('{ 1.2.3.4, 10.0.0.0/8, 192.0.2.1-192.0.2.9, 10.1.2.3/24 }');
  t.is(type, 'ipv4');
  t.is(count, 4);
  t.deepEqual([...lo], [0x01020304, 0x0a000000, 0xc0000201, 0x0a010203]);
  t.deepEqual([...hi], [0x01020304, 0x0affffff, 0xc0000209, 0x0a0102ff]);
  t.deepEqual([...form], [255, 8, 254, 24]);
  t.is(timeout, null);
});

test.serial('IPv6 takes four words, most significant first', (t) => {
  const { type, lo, hi, form } = columns('{ 2001:db8::/33, ::1, fe80::1-fe80::ff, ::ffff:1.2.3.4 }');
  t.is(type, 'ipv6');
  t.deepEqual([...lo.subarray(0, 8)], [0x20010db8, 0, 0, 0, 0, 0, 0, 1]);
  t.deepEqual([...hi.subarray(0, 4)], [0x20010db8, 0x7fffffff, 0xffffffff, 0xffffffff]);
  t.deepEqual([...lo.subarray(12)], [0, 0, 0xffff, 0x01020304]);
  t.deepEqual([...form], [33, 255, 254, 255]);
});

test.serial('numbers up to 2^32 - 1, hexadecimal too', (t) => {
  const { type, lo, hi } = columns('{ 22, 80-90, 0x1f, 4294967295 }');
  t.is(type, 'number');
  t.deepEqual([...lo], [22, 80, 31, 0xffffffff]);
  t.deepEqual([...hi], [22, 90, 31, 0xffffffff]);
});

test.serial('timeout and expires are columns of milliseconds', (t) => {
  const { timeout, expires } = columns('{ 1.1.1.1 timeout 1h expires 59m1s2ms, 2.2.2.2, 3.3.3.3 expires 5s }');
  t.deepEqual([...timeout!], [3_600_000, NaN, NaN]);
  t.deepEqual([...expires!], [3_541_002, NaN, 5000]);
});

const plain: readonly string[] = [
  '{ }',
  '{ 1.2.3.4 }',
  '{ 1.2.3.4, }',
  '{\n\t1.2.3.4, # home\n\t5.6.7.8/24 }',
  '{ 1.2.3.4 , 5.6.7.8 - 5.6.7.9 }',
  '{ 1.2.3.4 / 24 }',
  '{ 1.2.3.4 timeout 5m, 1.2.3.5 }',
  '{ ::1, ::, 1::/16 }',
  '{ 1, 2, 3-4 }',
];
const notPlain: readonly string[] = [
  '{ 1.2.3.4, 22 }',
  '{ 1.2.3.4, ::1 }',
  '{ 022 }', // octal
  '{ 1.2.3.4 comment "x" }',
  '{ 1.2.3.4 counter packets 1 bytes 2 }',
  '{ 1.2.3.4 : drop }',
  '{ 22:drop }',
  '{ 1.2.3.4 . 22 }',
  '{ ssh, 22 }',
  '{ 00:11:22:33:44:55 }',
  '{ 4294967296 }',
  '{ 1:2 , 3:4 }',
  '{ 1.2.3.4/33 }',
  '{ 256.1.1.1 }',
  '{ * }',
  '{ "eth0" }',
  '{ $a, 1.2.3.4 }',
  '{ { 1, 2 }, 3 }',
];

for (const text of [...plain, ...notPlain]) {
  test.serial(`fast lane and grammar agree on ${JSON.stringify(text)}`, (t) => {
    const fast = read(text, true);
    t.deepEqual(withoutPlaces(fast), withoutPlaces(read(text, false)));
    t.is(fast.columns !== null, plain.includes(text) && text !== '{ }');
    t.true(fast.columns === null || fast.elements.length === 0);
  });
}

test.serial('fast lane and grammar agree on any elements', (t) => {
  const value = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.nat(70_000).map(String),
    fc.constantFrom('ssh', '0x10', '010', '1h', '1.2.3', '*', '::', '1:2'),
  );
  const tail = fc.constantFrom(
    '',
    '',
    '/8',
    '-9.9.9.9',
    '-99999',
    ' timeout 1m',
    ' expires 2s',
    ' comment "c"',
    ' : drop',
    ' . 5',
  );
  const blank = fc.constantFrom(' ', '', '\n\t', ' # note\n');
  const element = fc.tuple(value, tail, blank).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), (elements) => {
      const text = `{ ${elements.join(', ')} }`;
      t.deepEqual(withoutPlaces(read(text, true)), withoutPlaces(read(text, false)), text);
    }),
    { numRuns: 400, seed: 7 },
  );
});

test.serial('places after a set are right, however it was read', (t) => {
  const text =
    'table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 1.2.3.4,\n\t\t\t     5.6.7.8 }\n\t}\n\tchain c {\n\t\tdrop\n\t}\n}\n';
  const spans = [true, false].map((fast) => {
    fastLane.enabled = fast;
    const [table] = parseNft(text, 'x.nft').commands;
    const chain = table?.kind === 'table' ? table.items?.[1] : undefined;
    return chain?.kind === 'chain' ? chain.items[0]?.span : null;
  });
  fastLane.enabled = true;
  t.deepEqual(spans[0], { file: 'x.nft', line: 8, column: 3 });
  t.deepEqual(spans[1], spans[0]);
});
