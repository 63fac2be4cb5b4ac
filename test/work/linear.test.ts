/** No quadratic path: whatever grows, twice as much of it is at most twice the work and a logarithm more, in every function of the pipeline. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { SourceText } from '../../src/model/read-ruleset.js';
import { growingFaster, workOf } from './count-work.js';
import { address, times, type Grow } from './grow.js';
import { iptablesRulesets } from './iptables-rulesets.js';
import { jsonRulesets, nftRulesets } from './nft-rulesets.js';

const size = 80;

const filesOf = (grow: Grow, n: number): SourceText[] =>
  Object.entries(grow).map(([file, make]) => ({ file, text: make(n), takenAt: Date.UTC(2026, 0) }));

const suites = { iptables: iptablesRulesets, nft: nftRulesets, 'nft JSON': jsonRulesets };
for (const [dialect, rulesets] of Object.entries(suites)) {
  for (const [name, grow] of Object.entries(rulesets)) {
    test.serial(`${dialect}: ${name}`, (t) => {
      // What is made once for all is made here.
      workOf(filesOf(grow, 5));
      const [once, twice, fourTimes] = [1, 2, 4].map((times) => workOf(filesOf(grow, times * size)));
      t.deepEqual(growingFaster(size, [once!, twice!, fourTimes!]), []);
    });
  }
}

test.serial('nft: included files', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'offload-work-'));
  try {
    const run = (n: number): ReturnType<typeof workOf> => {
      for (let i = 0; i < n; i++)
        writeFileSync(join(directory, `${i}.nft`), `add rule ip f input ip saddr ${address(i)} drop\n`);
      const text = `add table ip f\nadd chain ip f input { type filter hook input priority 0; }\n${times(n, (i) => `include "${i}.nft"\n`)}`;
      return workOf([{ file: join(directory, 'main'), text, takenAt: null }]);
    };
    run(5);
    t.deepEqual(growingFaster(size, [run(size), run(2 * size), run(4 * size)]), []);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.serial('something quadratic is seen', (t) => {
  // Each `-D` looks from the first rule on for one that is written like it.
  const backwards = (n: number): string =>
    `*filter\n:INPUT ACCEPT [0:0]\n${times(n, (i) => `-A INPUT -s ${address(i)} -j DROP\n`)}${times(n, (i) => `-D INPUT -s ${address(n - 1 - i)} -j DROP\n`)}COMMIT\n`;
  const run = (n: number): ReturnType<typeof workOf> => workOf([{ file: 'r.v4', text: backwards(n), takenAt: null }]);
  t.true(
    [...run(5).keys()].some((name) => name.includes(' readRuleset@')),
    'the sources are counted',
  );
  t.not(growingFaster(size, [run(size), run(2 * size), run(4 * size)]).length, 0);
});
