/** Statements of a table that do more than decide: few among a hundred thousand rules, so they are looked for once. */
import type { Statement } from './match.js';
import type { Table } from './ruleset.js';
import { kindsOf } from './segments.js';

export type Effect = Exclude<Statement, { kind: 'accept' | 'drop' | 'return' | 'jump' | 'goto' | 'reject' }>;

const known = new WeakMap<Table, readonly Effect[]>();

export function effectsOf(table: Table): readonly Effect[] {
  const effects = known.get(table) ?? findEffects(table);
  known.set(table, effects);
  return effects;
}

function findEffects({ chains }: Table): Effect[] {
  const effects: Effect[] = [];
  for (const chain of chains.values())
    for (const { parts } of kindsOf(chain))
      for (const part of parts) if ('statement' in part && isEffect(part.statement)) effects.push(part.statement);
  return effects;
}

function isEffect(statement: Statement): statement is Effect {
  switch (statement.kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'jump':
    case 'goto':
    case 'reject':
      return false;
    case 'setMark':
    case 'annotate':
    case 'nat':
    case 'mangle':
    case 'observe':
    case 'handover':
    case 'opaque':
      return true;
  }
}
