/** The samples, which are rulesets as machines have them: the plan's steps and what stays against the oracle. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { HostFacts } from '../../src/model/host.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { facts } from '../oracle/rulesets.js';
import { checkFrames } from './check-frames.js';

const samples = join(import.meta.dirname, '../../samples');

function readSample(name: string): ReturnType<typeof readRuleset>['ruleset'] {
  const inputs = readdirSync(join(samples, name)).filter((file) => /^(rules\..*|.*\.save|ruleset\.nft)$/.test(file));
  return readRuleset(
    inputs.map((input) => {
      const file = join(samples, name, input);
      return { file, text: readFileSync(file, 'utf8'), takenAt: null };
    }),
  ).ruleset;
}

const host: HostFacts = { ...facts, localRoutes: facts.localRoutes.filter(({ table }) => table === 255) };

const cases = [
  { kind: 'a host', forwarding: false, conntrack: false },
  { kind: 'a router, asking conntrack', forwarding: true, conntrack: true },
  { kind: 'forwarding or not', forwarding: null, conntrack: false },
] as const;

for (const name of readdirSync(samples)) {
  for (const { kind, forwarding, conntrack } of cases) {
    test(`${name}: ${kind}`, (t) => {
      const here = { ...host, forwarding: { ip: forwarding, ip6: forwarding } };
      const frames = { trapRules: 20, randomFrames: 500 };
      const { dropped, differences } = checkFrames({ ruleset: readSample(name), facts: here, conntrack, frames });
      t.is(differences.length, 0, differences.slice(0, 3).join('\n'));
      t.true(dropped > 100);
    });
  }
}
