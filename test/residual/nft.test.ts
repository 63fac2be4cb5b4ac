/** The nft text that stays: verbatim but for full rules, which are held for other devices. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { nftCases } from './nft-cases.js';
import { residualOf, writeFiles } from './nft-residual.js';

for (const { title, text, devices = ['eth0'], files = {}, expected } of nftCases) {
  test(title, (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'offload-residual-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    writeFiles(directory, files);
    t.is(residualOf(text, devices, directory), expected);
    t.is(residualOf(expected, devices, directory), expected, 'the residual of the residual');
  });
}
