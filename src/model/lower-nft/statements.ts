/** nft statements other than matches and verdicts to parts of a rule. */
import type { Match, Statement as ModelStatement } from '../match.js';
import type { MangleStatement, ObjectStatement, Statement, Verdict } from '../../parse/nft/tree.js';
import { printStatement } from '../../parse/nft/print-statement.js';
import { unknownMatch } from './key.js';
import { markStatement } from './mark.js';

/** A part without its place. */
export type BarePart = { readonly match: Match } | { readonly statement: ModelStatement };

type Plain = Exclude<Statement, { kind: 'match' | 'verdict' | 'vmap' | 'chainBlock' }>;

export function lowerStatement(statement: Plain): BarePart[] {
  const text = printStatement(statement);
  const act = (made: ModelStatement): BarePart[] => [{ statement: made }];
  const stateful = (): BarePart[] => [{ match: unknownMatch(text, 'stateful') }];
  switch (statement.kind) {
    // Counters stop for packets that are dropped early: a declared tolerance.
    case 'counter':
    case 'last':
    case 'mapStatement':
      return [];
    case 'limit':
    case 'quota':
    case 'ctCount':
    case 'meter':
      return stateful();
    case 'objref':
      return lowerReference(statement, text);
    case 'log':
    case 'dup':
    case 'setUpdate':
    case 'flow':
      return act({ kind: 'observe', name: statement.kind === 'setUpdate' ? 'set update' : statement.kind, text });
    case 'reject':
      return act({ kind: 'reject', text });
    case 'nat': {
      const source = statement.type === 'snat' || statement.type === 'masquerade';
      return act({ kind: 'nat', name: statement.type, text, changes: source ? 'source' : 'destination' });
    }
    case 'mangle':
      return act(mangle(statement, text));
    case 'queue':
    case 'fwd':
    case 'tproxy':
    case 'synproxy':
      return act({ kind: 'handover', name: statement.kind, text });
    case 'notrack':
      return act({ kind: 'annotate', name: 'notrack', text });
    case 'optionReset':
      return act({ kind: 'mangle', name: 'reset option', changes: 'other', text });
    case 'xt':
      return statement.type === 'match'
        ? [{ match: unknownMatch(text, 'opaque') }]
        : [...hints(text), { statement: { kind: 'opaque', name: `xt ${statement.name}`, text } }];
    case 'opaque':
      return [...hints(text), { statement: { kind: 'opaque', name: text.slice(0, 40), text } }];
  }
}

function lowerReference({ object }: ObjectStatement, text: string): BarePart[] {
  switch (object) {
    case 'counter':
      return [];
    case 'limit':
    case 'quota':
      return [{ match: unknownMatch(text, 'stateful') }];
    case 'synproxy':
      return [{ statement: { kind: 'handover', name: 'synproxy', text } }];
    case 'ct helper':
    case 'ct expectation':
      return [{ statement: { kind: 'annotate', name: 'helper', text } }];
    case 'ct timeout':
      return [{ statement: { kind: 'observe', name: 'ct timeout', text } }];
    case 'secmark':
    case 'tunnel':
      return [{ statement: { kind: 'annotate', name: 'priority', text } }];
  }
}

function mangle({ left, value }: MangleStatement, text: string): ModelStatement {
  if (left.kind === 'meta') {
    if (left.key === 'mark') return markStatement(value, text);
    if (left.key === 'priority' || left.key === 'secmark' || left.key === 'rtclassid')
      return { kind: 'annotate', name: 'priority', text };
    if (left.key === 'nftrace') return { kind: 'observe', name: 'trace', text };
    return { kind: 'mangle', name: `meta ${left.key}`, changes: 'other', text };
  }
  if (left.kind === 'ct') {
    if (left.key === 'zone') return { kind: 'annotate', name: 'zone', text };
    return left.key === 'helper'
      ? { kind: 'annotate', name: 'helper', text }
      : { kind: 'observe', name: `ct ${left.key}`, text };
  }
  if (left.kind === 'payload' && (left.protocol === 'ip' || left.protocol === 'ip6')) {
    if (left.field === 'dscp') return { kind: 'mangle', name: 'dscp', changes: 'tos', text };
    if (left.field === 'ttl' || left.field === 'hoplimit')
      return { kind: 'mangle', name: left.field, changes: 'ttl', text };
  }
  return { kind: 'mangle', name: 'payload', changes: 'other', text };
}

/** What text that is not understood might do to connection tracking, which is not seen in an opaque statement. */
function hints(text: string): BarePart[] {
  const found = (['zone', 'helper', 'notrack'] as const).filter((word) => text.toLowerCase().includes(word));
  return [
    ...found.map((name): BarePart => ({ statement: { kind: 'annotate', name, text } })),
    ...(/\bflow\b/.test(text) ? [{ statement: { kind: 'observe' as const, name: 'flow', text: `flow ${text}` } }] : []),
  ];
}

/** Null: `continue`. The name of a chain in a variable is not followed. */
export function lowerVerdict(verdict: Verdict, chainName: (verdict: Verdict) => string | null): ModelStatement | null {
  switch (verdict.verdict) {
    case 'accept':
    case 'drop':
    case 'return':
      return { kind: verdict.verdict };
    case 'continue':
      return null;
    case 'jump':
    case 'goto': {
      const chain = chainName(verdict);
      return chain === null
        ? { kind: 'opaque', name: verdict.verdict, text: verdict.verdict }
        : { kind: verdict.verdict, chain };
    }
  }
}
