/** Rules by their ids: only those that stand in others' way are asked for. */
import type { AddressRun } from '../model/address-run.js';
import type { Rule, RuleId, Ruleset } from '../model/ruleset.js';
import { isRun, segmentsOf } from '../model/segments.js';

export function rulesById(ruleset: Ruleset): (id: RuleId) => Rule | undefined {
  let index: Index | null = null;
  return (id) => {
    index ??= indexOf(ruleset);
    return index.rules.get(id) ?? inRuns(index, id);
  };
}

interface Index {
  readonly rules: Map<RuleId, Rule>;
  readonly runs: AddressRun[];
}

function indexOf({ tables }: Ruleset): Index {
  const index: Index = { rules: new Map(), runs: [] };
  for (const { chains } of tables)
    for (const chain of chains.values())
      for (const segment of segmentsOf(chain))
        if (isRun(segment)) index.runs.push(segment);
        else index.rules.set(segment.id, segment);
  return index;
}

/** Found ones are kept: many rules ask for the same. */
function inRuns({ rules, runs }: Index, id: RuleId): Rule | undefined {
  const run = runs.find((one) => one.indexOf(id) >= 0);
  const rule = run?.ruleAt(run.indexOf(id));
  if (rule) rules.set(id, rule);
  return rule;
}
