/** A Plan made by hand, for the reports' own tests. */
import type { HostFacts } from '../../src/model/host.js';
import type { RuleId, Ruleset } from '../../src/model/ruleset.js';
import type { OffloadKind, Plan, ReasonCode, RuleDecision } from '../../src/plan/plan.js';
import { reasonCodes } from '../../src/plan/plan.js';

export interface RuleSpec {
  readonly chain?: string;
  readonly text: string;
  readonly offload?: OffloadKind;
  readonly code?: ReasonCode;
  readonly message?: string;
  readonly blockedBy?: readonly string[];
  readonly hint?: string;
}

export function samplePlan(specs: readonly RuleSpec[], file = 'rules.v4'): Plan {
  const numbers = new Map<string, number>();
  const rules = specs.map((spec, i): RuleDecision => {
    const chain = spec.chain ?? 'INPUT';
    const number = (numbers.get(chain) ?? 0) + 1;
    numbers.set(chain, number);
    const code = spec.code ?? 'offloaded';
    return {
      id: `ip filter ${chain} ${String(number)}` as RuleId,
      family: 'ip',
      table: 'filter',
      chain,
      number,
      file,
      line: i + 3,
      text: spec.text,
      offload: spec.offload ?? 'full',
      reason: {
        code,
        message: spec.message ?? reasonCodes[code],
        blockedBy: (spec.blockedBy ?? []) as RuleId[],
      },
      hint: spec.hint ?? null,
    };
  });
  const of = (kind: OffloadKind): number => rules.filter(({ offload }) => offload === kind).length;
  const inputs = [
    { file, format: 'iptables-save', text: '', rules: rules.length, sets: 0, elements: 0, takenAt: null },
  ] as const;
  const ruleset: Ruleset = { inputs, tables: [], sets: new Map() };
  return {
    schemaVersion: 1,
    allow: { prefixes: [], ports: [] },
    ruleset,
    inputs,
    devices: ['eth0'],
    facts: null as HostFacts | null,
    summary: { rules: rules.length, full: of('full'), partial: of('partial'), none: of('none'), elements: 0 },
    rules,
    assumptions: [
      { code: 'whole-ruleset', statement: 'The inputs are the whole ruleset of the host.', status: 'unchecked' },
      { code: 'no-ipsec', statement: 'No inbound IPsec.', status: 'holds' },
    ],
    prefilter: {
      ip: {
        family: 4,
        atoms: [{ kind: 'values', field: 'protocol', ranges: [[6, 6]], counters: null }],
        steps: [{ when: [{ atom: 0, negate: false }], outcome: { kind: 'drop', counter: 0, counted: null } }],
      },
      ip6: { family: 6, atoms: [], steps: [] },
      counters: 1,
    },
    stepRules: { ip: () => [], ip6: () => [] },
    counterOwner: () => null,
    followed: null,
  };
}
