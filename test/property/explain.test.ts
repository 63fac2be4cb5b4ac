/** On random rulesets: what is explained is what the oracle and the simulation say, and the way leads there. */
import test from 'ava';
import fc from 'fast-check';
import { explainPacket } from '../../src/explain/explain-packet.js';
import type { MetRule, WayPart } from '../../src/explain/walk-tree.js';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { replayedAt } from '../../src/replay/replay.js';
import { routeBack } from '../../src/simulate/route-back.js';
import { createSimulation } from '../../src/simulate/simulation.js';
import { MAC } from '../oracle/rulesets.js';
import { arbitraryRuleset, type RandomRuleset } from './arbitrary-ruleset.js';

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261126);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 5);

const flat = (rules: readonly MetRule[]): MetRule[] =>
  rules.flatMap((rule) => [rule, ...(rule.inside === null ? [] : flat(rule.inside.rules))]);

/** Rules and policies that the way says may have applied. */
const applied = (way: readonly WayPart[]): Set<string> =>
  new Set(
    way.flatMap((part) =>
      part.kind === 'routed'
        ? []
        : [
            ...flat(part.rules)
              .filter(({ answer }) => answer !== 'no match')
              .map(({ rule }) => rule),
            ...(part.policy === null ? [] : [part.policy]),
          ],
    ),
  );

const trackings = ['open', 'none', null] as const;

function checkRuleset({ ruleset, facts, text }: RandomRuleset, frameSeed: number): void {
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts, strict: false, conntrack: true });
  const oracle = createOracle(ruleset, facts, 'eth0');
  const second = replayedAt(plan);
  const at = second === null ? undefined : second * 1000;
  const device = { mac: MAC, position: 0, routeBack: routeBack(facts, 'eth0') };
  const simulation = createSimulation(plan.prefilter, device, () => second);
  const expect = (right: boolean, what: string, origin: string): void => {
    if (!right) throw new Error(`${what}, for ${origin}\n${text}`);
  };
  for (const batch of boundaryFrames(ruleset, facts, 'eth0', { randomFrames: 20, trapRules: 1, seed: frameSeed })) {
    batch.origins.forEach((origin, i) => {
      const bytes = frameAt(batch, i).slice();
      const packet = { number: 1, seconds: null, bytes, length: bytes.length, link: 1, direction: null };
      // Each frame once, as one of the three: thousands of frames meet each.
      const tracking = trackings[i % trackings.length] ?? null;
      const explained = explainPacket({ plan, facts, device: 'eth0' }, packet, tracking);
      if (explained.kind === 'unseen') throw new Error(`unseen: ${origin}`);
      const { netfilter, end, xdp, difference, way } = explained;
      const said = JSON.stringify(netfilter);
      if (tracking !== null)
        expect(
          said === JSON.stringify(oracle.fate(bytes, undefined, tracking === 'none', at)),
          `another fate: ${said}`,
          origin,
        );
      const decision = simulation.decide(bytes);
      expect(xdp.verdict === decision.verdict, 'another verdict', origin);
      expect(xdp.step === (decision.step === null ? null : decision.step + 1), 'another step', origin);
      expect(difference === null, `a difference: ${String(difference)}`, origin);
      if (xdp.outcome === 'drop' && tracking !== 'open')
        expect(netfilter.kind === 'drop' || netfilter.kind === 'lost', `dropped, but ${said}`, origin);
      if (netfilter.kind === 'lost' && netfilter.elsewhere) expect(way.length === 0, 'a way of no packet', origin);
      if (netfilter.kind !== 'drop') return;
      expect(JSON.stringify(end) === said, 'another end', origin);
      const met = applied(way);
      for (const rule of netfilter.rules) expect(met.has(rule), `${rule} is not on the way`, origin);
    });
  }
}

for (const family of [4, 6] as const) {
  test(`what is explained is what happens, IPv${String(family)}`, (t) => {
    t.log(`PROPERTY_SEED=${String(seed)} PROPERTY_RUNS=${String(runs)}`);
    const details = fc.check(fc.property(arbitraryRuleset(family), fc.nat(), checkRuleset), { seed, numRuns: runs });
    if (details.failed) t.fail(details.errorInstance instanceof Error ? details.errorInstance.message : 'failed');
    else t.pass();
  });
}
