/** Rulesets as text, planned for eth0 of a host of which nothing is known or of the oracle tests' host. */
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { HostFacts } from '../../src/model/host.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import type { Plan, PlanOptions } from '../../src/plan/plan.js';
import { facts as host } from '../oracle/rulesets.js';

export const optionsFor = (facts: HostFacts = host): PlanOptions => ({
  devices: ['eth0'],
  facts,
  strict: false,
  conntrack: true,
});

export function planOf(text: string, facts: HostFacts = host, takenAt: number | null = null): Plan {
  const { ruleset } = readRuleset([{ file: 'rules', text, takenAt }]);
  return planRuleset(ruleset, optionsFor(facts));
}

export const filter = (lines: readonly string[], policy = 'ACCEPT'): string =>
  `*filter\n:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.map((line) => `-A INPUT ${line}\n`).join('')}COMMIT\n`;
