/** Rules of five fields: planned and compiled from the text, as the command does it. */
import { readFileSync } from 'node:fs';
import { planWithinLimits } from '../../src/compile/fit.js';
import type { NativeApi } from '../../src/load/native-api.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { frameOf } from '../../test/compile/frame.js';
import { addresses4 } from './addresses.js';
import type { Contender, LeftOut } from './contender.js';
import { packet } from './frames.js';
import type { Keys } from './keys.js';
import { loadDropAll, loadOffload, loadParseOnly } from './programs.js';
import { ruleHits, ruleMisses } from './rule-keys.js';
import { iptablesText, ruleSet, ruleSetKinds, type FilterRule, type RuleSetKind } from './rule-set.js';
import type { Program } from './driver.js';

const frame = frameOf(packet);

/** Accepts, and drops that no packet reaches because of earlier rules. */
const idle: ReadonlySet<string> = new Set(['not-a-drop', 'never-matches', 'blocked']);

async function loadRules(native: NativeApi, rules: readonly FilterRule[], name: string): Promise<Program | LeftOut> {
  const { ruleset } = readRuleset([{ file: 'rules.v4', text: iptablesText(rules), takenAt: null }]);
  const { plan, image } = planWithinLimits(ruleset, { devices: ['bench'], facts: null, strict: false });
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

/** What people write; files in samples/. */
const samples = ['web-server/rules.v4', 'hand-written/rules.v4', 'csf/rules.v4', 'nft-server/ruleset.nft'] as const;

/** Packets from everywhere to one port: what they meet is for the ruleset to say. With decisions, and by rows of bits as if these did not fit. */
const sampleContenders = (native: NativeApi): Contender[] =>
  samples.flatMap((file) => {
    const scenario = `sample ${file.split('/')[0]!}`;
    const load = (decisions: boolean): Promise<Program> => {
      const text = readFileSync(new URL(`../../samples/${file}`, import.meta.url), 'utf8');
      const { ruleset } = readRuleset([{ file, text, takenAt: null }]);
      const plan = { devices: ['eth0'], facts: null, strict: false };
      return loadOffload(native, planWithinLimits(ruleset, plan, { decisions }).image);
    };
    const feeds = [{ scenario, keys: () => addresses4(1).misses, frame, unchecked: true }] as const;
    return [
      { subject: 'offload', size: null, feeds, load: () => load(true) },
      { subject: 'offload, rows of bits', size: null, feeds, load: () => load(false) },
    ];
  });

export const ruleSizes = (quick: boolean): number[] => (quick ? [100, 1000] : [100, 1000, 4096, 10_000]);

export function ruleContenders(native: NativeApi, quick: boolean): Contender[] {
  const keys = (): Keys => ruleMisses(ruleSet('acl', 100));
  const feeds = [{ scenario: 'rules', keys, frame, unchecked: true }] as const;
  return [
    { subject: 'XDP_DROP', size: null, feeds, load: () => loadDropAll(native) },
    { subject: 'parse only', size: null, feeds, load: () => loadParseOnly(native) },
    ...sampleContenders(native),
    ...ruleSizes(quick).flatMap((size) => ruleSetKinds.map((kind) => contender(native, kind, size))),
  ];
}
