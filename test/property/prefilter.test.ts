/** The claim of the whole project on random rulesets: oracle(ruleset, frame) = prefilter, then what stays. */
import test from 'ava';
import fc from 'fast-check';
import type { Ruleset, RuleId, Table } from '../../src/model/ruleset.js';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { describeDifference, describeFate } from '../../src/verify/describe-difference.js';
import { judge, XDP_DROP, XDP_PASS, type Decision } from '../../src/verify/verify.js';
import { MAC } from '../oracle/rulesets.js';
import { arbitraryRuleset, type RandomRuleset } from './arbitrary-ruleset.js';
import { prefilterVerdict } from './evaluate-steps.js';

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261125);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 60);

/** The ruleset without its full rules: what the covered device's packets meet. Ids stay. */
function withoutRules(ruleset: Ruleset, full: ReadonlySet<RuleId>): Ruleset {
  const tables = ruleset.tables.map((table): Table => {
    const chains = [...table.chains].map(
      ([name, chain]) => [name, { ...chain, rules: chain.rules.filter(({ id }) => !full.has(id)) }] as const,
    );
    return { ...table, chains: new Map(chains) };
  });
  return { ...ruleset, tables };
}

/** Throws with a description of the first frame on which prefilter and residual are not what the ruleset is. */
function checkRuleset({ ruleset, facts, text }: RandomRuleset, frameSeed: number, conntrack: boolean): void {
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts, strict: false, conntrack });
  const decisions = new Map<RuleId, Decision>(plan.rules.map(({ id, offload }) => [id, offload]));
  const full = new Set(plan.rules.filter(({ offload }) => offload === 'full').map(({ id }) => id));
  const original = createOracle(ruleset, facts, 'eth0');
  const residual = createOracle(withoutRules(ruleset, full), facts, 'eth0');
  const check = (frame: Uint8Array, origin: string): void => {
    const answer = prefilterVerdict(plan.prefilter, frame, MAC, 0);
    const compare = (verdict: number, untracked: boolean): void => {
      const fate = original.fate(frame, undefined, untracked);
      const request = { facts, device: 'eth0', decisions };
      const describe = (kind: 'unsound' | 'leak'): string =>
        `${describeDifference({ kind, frame, origin, verdict, fate, oracle: original, request })}\n` +
        `conntrack ${String(conntrack)}, untracked ${String(untracked)}, forwarding ${String(facts.forwarding.ip)}\n${text}`;
      const kind = judge(fate, verdict, decisions);
      if (kind !== null) throw new Error(describe(kind));
      if (verdict === XDP_DROP) return;
      const after = residual.fate(frame, undefined, untracked);
      if (after.kind !== fate.kind) throw new Error(`residual: ${describeFate(after)}\n${describe('leak')}`);
    };
    compare(answer === 'drop' ? XDP_DROP : XDP_PASS, false);
    if (answer === 'ask') compare(XDP_DROP, true);
  };
  const frames = { randomFrames: 150, trapRules: 4, setFrames: 200, seed: frameSeed };
  for (const batch of boundaryFrames(ruleset, facts, 'eth0', frames)) {
    batch.origins.forEach((origin, i) => check(frameAt(batch, i), origin));
  }
}

for (const family of [4, 6] as const) {
  test(`prefilter and residual are the ruleset, IPv${String(family)}`, (t) => {
    t.log(`PROPERTY_SEED=${String(seed)} PROPERTY_RUNS=${String(runs)}`);
    const details = fc.check(fc.property(arbitraryRuleset(family), fc.nat(), fc.boolean(), checkRuleset), {
      seed,
      numRuns: runs,
    });
    // The shrunk counterexample tells its story in the message; fast-check would print the whole model.
    if (details.failed) t.fail(details.errorInstance instanceof Error ? details.errorInstance.message : 'failed');
    else t.pass();
  });
}
