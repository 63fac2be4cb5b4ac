/** Edits by lines: what stands there is what edits of an array of lines make. */
import test from 'ava';
import { LineEdits } from '../../src/residual/line-edits.js';
import { Random } from '../compile/random.js';

test('as edits of an array of lines', (t) => {
  const random = new Random(3);
  for (let n = 0; n < 500; n++) {
    const newline = random.pick(['\n', '\n', '\r\n']);
    const lines = Array.from({ length: random.between(1, 12) }, (_, i) => random.pick(['', `line ${i}`, '# é']));
    const text = lines.join(newline);
    const edits = new LineEdits(text);
    const ended = text.split('\n');
    t.is(edits.count, ended.length);
    ended.forEach((line, i) => t.is(edits.line(i + 1), line));
    const end = text.includes('\r') ? '\r' : '';
    const before = ended.map((): Record<'first' | 'in-place' | 'last', string[]> => ({ 'first': [], 'in-place': [], 'last': [] })); // prettier-ignore
    // What a dump ends with stays.
    const removed = ended.map((_, i) => i < ended.length - 1 && random.chance(0.4));
    removed.forEach((is, i) => {
      if (is) edits.remove(i + 1);
    });
    for (let i = 0; i < random.below(8); i++) {
      const [at, where] = [random.below(ended.length), random.pick(['first', 'in-place', 'last'] as const)];
      const put = Array.from({ length: random.below(3) }, (_, j) => `put ${i} ${j}`);
      edits.insert(at + 1, where, put);
      before[at]![where].push(...put.map((line) => line + end));
    }
    const expected = ended.flatMap((line, i) => {
      const { first, last } = before[i]!;
      return [...first, ...before[i]!['in-place'], ...last, ...(removed[i] ? [] : [line])];
    });
    t.is([...edits.pieces()].join(''), expected.join('\n'));
  }
});
