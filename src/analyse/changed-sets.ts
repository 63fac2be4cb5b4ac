/** Sets that packets change: `-j SET --add-set/--del-set`. Their elements are not what the dump says for long. */
import { effectsOf } from '../model/effects.js';
import type { Ruleset } from '../model/ruleset.js';

export function changedSets(ruleset: Ruleset): ReadonlySet<string> {
  const names = new Set<string>();
  for (const table of ruleset.tables)
    for (const effect of effectsOf(table)) {
      if (effect.kind !== 'observe' || effect.name !== 'SET') continue;
      for (const [, name] of effect.text.matchAll(/--(?:add|del|map)-set\s+"?([^\s"]+)/g))
        if (name !== undefined) names.add(name);
    }
  return names;
}
