/**
 * Rules that may be taken out of the text. A chain whose rules were not simply appended in file order (hand-written `-I`, `-D`, `-F`) or a
 * line that stands for several rules is left alone: the residual edits lines, not meanings. So is a chain that POSTROUTING reaches:
 * there forwarded packets still carry their input device (`ip_output`, Linux 6.18), so the jump for other devices would miss them.
 */
import type { Chain, Rule, RuleId, Ruleset, Table } from '../model/ruleset.js';

export function removableRules(ruleset: Ruleset): ReadonlySet<RuleId> {
  const removable = new Set<RuleId>();
  for (const table of ruleset.tables) {
    if (table.managed) continue;
    const late = reachedFromPostrouting(table);
    for (const chain of table.chains.values()) {
      if (late.has(chain.name)) continue;
      if (table.dialect === 'nft') addCuttable(chain, removable);
      else if (chain.rules.every((rule, i) => isAppended(rule, chain.rules[i - 1], chain.name))) {
        for (const rule of chain.rules) removable.add(rule.id);
      }
    }
  }
  return removable;
}

/** nft rules that stand where the residual can cut them, if every way through the rule drops. */
function addCuttable(chain: Chain, removable: Set<RuleId>): void {
  for (const rule of chain.rules) if (rule.extent) removable.add(rule.id);
  for (const rule of chain.rules) if (!dropsOnly(rule)) removable.delete(rule.id);
}

const dropsOnly = (rule: Rule): boolean => {
  const last = rule.parts[rule.parts.length - 1];
  return last !== undefined && 'statement' in last && last.statement.kind === 'drop';
};

function isAppended(rule: Rule, before: Rule | undefined, chain: string): boolean {
  if (before && before.span.file === rule.span.file && before.span.line >= rule.span.line) return false;
  const words = rule.text
    .trimStart()
    .replace(/^\[\d+:\d+\]\s*/, '')
    .split(/\s+/, 2);
  return (words[0] === '-A' || words[0] === '--append') && (words[1] === chain || words[1] === `"${chain}"`);
}

function reachedFromPostrouting(table: Table): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (chain: Chain | undefined): void => {
    if (!chain || reached.has(chain.name)) return;
    reached.add(chain.name);
    for (const { parts } of chain.rules)
      for (const part of parts) {
        if ('statement' in part && (part.statement.kind === 'jump' || part.statement.kind === 'goto'))
          visit(table.chains.get(part.statement.chain));
      }
  };
  for (const chain of table.chains.values()) if (chain.kind === 'base' && chain.hook === 'postrouting') visit(chain);
  return reached;
}
