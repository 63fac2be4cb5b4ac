/** `--allow` and `--allow-port`: packets that XDP passes whatever the rules say, so that nobody locks themselves out. Netfilter decides them. */
import type { AddressFamily } from '../model/address.js';
import { rangesOfPrefixes } from '../model/prefix.js';
import type { RuleId } from '../model/ruleset.js';
import type { Conj } from '../analyse/logic.js';
import { small } from '../analyse/logic.js';
import type { MergedStep } from './merge.js';

export interface Allowed {
  /** Sources, CIDR or single addresses of both families. */
  readonly prefixes: readonly string[];
  /** Destination ports of TCP and UDP. */
  readonly ports: readonly number[];
}

export const nothingAllowed: Allowed = { prefixes: [], ports: [] };

/** The steps of no rule that pass what is allowed. */
export const allowed = 'allowed' as RuleId;

/** Puts them in front: then no later step is asked. A lacking field counts as a match, so fragments pass too where ports are allowed. */
export function exemptAllowed(steps: readonly MergedStep[], family: AddressFamily, allow: Allowed): MergedStep[] {
  const conditions = conditionsOf(family, allow);
  const shifted = steps.map((step): MergedStep =>
    step.outcome.kind === 'skip'
      ? { ...step, outcome: { ...step.outcome, to: step.outcome.to + conditions.length } }
      : step,
  );
  const passing = conditions.map((when): MergedStep => ({
    when,
    outcome: { kind: 'pass' },
    members: [{ when, rule: allowed }],
    varying: null,
  }));
  return [...passing, ...shifted];
}

function conditionsOf(family: AddressFamily, { prefixes, ports }: Allowed): readonly Conj[] {
  const own = prefixes.filter((prefix) => prefix.includes(':') === (family === 6));
  const conditions: Conj[] = [];
  if (own.length > 0) {
    const ranges = rangesOfPrefixes(family, own);
    conditions.push([
      { set: { kind: 'addresses', field: 'saddr', ranges, named: true, counters: null }, negate: false },
    ]);
  }
  if (ports.length > 0) {
    const protocols = small('protocol', [
      [6, 6],
      [17, 17],
    ]);
    conditions.push([
      protocols,
      small(
        'dport',
        ports.map((port): [number, number] => [port, port]),
      ),
    ]);
  }
  return conditions;
}
