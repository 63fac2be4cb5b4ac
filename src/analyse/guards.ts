/**
 * Runs of rules that drop nothing themselves, as far as XDP can tell: what any of them may take from XDP passes, or is led to one place, whatever
 * their order. So all are one. Through a chain that several of them lead to a packet goes several times: where it is not changed there, once is enough.
 */
import type { AddressRun } from '../model/address-run.js';
import type { Statement } from '../model/match.js';
import type { Chain, Table } from '../model/ruleset.js';
import { kindsOf } from '../model/segments.js';
import { lowerState } from './connection-state.js';
import type { Context } from './context.js';
import { lowerMatch } from './lower-match.js';
import { isPlainMatch } from './plain-match.js';
import type { Walk } from './walk.js';

/** Where they stand. */
export interface GuardPlace {
  readonly context: Context;
  readonly table: Table;
}

/**
 * A packet that lacks one of several fields lacks a tuple of them as a whole, and passes whatever its address. So such rules are taken as one only
 * where there would be too many steps of them for any rule behind them to have one.
 */
export const isGuardWhere = (walk: Walk, run: AddressRun, place: GuardPlace): boolean =>
  (run.fields.length === 1 || run.count > walk.runs.guardsFrom) && isGuard(walk, run, place);

/** With them a rule is done, as far as XDP is concerned, and a packet that it leaves alone is as it was. */
const endings: ReadonlySet<Statement['kind']> = new Set([
  'accept',
  'return',
  'reject',
  'nat',
  'observe',
  'handover',
  'opaque',
] as const);

/** By chain. */
const steady = new WeakMap<Chain, boolean>();

/** Of packets that do not pass, whoever comes back from the chain would come back again: what is asked there has not changed. */
function isSteady(chain: Chain, table: Table): boolean {
  const known = steady.get(chain);
  if (known !== undefined) return known;
  // Of a chain that leads to itself nothing is known.
  steady.set(chain, false);
  let found = true;
  for (const { parts } of kindsOf(chain))
    for (const part of parts)
      found &&= !('statement' in part) || part.statement.kind === 'drop' || ends(part.statement, table);
  steady.set(chain, found);
  return found;
}

/** The last that XDP looks at of a rule. */
function ends(statement: Statement, table: Table): boolean {
  if (statement.kind !== 'jump' && statement.kind !== 'goto') return endings.has(statement.kind);
  const target = table.chains.get(statement.chain);
  return target !== undefined && isSteady(target, table);
}

/** What the rules differ in must be asked before they are done: by a statement, or by a match that has an effect. */
function isGuard(walk: Walk, { first, fields, varying }: AddressRun, { context, table }: GuardPlace): boolean {
  let undecided = false;
  for (const [at, part] of first.parts.entries()) {
    const isLast = varying.every((one) => one < at);
    if ('statement' in part) {
      const { statement } = part;
      return isLast && (ends(statement, table) || (statement.kind === 'drop' && undecided));
    }
    const { match } = part;
    if (match.kind === 'unknown') {
      if (match.knowledge !== 'pure') return isLast;
      undecided = true;
    } else if (match.kind === 'ctState') {
      const state = lowerState(match, context.untrackedStates, walk);
      undecided ||= !(state ? state.condition : lowerMatch(match, context)).must;
    } else if (!varying.includes(at) && !isPlainMatch(match, fields)) return false;
  }
  return false;
}
