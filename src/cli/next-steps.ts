/** The last lines of a report: the command that follows. */
import { basename } from 'node:path';
import type { OffloadOptions } from './offload-command.js';
import type { Planned } from './pipeline.js';

/** How the command was called. */
const self = process.env['OFFLOAD_COMMAND'] ?? 'offload';

/** A word as a shell takes it back. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

export function nextSteps(
  files: readonly string[],
  options: OffloadOptions,
  { plan }: Planned,
  /** Whether the filter of the plan is attached. */
  runs: 'no' | 'now' | 'already',
  residuals: readonly string[],
): readonly string[] {
  const steps: string[] = [];
  const written = residuals.map(quoted).join(', ');
  if (written !== '') steps.push(`What stays in netfilter is in ${written}.`);
  if (runs !== 'no') {
    if (runs === 'now' && options.confirm !== undefined)
      steps.push(`Within ${options.confirm} seconds, or all of it is undone:`, `  ${self} confirm`);
    for (const device of plan.devices)
      steps.push(`Take the filter off ${device} again:`, `  ${self} detach --dev ${quoted(device)}`);
    return ['See what is dropped, rule by rule:', `  ${self} status`, ...steps];
  }
  if (plan.summary.full + plan.summary.partial === 0) return steps;
  const devices = (options.dev ?? plan.devices).map((device) => `--dev ${quoted(device)}`);
  const target = options.residual ?? residualName(plan.inputs);
  const residual = plan.summary.full === 0 ? [] : [`--residual ${quoted(target)}`];
  const rulesets = options.live ? ['--live'] : files.map(quoted);
  const command = [self, ...rulesets, ...devices, ...residual].join(' ');
  return [...steps, 'Verify and attach, on the host itself, as root:', `  ${command}`];
}

function residualName(inputs: Planned['plan']['inputs']): string {
  const rulesets = inputs.filter(({ rules }) => rules > 0);
  return rulesets.length === 1 && rulesets[0]!.file !== '-' ? `residual-${basename(rulesets[0]!.file)}` : 'DIR';
}
