/** Matches of several fields at once: `ip saddr . tcp dport { … }`, `… @set`. */
import type { Match, UnknownMatch } from '../match.js';
import type { CatchAll, Expression, MatchStatement } from '../../parse/nft/tree.js';
import { printExpression } from '../../parse/nft/print-expression.js';
import { secondsLeft } from './draft.js';
import type { Alternatives, Key } from './key.js';
import { always, unknownMatch } from './key.js';
import { keyOf } from './keys.js';
import type { MatchContext } from './matches.js';
import { compareLeaves, withPresumed } from './matches.js';
import type { Leaf, Leaves } from './scope.js';
import { leavesOf, resolve } from './scope.js';
import { lowerTuples, type TupleElement } from './tuple-columns.js';

/** Elements that become alternatives of their own; more become a set of tuples, where the model has one. */
const maxAlternatives = 16;

/** Null: not understood, nothing is known of it. */
export function lowerConcat(
  statement: MatchStatement,
  parts: readonly Expression[],
  context: MatchContext,
): Alternatives | null {
  const { operator } = statement;
  if (operator !== '==' && operator !== '!=') return null;
  const keys = concatKeys(parts, context);
  const named = statement.right.kind === 'setReference' ? context.setOf(statement.right.name) : null;
  if (statement.right.kind === 'setReference' && (!named || named.changes || named.stateful)) return null;
  if (named) named.inRules = true;
  const leaves = named ? named.leaves() : leavesOf({ expression: statement.right, scope: context.scope });
  if (!leaves || leaves.columns.length > 0) return null;
  if (!named && leaves.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind !== 'counter')))
    return null;
  const timeout = named?.declaration.timeout ?? null;
  const presumed = keys.flatMap((key) => key.presumes);
  const isShort = operator === '==' && leaves.leaves.length <= maxAlternatives;
  const expires = leaves.leaves.some(({ element }) => element !== null && secondsLeft(element, timeout) > 0);
  const alternatives = (): Alternatives => withPresumed(presumed, alternativesOf(keys, parts, leaves, timeout));
  if (isShort && !expires) return alternatives();
  const tuples = lowerTuples(keys, leaves.leaves.map(partsAndScope), operator === '!=');
  if (!tuples) return isShort ? alternatives() : null;
  const name = named?.name ?? '{ … }';
  const seconds = Uint32Array.from(leaves.leaves, ({ element }) => (element ? secondsLeft(element, timeout) : 0));
  const asked = named && `${parts.map(printExpression).join(' . ')} ${JSON.stringify(context.protocols)}`;
  const set = context.addSet(name, asked, (id) => ({
    kind: 'tuples',
    id,
    name,
    type: parts.map((_, i) => named?.keyTypes?.[i] ?? '').join(' . '),
    span: statement.span,
    counters: false,
    defaultTimeout: timeout === null ? null : Math.floor(timeout / 1000),
    // They are counted where they are declared.
    elements: 0,
    count: leaves.leaves.length,
    parts: tuples.parts,
    timeout: seconds.some((left) => left > 0) ? seconds : null,
    nomatch: null,
  }));
  const { sides } = tuples;
  const match: Match = { kind: 'set', set, name, dimensions: sides, negate: operator === '!=', uninterpreted: [] };
  return withPresumed(presumed, [[match]]);
}

export const partsAndScope = (leaf: Leaf): TupleElement => ({ parts: elementParts(leaf), scope: leaf.scope });

/** The keys one by one; a protocol among them says which ports a `th` port means. */
export function concatKeys(parts: readonly Expression[], context: MatchContext): Key[] {
  const asksProtocol = parts.some(isProtocol);
  // With the protocol in the element, ports are read under it alone: see `lowerTuples`.
  const protocols = asksProtocol ? null : context.protocols;
  return parts.map((part) => keyOf(part, { ...context, protocols }));
}

const isProtocol = (part: Expression): boolean =>
  (part.kind === 'meta' && part.key === 'l4proto') || (part.kind === 'payload' && part.field === 'protocol');

function elementParts(leaf: Leaf): readonly (Expression | CatchAll)[] | null {
  if (leaf.key.kind === 'catchAll') return null;
  const found = resolve({ expression: leaf.key, scope: leaf.scope });
  return found?.expression.kind === 'concat' ? found.expression.parts : null;
}

function unknownElement(left: Expression | undefined, part: Expression | CatchAll, key: Key): UnknownMatch {
  const value = part.kind === 'catchAll' ? '*' : printExpression(part);
  return unknownMatch(`${left ? printExpression(left) : ''} ${value}`, key.kind === 'unknown' ? key.knowledge : 'pure');
}

/** One element of a concatenation as a conjunction; what is not understood of it is unknown. */
export function elementMatches(keys: readonly Key[], left: readonly Expression[], leaf: Leaf): Alternatives | null {
  if (leaf.key.kind === 'catchAll') return always;
  const parts = elementParts(leaf);
  if (parts?.length !== keys.length) return null;
  let found: Alternatives = always;
  for (const [i, key] of keys.entries()) {
    const part = parts[i];
    if (!part) return null;
    const value = { leaves: [{ key: part, scope: leaf.scope, element: null }], columns: [] };
    const one = compareLeaves(key, value, false) ?? [[unknownElement(left[i], part, key)]];
    found = found.flatMap((matches) => one.map((more) => [...matches, ...more]));
  }
  return found;
}

function alternativesOf(
  keys: readonly Key[],
  left: readonly Expression[],
  leaves: Leaves,
  timeout: number | null,
): Alternatives {
  return leaves.leaves.flatMap((leaf): Alternatives => {
    const found = elementMatches(keys, left, leaf) ?? [[unknownMatch('an element of a concatenation')]];
    const expires = leaf.element !== null && secondsLeft(leaf.element, timeout) > 0;
    return expires ? found.map((matches) => [...matches, unknownMatch('an element that expires')]) : found;
  });
}
