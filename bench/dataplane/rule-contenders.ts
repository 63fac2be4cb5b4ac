/** Rules of five fields: planned and compiled from the text, as the command does it. */
import { planWithinLimits } from '../../src/compile/fit.js';
import type { NativeApi } from '../../src/load/native-api.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { frameOf } from '../../test/compile/frame.js';
import type { Contender, LeftOut } from './contender.js';
import { packet } from './frames.js';
import type { Keys } from './keys.js';
import { loadDropAll, loadOffload, loadParseOnly } from './programs.js';
import { ruleHits, ruleMisses } from './rule-keys.js';
import { iptablesText, ruleSet, ruleSetKinds, type FilterRule, type RuleSetKind } from './rule-set.js';
import type { Program } from './driver.js';

const frame = frameOf(packet);

/** As by `--memory 256`: ten thousand rules of five fields need more than the 64 MiB that are allowed without being told. */
const memory = 256 * 2 ** 20;

/** Accepts, and drops that no packet reaches because of earlier rules. */
const idle: ReadonlySet<string> = new Set(['not-a-drop', 'never-matches', 'blocked']);

async function loadRules(native: NativeApi, rules: readonly FilterRule[], name: string): Promise<Program | LeftOut> {
  const { ruleset } = readRuleset([{ file: 'rules.v4', text: iptablesText(rules), takenAt: null }]);
  const { plan, image } = planWithinLimits(ruleset, { devices: ['bench'], facts: null, strict: false }, { memory });
  const left = plan.rules.filter(({ offload, reason }) => offload === 'none' && !idle.has(reason.code));
  if (left[0]) return { leftOut: `${name}: ${left.length} drops stay in netfilter (${left[0].reason.code})` };
  return loadOffload(native, image);
}

function contender(native: NativeApi, kind: RuleSetKind, size: number): Contender {
  let made: { rules: readonly FilterRule[]; hits: Keys; misses: Keys } | null = null;
  const get = (): NonNullable<typeof made> => {
    if (made) return made;
    const rules = ruleSet(kind, size);
    return (made = { rules, hits: ruleHits(rules), misses: ruleMisses(rules) });
  };
  const name = `${kind.toUpperCase()} rules`;
  return {
    subject: 'offload',
    size,
    feeds: [
      { scenario: `${name}, hit`, keys: () => get().hits, frame },
      { scenario: `${name}, miss`, keys: () => get().misses, frame },
    ],
    load: () => loadRules(native, get().rules, `${size} ${name}`),
  };
}

export const ruleSizes = (quick: boolean): number[] => (quick ? [100, 1000] : [100, 1000, 4096, 10_000]);

export function ruleContenders(native: NativeApi, quick: boolean): Contender[] {
  const keys = (): Keys => ruleMisses(ruleSet('acl', 100));
  const feeds = [{ scenario: 'rules', keys, frame, unchecked: true }] as const;
  return [
    { subject: 'XDP_DROP', size: null, feeds, load: () => loadDropAll(native) },
    { subject: 'parse only', size: null, feeds, load: () => loadParseOnly(native) },
    ...ruleSizes(quick).flatMap((size) => ruleSetKinds.map((kind) => contender(native, kind, size))),
  ];
}
