/** Assumptions of a plan against the live host: what was checked gets a status, and a violated one refuses. */
import { type Check, hardCodes } from '../host/preflight.js';
import type { Assumption, Plan } from '../plan/plan.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';

/** A check of this host, or one that a snapshot tells of. */
type Found = Omit<Check, 'code'> & { readonly code: string };

/** Facts that were read from this host a moment ago. */
const readLive: ReadonlySet<string> = new Set(['forwarding', 'local-routes']);

/** Checks that matter only to plans which rest on them. */
const onlyWhereListed: ReadonlySet<string> = new Set([
  'no-helpers',
  'receive-order',
  'default-zone',
  'plain-routes-ip',
  'plain-routes-ip6',
]);

/** Throws CommandError (exit 3) for what no `--assume` can help. */
export function refuseHopeless(checks: readonly Check[]): void {
  const failed = checks.filter(({ code, status }) => status === 'violated' && hardCodes.has(code));
  if (failed.length > 0) throw new CommandError(exitCodes.host, failed.map(({ detail }) => detail).join('\n'));
}

/** Assumptions that the admin takes on themself count as holding. Throws CommandError (exit 1) for a code that there is none of. */
export function withAssumed(plan: Plan, codes: readonly string[], checks: readonly Check[]): Plan {
  const known = new Set([...plan.assumptions, ...checks].map(({ code }) => code));
  const wrong = codes.filter((code) => !known.has(code));
  if (wrong.length > 0) {
    throw usageError(`--assume ${wrong.join(', ')}: this plan has no such assumption; it has ${[...known].join(', ')}`);
  }
  return {
    ...plan,
    assumptions: plan.assumptions.map((one) => (codes.includes(one.code) ? { ...one, status: 'holds' } : one)),
  };
}

/** The plan with what was found on this host; checks that the plan does not list are added. */
export function withChecks(plan: Plan, checks: readonly Found[]): Plan {
  const found = new Map<string, Found>(checks.map((check) => [check.code, check]));
  const merged = plan.assumptions.map((one): Assumption => {
    const status = found.get(one.code)?.status ?? (readLive.has(one.code) ? 'holds' : one.status);
    return { ...one, status };
  });
  const listed = new Set(plan.assumptions.map(({ code }) => code));
  const added = checks.filter(({ code }) => !listed.has(code) && !hardCodes.has(code) && !onlyWhereListed.has(code));
  return {
    ...plan,
    assumptions: [...merged, ...added.map(({ code, statement, status }) => ({ code, statement, status }))],
  };
}

/** Throws CommandError (exit 4) that names each violated assumption, what was found, and how to go on. */
export function refuseViolated(plan: Plan, checks: readonly Check[]): void {
  const violated = plan.assumptions.filter(({ status }) => status === 'violated');
  if (violated.length === 0) return;
  const lines = violated.map(({ code, statement }) => {
    const detail = checks.find((check) => check.code === code)?.detail ?? 'it does not hold on this host';
    return `  [${code}] ${statement}: ${detail}`;
  });
  const assume = violated.map(({ code }) => `--assume ${code}`).join(' ');
  throw new CommandError(
    exitCodes.refused,
    `nothing was attached, for the plan rests on what does not hold here:\n${lines.join('\n')}\n` +
      `Mend it, or take it as given at your own risk: ${assume}`,
  );
}
