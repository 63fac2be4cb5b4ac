/** Frames that should reach a chain: they satisfy the rules that jump to it. */
import type { Rule, Table } from '../model/ruleset.js';
import type { FrameSpec } from './build-frame.js';
import type { Source } from './frame-source.js';
import { satisfy, type FrameContext } from './satisfy-match.js';

/** For each chain the rules that lead to it, at most two: their matches come first in the frames of the chain's rules. */
export function jumpsInto(
  table: Table,
): ReadonlyMap<string, readonly { readonly rule: Rule; readonly chain: string }[]> {
  const into = new Map<string, { rule: Rule; chain: string }[]>();
  for (const chain of table.chains.values()) {
    for (const rule of chain.rules) {
      for (const part of rule.parts) {
        if (!('statement' in part) || (part.statement.kind !== 'jump' && part.statement.kind !== 'goto')) continue;
        const known = into.get(part.statement.chain) ?? [];
        if (known.length < 2) into.set(part.statement.chain, [...known, { rule, chain: chain.name }]);
      }
    }
  }
  return into;
}

export const applyRule = (rule: Rule, spec: FrameSpec, context: FrameContext): FrameSpec =>
  rule.parts.reduce((now, part) => ('match' in part ? { ...now, ...satisfy(part.match, context, now) } : now), spec);

/** Frames that should reach the chain, one per way into it. */
export function waysInto(
  table: Table,
  chain: string,
  source: Source,
  depth: number,
  jumps: ReturnType<typeof jumpsInto>,
): FrameSpec[] {
  const { context, base } = source;
  const found = table.chains.get(chain);
  if (found?.kind === 'base') return [found.hook === 'forward' ? { ...base, daddr: context.foreign } : base];
  const into = depth > 8 ? [] : (jumps.get(chain) ?? []);
  if (into.length === 0) return [base];
  return into.flatMap(({ rule, chain: from }) =>
    waysInto(table, from, source, depth + 1, jumps)
      .slice(0, 1)
      .map((spec) => applyRule(rule, spec, context)),
  );
}
