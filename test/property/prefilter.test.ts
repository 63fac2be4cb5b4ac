/** The claim of the whole project on random rulesets: oracle(ruleset, frame) = prefilter, then what stays. */
import test from 'ava';
import fc from 'fast-check';
import { arbitraryRuleset, type RandomRuleset } from './arbitrary-ruleset.js';
import { checkFrames } from './check-frames.js';

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261125);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 25);

function checkRuleset({ ruleset, facts, text }: RandomRuleset, frameSeed: number, conntrack: boolean): void {
  const frames = { randomFrames: 150, trapRules: 4, setFrames: 200, seed: frameSeed };
  const { differences } = checkFrames({ ruleset, facts, conntrack, frames });
  if (differences[0] !== undefined) throw new Error(`${differences[0]}\n${text}`);
}

for (const family of [4, 6] as const) {
  test(`prefilter and residual are the ruleset, IPv${String(family)}`, (t) => {
    t.log(`PROPERTY_SEED=${String(seed)} PROPERTY_RUNS=${String(runs)}`);
    const property = fc.property(arbitraryRuleset(family), fc.nat(), fc.boolean(), checkRuleset);
    const details = fc.check(property, { seed, numRuns: runs });
    // The shrunk counterexample tells its story in the message; fast-check would print the whole model.
    if (details.failed) t.fail(details.errorInstance instanceof Error ? details.errorInstance.message : 'failed');
    else t.pass();
  });
}
