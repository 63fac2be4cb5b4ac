import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { possibleCpus } from '../../src/host/possible-cpus.js';
import { loadNative } from '../../src/load/native.js';

test('as the kernel writes them', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'offload-cpus-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'possible');
  const of = (text: string): number => {
    writeFileSync(file, text);
    return possibleCpus(file);
  };
  t.deepEqual(['0\n', '0-7\n', '0,2-3\n', '0-3,8-11\n', '', 'x\n'].map(of), [1, 8, 3, 8, 1, 1]);
  t.is(possibleCpus(join(directory, 'none')), 1);
});

test('of this host: as many as libbpf counts', (t) => {
  t.is(possibleCpus(), loadNative().possibleCpus());
});
