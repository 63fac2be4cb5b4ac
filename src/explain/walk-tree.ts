/**
 * The oracle's trace as a tree: base chains in order, and in each rule that jumps the chain it leads to. A rule that was met in several
 * states of the packet is one entry, whose answer is certain only if it was the same in all of them.
 */
import type { BaseChain, Chain, Hook, Rule, RuleId, Table } from '../model/ruleset.js';
import type { RuleAnswer, TraceEvent } from '../oracle/trace.js';
import { matchText } from './match-text.js';
import { whatItDoes } from './why-blocks.js';

export interface MetRule {
  readonly rule: RuleId;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly answer: RuleAnswer;
  /** The match that failed, or the first whose answer is not known. */
  readonly match: string | null;
  /** What it does with packets that match; null where it misses. */
  readonly does: string | null;
  readonly inside: MetChain | null;
}

export interface MetChain {
  readonly chain: string;
  /** Walked before in this hook with the same outcome: its rules are not listed again. */
  readonly again: boolean;
  readonly rules: readonly MetRule[];
}

export type WayPart =
  | ({
      readonly kind: 'chain';
      readonly hook: Hook;
      readonly family: string;
      readonly table: string;
      readonly priority: number;
      /** The policy that packets met which fell through; null: none did, or it accepts. */
      readonly policy: RuleId | null;
    } & MetChain)
  | { readonly kind: 'routed'; readonly local: 'yes' | 'no' | 'maybe'; readonly lost: string | null };

interface Entry {
  readonly rule: Rule;
  answer: RuleAnswer;
  match: string | null;
  inside: Visit | null;
}

interface Visit {
  readonly chain: Chain;
  again: boolean;
  readonly entries: Map<Rule, Entry>;
  last: Entry | null;
}

interface BaseVisit extends Visit {
  readonly hook: Hook;
  readonly table: Table;
  readonly chain: BaseChain;
  policy: RuleId | null;
}

const visit = (chain: Chain, again: boolean): Visit => ({ chain, again, entries: new Map(), last: null });

function meet(into: Visit, { rule, answer, at }: Extract<TraceEvent, { kind: 'rule' }>): void {
  const match = at === null ? null : matchText(at);
  let entry = into.entries.get(rule);
  if (entry === undefined) into.entries.set(rule, (entry = { rule, answer, match, inside: null }));
  else if (entry.answer !== answer) {
    entry.answer = 'may match';
    entry.match ??= match;
  }
  into.last = entry;
}

function enter(from: Visit, chain: Chain, again: boolean): Visit {
  if (from.last === null) throw new Error('bug: a chain is entered by no rule');
  const inside = (from.last.inside ??= visit(chain, again));
  if (!again) inside.again = false;
  return inside;
}

const strength: Record<RuleAnswer, number> = { 'no match': 0, 'may match': 1, matches: 2 };

/** Rules of one id are the ways of one rule: the packet goes at most one of them. */
function entriesOf({ chain, entries }: Visit): MetRule[] {
  const position = new Map(chain.rules.map((rule, i) => [rule, i]));
  const byId = new Map<RuleId, Entry>();
  for (const entry of [...entries.values()].sort((a, b) => position.get(a.rule)! - position.get(b.rule)!)) {
    const known = byId.get(entry.rule.id);
    if (known === undefined || strength[entry.answer] > strength[known.answer]) byId.set(entry.rule.id, entry);
  }
  return [...byId.values()].map(({ rule, answer, match, inside }) => ({
    rule: rule.id,
    file: rule.span.file,
    line: rule.span.line,
    text: rule.text.trim(),
    answer,
    match: answer === 'matches' ? null : match,
    does: answer === 'no match' ? null : whatItDoes(rule),
    inside: inside === null ? null : metChain(inside),
  }));
}

const metChain = (one: Visit): MetChain => ({
  chain: one.chain.name,
  again: one.again,
  rules: one.again ? [] : entriesOf(one),
});

export function wayOf(trace: readonly TraceEvent[]): WayPart[] {
  const parts: (BaseVisit | Extract<WayPart, { kind: 'routed' }>)[] = [];
  const bases = new Map<BaseChain, BaseVisit>();
  const stack: Visit[] = [];
  const top = (): Visit => {
    const current = stack.at(-1);
    if (current === undefined) throw new Error('bug: the trace is outside of every chain');
    return current;
  };
  for (const event of trace) {
    switch (event.kind) {
      case 'base': {
        const { hook, table, chain } = event;
        let base = bases.get(chain);
        if (base === undefined) {
          bases.set(chain, (base = { ...visit(chain, false), chain, hook, table, policy: null }));
          parts.push(base);
        }
        stack.push(base);
        break;
      }
      case 'rule':
        meet(top(), event);
        break;
      case 'enter':
        stack.push(enter(top(), event.chain, event.again));
        break;
      case 'leave':
        stack.pop();
        break;
      case 'policy': {
        const base = stack[0] as BaseVisit;
        base.policy = event.rule;
        break;
      }
      case 'routed':
        parts.push(event);
    }
  }
  return parts.map((part) =>
    'kind' in part
      ? part
      : {
          kind: 'chain',
          hook: part.hook,
          family: part.table.family,
          table: part.table.name,
          priority: part.chain.priority,
          policy: part.policy,
          ...metChain(part),
        },
  );
}
