/** Sets that packets change: `-j SET --add-set/--del-set`. Their elements are not what the dump says for long. */
import type { Ruleset } from '../model/ruleset.js';

export function changedSets(ruleset: Ruleset): ReadonlySet<string> {
  const names = new Set<string>();
  for (const table of ruleset.tables)
    for (const chain of table.chains.values())
      for (const rule of chain.rules)
        for (const part of rule.parts) {
          if (!('statement' in part) || part.statement.kind !== 'observe' || part.statement.name !== 'SET') continue;
          for (const [, name] of part.statement.text.matchAll(/--(?:add|del|map)-set\s+"?([^\s"]+)/g))
            if (name !== undefined) names.add(name);
        }
  return names;
}
