/** What a long run consists of, from its command line: the same in the process that tells and in those that carry out. */
import { parseArgs } from 'node:util';
import type { FirewallCase } from './firewall-case.js';
import { firewallCases } from './firewall-cases.js';
import { kindOf, randomHost, randomKinds, type RandomKind } from './random-cases.js';

export interface PlannedRun {
  readonly firewall: FirewallCase;
  readonly seed: number;
  readonly frames: number;
  /** Row of the table; null: one of its own. */
  readonly group: string | null;
  readonly conntrack: boolean;
  readonly strict: boolean;
  /** Frames as the internet sends them instead of edges and traps. */
  readonly traffic: boolean;
}

export function parseRunArguments(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      frames: { type: 'string', default: '2000' },
      random: { type: 'string', default: '0' },
      kind: { type: 'string' },
      traffic: { type: 'boolean', default: false },
      'no-conntrack': { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      text: { type: 'boolean', default: false },
      show: { type: 'string', default: '5' },
      table: { type: 'string' },
      minutes: { type: 'string' },
      jobs: { type: 'string', default: '2' },
    },
  });
  return { ...values, names: positionals };
}

export type RunArguments = ReturnType<typeof parseRunArguments>;

/** Named rulesets (all unless given; none beside random ones or when a table is asked for), then random hosts. */
export function plannedRuns({ names, traffic, ...values }: RunArguments): PlannedRun[] {
  const seed = Number(values.seed);
  const frames = Number(values.frames);
  const kind = values.kind as RandomKind | undefined;
  if (kind !== undefined && !randomKinds.includes(kind)) throw new Error(`--kind is one of ${randomKinds.join(', ')}`);
  const count = Number(values.random);
  const asked = !values['no-conntrack'];
  const isNamed = ({ name }: FirewallCase): boolean =>
    names.length > 0 ? names.includes(name) : count === 0 && values.table === undefined;
  const named = firewallCases()
    .filter(isNamed)
    .map((firewall): PlannedRun => ({
      firewall,
      seed,
      frames,
      group: null,
      conntrack: asked,
      strict: values.strict,
      traffic,
    }));
  const random = Array.from({ length: count }, (_, i): PlannedRun => {
    const own = seed + i;
    const chosen = kind ?? kindOf(own);
    const conntrack = asked && Math.floor(own / randomKinds.length) % 3 !== 0;
    const strict = values.strict || own % 2 === 0;
    const group = `random ${chosen}${strict ? ', strict' : conntrack ? '' : ', conntrack not asked'}`;
    return { firewall: randomHost(own, chosen), seed: own, frames, group, conntrack, strict, traffic };
  });
  return [...named, ...random];
}
