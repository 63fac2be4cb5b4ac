/**
 * Verdict maps: one way through the rule for each element. Keys do not overlap, so at most one of the ways is taken, whatever their
 * order; what stands for "anything else" (`*`) excludes the others by name, for the rule does not go on to it after another's jump.
 */
import type { Match, Statement as ModelStatement } from '../match.js';
import type { SetPart } from '../set.js';
import { lowerTuples } from './tuple-columns.js';
import type { CatchAll, Expression, Verdict, VerdictMapStatement } from '../../parse/nft/tree.js';
import { printStatement } from '../../parse/nft/print-statement.js';
import { concatKeys, elementMatches, partsAndScope } from './concat.js';
import { secondsLeft } from './draft.js';
import type { Alternatives, Key } from './key.js';
import { always, unknownMatch } from './key.js';
import { compareMasked } from './masked.js';
import type { MatchContext } from './matches.js';
import { compareLeaves, keyAndMask } from './matches.js';
import type { Leaf, Leaves } from './scope.js';
import { leavesOf, resolve } from './scope.js';

export interface Way {
  readonly matches: readonly Match[];
  /** Null: the rule goes on (`continue`). */
  readonly verdict: Verdict | null;
}

export type Ways =
  | { readonly kind: 'ways'; readonly ways: readonly Way[] }
  | { readonly kind: 'statement'; readonly statement: ModelStatement };

/** Ways of one rule; a map with more is one opaque statement. */
const maxWays = 512;

export function lowerVerdictMap(statement: VerdictMapStatement, context: MatchContext): Ways {
  const text = printStatement(statement);
  const opaque: Ways = { kind: 'statement', statement: { kind: 'opaque', name: 'vmap', text } };
  const found = resolve({ expression: statement.data, scope: context.scope });
  if (!found) return opaque;
  const named = found.expression.kind === 'setReference' ? context.setOf(found.expression.name) : null;
  if (found.expression.kind === 'setReference' && (!named || named.changes || named.stateful)) return opaque;
  if (named) named.inRules = true;
  const leaves = named ? named.leaves() : leavesOf(found);
  if (!leaves || leaves.columns.length > 0 || leaves.leaves.length > maxWays) return opaque;
  if (leaves.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind !== 'counter'))) return opaque;
  const parts = statement.key.kind === 'concat' ? statement.key.parts : null;
  const single = keyAndMask({ left: statement.key, mask: null }, context);
  const keys = parts ? concatKeys(parts, context) : [single.key];
  if (keys.some((key) => key.kind === 'unknown' && key.knowledge !== 'pure')) return opaque;
  const { mask } = single;
  const compare: Compare = (key, values, negate) =>
    mask ? compareMasked(key, mask, values, negate, context.scope) : compareLeaves(key, values, negate);
  const left = parts ?? [statement.key];
  const ways = waysOf({ keys, left, leaves, compare, timeout: named?.declaration.timeout ?? null, text });
  return ways ? { kind: 'ways', ways } : opaque;
}

type Compare = (key: Key, values: Leaves, negate: boolean) => Alternatives | null;

interface MapToLower {
  readonly keys: readonly Key[];
  readonly left: readonly Expression[];
  readonly leaves: Leaves;
  readonly compare: Compare;
  /** Milliseconds that elements have by default. */
  readonly timeout: number | null;
  readonly text: string;
}

function waysOf(map: MapToLower): Way[] | null {
  const { keys, timeout, text } = map;
  const { leaves } = map.leaves;
  if (keys.length > 1 && mayOverlap(keys, leaves)) return null;
  const presumed = keys.flatMap((key) => key.presumes);
  const ways: Way[] = [];
  for (const leaf of leaves) {
    const data = leaf.element?.data;
    if (data?.kind !== 'verdict') return null;
    const verdict = data.verdict === 'continue' ? null : data;
    const expires = leaf.element !== null && secondsLeft(leaf.element, timeout) > 0;
    const doubt = expires ? [unknownMatch(text)] : [];
    const alternatives = matchesOf(map, leaf, leaves) ?? [[unknownMatch(text)]];
    for (const matches of alternatives) ways.push({ matches: [...presumed, ...matches, ...doubt], verdict });
  }
  return ways.length > maxWays ? null : ways;
}

/**
 * Intervals of a concatenation may lie within others: the kernel refuses only an element that begins or ends in one that is there, and of
 * two that hold it takes the one added first (nft_set_pipapo, Linux 6.18).
 */
function mayOverlap(keys: readonly Key[], leaves: readonly Leaf[]): boolean {
  const elements = leaves.filter(({ key }) => key.kind !== 'catchAll').map(partsAndScope);
  const ranges = elements.some(({ parts, scope }) => parts === null || parts.some((part) => isRange(part, scope)));
  if (!ranges) return false;
  const tuples = lowerTuples(keys, elements, false);
  return tuples === null || elements.some((_, i) => tuples.parts.length > 0 && overlapsEarlier(tuples.parts, i));
}

function isRange(part: Expression | CatchAll, scope: Leaf['scope']): boolean {
  if (part.kind === 'catchAll') return true;
  const kind = resolve({ expression: part, scope })?.expression.kind;
  return kind !== 'value';
}

function overlapsEarlier(parts: readonly SetPart[], i: number): boolean {
  for (let j = 0; j < i; j++) if (parts.every((part) => partsMeet(part, i, j))) return true;
  return false;
}

function partsMeet(part: SetPart, i: number, j: number): boolean {
  switch (part.kind) {
    case 'address': {
      const words = part.ranges.family === 4 ? 1 : 4;
      const at = (column: Uint32Array, k: number): Uint32Array => column.subarray(k * words, (k + 1) * words);
      const { lo, hi } = part.ranges;
      return isAtMost(at(lo, i), at(hi, j)) && isAtMost(at(lo, j), at(hi, i));
    }
    case 'number':
      return part.lo[i]! <= part.hi[j]! && part.lo[j]! <= part.hi[i]!;
    case 'mac':
      return part.addresses[i] === part.addresses[j];
    case 'interface':
      return part.wildcard[i] === 1 || part.wildcard[j] === 1 || part.names[i] === part.names[j];
    case 'port':
      return true;
  }
}

function isAtMost(a: Uint32Array, b: Uint32Array): boolean {
  for (let w = 0; w < a.length; w++) if (a[w] !== b[w]) return a[w]! < b[w]!;
  return true;
}

function matchesOf({ keys, left, compare }: MapToLower, leaf: Leaf, all: readonly Leaf[]): Alternatives | null {
  const [key] = keys;
  if (leaf.key.kind === 'catchAll') {
    const others = all.filter((one) => one !== leaf);
    if (others.length === 0) return always;
    // With an element that expires "anything else" is not certain: the names of all elements would exclude too much.
    if (keys.length > 1 || !key || others.some(({ element }) => element?.timeout ?? element?.expires)) return null;
    const excluded = others.map(({ key: name, scope }): Leaf => ({ key: name, scope, element: null }));
    return compare(key, { leaves: excluded, columns: [] }, true);
  }
  if (keys.length > 1) return elementMatches(keys, left, leaf);
  return key ? compare(key, { leaves: [{ ...leaf, element: null }], columns: [] }, false) : null;
}
