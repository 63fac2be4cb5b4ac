/** More ends at one place than the program follows: whoever does not fit expires early, never late. */
import test from 'ava';
import { OpenEntries } from '../../src/compile/open-entries.js';

const staged = (expires: readonly number[]): [number, readonly number[]][] => {
  const open = new OpenEntries(Uint32Array.from(expires));
  expires.forEach((_, entry) => {
    open.start(entry);
  });
  return open.stages().map(({ end, entries }) => [end, entries]);
};

test('entries by their ends, soonest first', (t) => {
  t.deepEqual(staged([30, 10, 30]), [
    [10, [1]],
    [30, [0, 2]],
  ]);
});

test('of nine and more ends the seven soonest and the latest stay', (t) => {
  const ends = Array.from({ length: 12 }, (_, i) => 100 + i);
  const stages = staged(ends);
  t.deepEqual(
    stages.map(([end]) => end),
    [100, 101, 102, 103, 104, 105, 106, 111],
  );
  t.deepEqual(stages[6]?.[1], [6, 7, 8, 9, 10]);
  for (const [end, entries] of stages) for (const entry of entries) t.true(end <= (ends[entry] ?? 0));
});

test('beyond 1,024 entries at one place nothing is looked at', (t) => {
  t.is(
    staged(new Array<number>(2000).fill(7)).reduce((sum, [, entries]) => sum + entries.length, 0),
    1024,
  );
});
