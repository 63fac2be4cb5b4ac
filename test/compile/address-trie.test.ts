/** A trie answers every address as the ranges that it is made of. */
import test from 'ava';
import { trieBlock, trieEnded } from '../../src/compile/abi.js';
import { addressTable, withTrie, type AddressTable } from '../../src/compile/address-table.js';
import { addressTrie, type AddressTrie } from '../../src/compile/address-trie.js';
import { crossovers } from '../../src/compile/crossovers.js';
import { labelAt } from '../../src/compile/small-table.js';
import type { LabelledRanges } from '../../src/compile/sweep.js';
import { Random } from './random.js';

/** As the program looks it up: a cell of each level, the first one of all where there is no more to ask. */
function lookUp({ root, blocks, labels }: AddressTrie, address: number): number {
  const below = (cell: number, bits: number): number =>
    blocks[cell < trieEnded ? 0 : (cell - trieEnded) * trieBlock + (bits % trieBlock)]!;
  const first = root[address >>> 16]!;
  const next = below(first, address >>> 8);
  const last = below(next, address);
  const answer = [first, next].reduce((sum, cell) => sum | (cell < trieEnded ? cell : 0), last);
  return labels === null ? answer : labels[answer]!;
}

function randomRanges(random: Random, count: number, labelOf: () => number): LabelledRanges {
  const starts = new Set([0]);
  const bases = Array.from({ length: 8 }, () => random.word());
  while (starts.size < count) {
    const length = random.between(1, 32);
    const base = random.chance(0.7) ? random.pick(bases) ^ random.below(2 ** random.between(1, 20)) : random.word();
    starts.add(((base >>> 0) & (length === 0 ? 0 : -(2 ** (32 - length)))) >>> 0);
  }
  const sorted = Uint32Array.from(starts).sort();
  return { count, starts: sorted, labels: sorted.map(labelOf) };
}

test('answers as the ranges do', (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
  const random = new Random(seed);
  for (let round = 0; round < 30; round++) {
    const isWide = random.chance(0.5);
    const labelOf = (): number => (isWide ? random.pick([1, 2, 0xffffffff, random.word()]) : random.below(trieEnded));
    const ranges = randomRanges(random, crossovers.trieFrom + random.below(400), labelOf);
    const trie = addressTrie(ranges, crossovers.trieBytes);
    if (trie === null) continue;
    t.is(
      trie.labels !== null,
      ranges.labels.some((label) => label >= trieEnded),
    );
    const addresses = [...ranges.starts].flatMap((start) => [start, start - 1, start + 1]).map((each) => each >>> 0);
    for (let i = 0; i < 200; i++) addresses.push(random.word());
    const wrong = addresses.find((address) => lookUp(trie, address) !== labelAt(ranges, address));
    if (wrong !== undefined) return void t.fail(`seed ${seed}, round ${round}: ${wrong}`);
  }
  t.pass();
});

test('there is none of few ranges, nor of so many that no cache holds it', (t) => {
  const spread = (count: number): LabelledRanges => ({
    count,
    starts: Uint32Array.from({ length: count }, (_, i) => (i === 0 ? 0 : i * 2 ** 17 + 1)),
    labels: Uint32Array.from({ length: count }, (_, i) => i),
  });
  t.is(addressTrie(spread(crossovers.trieFrom - 1), crossovers.trieBytes), null);
  t.not(addressTrie(spread(crossovers.trieFrom), crossovers.trieBytes), null);
  t.is(addressTrie(spread(5000), crossovers.trieBytes), null);
});

test('a larger one takes the place of a search of many halvings', (t) => {
  /** Networks apart, and single addresses close together. */
  const ranges = (close: number): LabelledRanges => {
    const apart = Array.from({ length: 1200 }, (_, i) => (i === 0 ? 0 : i * 2 ** 17 + 4096));
    const starts = Uint32Array.from([...apart, ...Array.from({ length: close }, (_, i) => 2 ** 31 + i * 10)]);
    return { count: starts.length, starts: starts.sort(), labels: starts.map((_, i) => i) };
  };
  const found = (close: number): AddressTable => withTrie(addressTable(ranges(close), 0, null), ranges(close));
  t.is(found(10).trie, null);
  const { trie, ranges: searched } = found(400);
  t.true(trie!.blocks.byteLength > crossovers.trieBytes - trie!.root.byteLength);
  t.is(searched, null);
});
