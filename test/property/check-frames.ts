/** Boundary frames of a ruleset through a plan's steps, and what the oracle says to that. */
import type { HostFacts } from '../../src/model/host.js';
import type { RuleId, Ruleset, Table } from '../../src/model/ruleset.js';
import { boundaryFrames, type BoundaryOptions } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { type Allowed, nothingAllowed } from '../../src/plan/exempt.js';
import type { PlanOptions } from '../../src/plan/plan.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { routeBack } from '../../src/simulate/route-back.js';
import { describeDifference, describeFate } from '../../src/verify/describe-difference.js';
import { judge, XDP_DROP, XDP_PASS, type Decision } from '../../src/verify/verify.js';
import { MAC } from '../oracle/rulesets.js';
import { asOf } from './arbitrary-ruleset.js';
import { prefilterVerdict } from './evaluate-steps.js';

export interface FrameCheck {
  readonly ruleset: Ruleset;
  readonly facts: HostFacts;
  readonly conntrack: boolean;
  readonly frames: BoundaryOptions;
  readonly allow?: Allowed;
  readonly maxSteps?: NonNullable<PlanOptions['maxSteps']>;
  readonly tuplesFrom?: number;
  /** Told of each frame and what the prefilter says to it. */
  readonly observe?: (frame: Uint8Array, answer: 'drop' | 'ask' | 'pass') => void;
}

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

/** Seconds after `asOf` at which frames arrive, in turn: before, between and after the ends of the elements in arbitrary-ruleset.ts. */
const moments = [0, 99, 150, 250, 400, 1000];

/** Descriptions of the frames on which prefilter and residual are not what the ruleset is; `dropped` counts early drops. */
export function checkFrames({
  ruleset,
  facts,
  conntrack,
  frames,
  allow = nothingAllowed,
  maxSteps,
  tuplesFrom,
  observe,
}: FrameCheck): {
  dropped: number;
  differences: string[];
} {
  const plan = planRuleset(ruleset, {
    devices: ['eth0'],
    facts,
    strict: false,
    conntrack,
    allow,
    ...(maxSteps && { maxSteps }),
    ...(tuplesFrom !== undefined && { tuplesFrom }),
  });
  const decisions = new Map<RuleId, Decision>(plan.rules.map(({ id, offload }) => [id, offload]));
  const full = new Set(plan.rules.filter(({ offload }) => offload === 'full').map(({ id }) => id));
  const original = createOracle(ruleset, facts, 'eth0');
  const residual = createOracle(withoutRules(ruleset, full), facts, 'eth0');
  const request = { facts, device: 'eth0', decisions };
  const back = routeBack(facts, 'eth0');
  const differences: string[] = [];
  let dropped = 0;

  const compare = (frame: Uint8Array, origin: string, verdict: number, untracked: boolean, at: number): void => {
    const fate = original.fate(frame, undefined, untracked, at);
    const describe = (kind: 'unsound' | 'leak'): string =>
      `${describeDifference({ kind, frame, origin, verdict, fate, oracle: original, request, at })}\n` +
      `  conntrack ${String(conntrack)}, untracked ${String(untracked)}, forwarding ${String(facts.forwarding.ip)}`;
    const kind = judge(fate, verdict, decisions);
    if (kind !== null) differences.push(describe(kind));
    if (kind !== null || verdict === XDP_DROP) return;
    const after = residual.fate(frame, undefined, untracked, at);
    if (after.kind !== fate.kind) differences.push(`residual: ${describeFate(after)}\n${describe('leak')}`);
  };

  for (const batch of boundaryFrames(ruleset, facts, 'eth0', frames)) {
    batch.origins.forEach((origin, i) => {
      const frame = frameAt(batch, i);
      const second = asOf + (moments[i % moments.length] ?? 0);
      const answer = prefilterVerdict(plan.prefilter, frame, MAC, 0, second, back);
      if (answer !== 'pass') dropped++;
      observe?.(frame, answer);
      compare(frame, origin, answer === 'drop' ? XDP_DROP : XDP_PASS, false, second * 1000);
      // Packets that conntrack knows pass (compared above); of the others the drop must be right.
      if (answer === 'ask') compare(frame, origin, XDP_DROP, true, second * 1000);
    });
  }
  return { dropped, differences };
}
