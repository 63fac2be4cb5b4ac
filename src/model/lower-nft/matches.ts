/** An nft match to alternatives of the model's matches. What is not understood is an unknown match: it never makes a rule wider. */
import type { Match, UnknownMatch } from '../match.js';
import type { NamedSet, SetId } from '../set.js';
import type { Expression, MatchStatement, SetReference } from '../../parse/nft/tree.js';
import { printStatement } from '../../parse/nft/print-statement.js';
import { lowerConcat } from './concat.js';
import type { SetDraft } from './draft.js';
import type { Alternatives, Key, KeyContext, NumberKey } from './keys.js';
import { always, compareAddresses, compareNames, familyMatch, keyOf, unknownMatch } from './keys.js';
import type { Leaves, Scope } from './scope.js';
import { leavesOf, resolve } from './scope.js';
import type { Bounds } from '../address-text.js';
import { rangesOf } from '../address-text.js';
import { addressBounds, addressRanges, deviceNames, flagBits, numberRange, numberRanges } from './values.js';

/** What a rule is lowered with. */
export interface MatchContext extends KeyContext {
  readonly scope: Scope;
  readonly table: string;
  readonly setOf: (name: string) => SetDraft | null;
  /** Takes a set that stands for the elements of a concatenation, and gives it an id. */
  readonly addSet: (name: string, make: (id: SetId) => NamedSet) => SetId;
}

export function lowerMatch(statement: MatchStatement, context: MatchContext): Alternatives {
  const text = printStatement(statement);
  const { left, key, mask } = keyAndMask(statement, context);
  if (key.kind === 'unknown' && left.kind !== 'concat')
    return [[...key.presumes, unknownMatch(text, worst(key.knowledge, right(statement, context)))]];
  const found =
    left.kind === 'concat'
      ? lowerConcat(statement, left.parts, context)
      : mask
        ? lowerMasked(statement, key, mask, context)
        : lowerComparison(statement, key, context);
  return withPresumed(key.presumes, found ?? [[unknownMatch(text, right(statement, context))]]);
}

export const withPresumed = (presumed: readonly Match[], alternatives: Alternatives): Alternatives =>
  presumed.length === 0 ? alternatives : alternatives.map((matches) => [...presumed, ...matches]);

/** `left & mask`, or `left value / mask`. */
function keyAndMask(
  { left, mask }: MatchStatement,
  context: MatchContext,
): { left: Expression; key: Key; mask: Expression | null } {
  if (mask) return { left, key: keyOf(left, context), mask };
  if (left.kind === 'binary' && left.operator === '&')
    return { left: left.left, key: keyOf(left.left, context), mask: left.right };
  return { left, key: keyOf(left, context), mask: null };
}

const order = ['pure', 'stateful', 'opaque'] as const;
const worst = (a: UnknownMatch['knowledge'], b: UnknownMatch['knowledge']): UnknownMatch['knowledge'] =>
  order.indexOf(a) >= order.indexOf(b) ? a : b;

/** What evaluating the right side does: elements may have a limit or a quota of their own. */
function right({ right: value }: MatchStatement, context: MatchContext): UnknownMatch['knowledge'] {
  if (value.kind === 'opaque') return 'opaque';
  if (value.kind === 'setReference') return context.setOf(value.name)?.stateful === false ? 'pure' : 'stateful';
  const leaves = leavesOf({ expression: value, scope: context.scope });
  if (!leaves) return 'opaque';
  return leaves.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind !== 'counter'))
    ? 'stateful'
    : 'pure';
}

function lowerMasked(
  statement: MatchStatement,
  key: Key,
  maskExpression: Expression,
  context: MatchContext,
): Alternatives | null {
  const { scope } = context;
  const negate = statement.operator === '!=';
  if (statement.operator !== '==' && !negate) return null;
  if (key.kind === 'address') {
    const mask = addressBounds(key.family, maskExpression, scope);
    const value = addressBounds(key.family, statement.right, scope);
    const bounds = mask && value && maskedBounds(mask.lo, value.lo);
    return bounds ? compareAddresses(key, rangesOf(key.family, [bounds]), negate) : null;
  }
  if (key.kind !== 'number' || !key.masked) return null;
  const mask = flagBits(key.read, maskExpression, scope, true);
  const value = flagBits(key.read, statement.right, scope, true);
  // `left & bits` alone, without an operator, asks for any of them: nft writes `!= 0`, so it does not occur.
  if (mask === null || value === null) return null;
  if (statement.implicit && !statement.mask && statement.left.kind === 'binary') return null;
  return key.masked(mask, value, negate);
}

/** The range of a mask without holes; null for others and for values with bits outside of the mask. */
function maskedBounds(mask: readonly number[], value: readonly number[]): Bounds | null {
  const bits = mask.map((word) => word.toString(2).padStart(32, '0')).join('');
  if (/01/.test(bits) || value.some((word, i) => (word & ~mask[i]!) !== 0)) return null;
  return { lo: value, hi: value.map((word, i) => (word | ~mask[i]!) >>> 0) };
}

function lowerComparison(statement: MatchStatement, key: Key, context: MatchContext): Alternatives | null {
  const { operator } = statement;
  const value = resolve({ expression: statement.right, scope: context.scope });
  if (!value) return null;
  const negate = operator === '!=';
  if (value.expression.kind === 'setReference')
    return operator === '==' || negate ? lowerReference(value.expression, key, negate, context) : null;
  if (operator === '==' || negate) {
    if (key.kind === 'number' && key.anyOf && value.expression.kind !== 'set') {
      // Flags side by side, without an operator: one of them is set.
      if (statement.implicit) return anyOf(key, value.expression, value.scope, false);
      if (value.expression.kind === 'list') return null;
    }
    const leaves = leavesOf(value);
    return leaves && compareLeaves(key, leaves, negate);
  }
  if (key.kind !== 'number') return null;
  if (operator === '!') return anyOf(key, value.expression, value.scope, true);
  const bound = numberRange(key.read, key.max, value.expression, value.scope);
  if (!bound || bound[0] !== bound[1]) return null;
  return compareOrder(key, operator, bound[0]);
}

function anyOf(key: NumberKey, expression: Expression, scope: Scope, negate: boolean): Alternatives | null {
  const bits = flagBits(key.read, expression, scope, true);
  return bits === null || !key.anyOf ? null : key.anyOf(bits, negate);
}

function compareOrder(key: NumberKey, operator: '<' | '>' | '<=' | '>=', value: number): Alternatives | null {
  const [low, high] = {
    '<': [0, value - 1],
    '<=': [0, value],
    '>': [value + 1, key.max],
    '>=': [value, key.max],
  }[operator] as [number, number];
  return low > high ? [] : key.compare([[low, high]], false);
}

/** Values written in place. */
export function compareLeaves(key: Key, leaves: Leaves, negate: boolean): Alternatives | null {
  if (leaves.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind !== 'counter'))) return null;
  switch (key.kind) {
    case 'address': {
      const ranges = addressRanges(key.family, leaves);
      return ranges && compareAddresses(key, ranges, negate);
    }
    case 'number': {
      const ranges = numberRanges(key.read, key.max, leaves);
      if (!ranges) return null;
      return ranges.length === 0 ? (negate ? always : []) : key.compare(ranges, negate);
    }
    case 'name': {
      const names = deviceNames(leaves);
      return names && compareNames(key, names, negate);
    }
    case 'unknown':
      return null;
  }
}

/** A named set: sets of addresses and ports stay sets, small ones of other types are read in place. */
function lowerReference({ name }: SetReference, key: Key, negate: boolean, context: MatchContext): Alternatives | null {
  const set = context.setOf(name);
  if (!set || set.stateful) return null;
  const { family } = key.kind === 'address' ? key : { family: null };
  const types = set.keyTypes;
  const asSet = (side: 'src' | 'dst'): Alternatives => [
    [{ kind: 'set', set: set.id, name, dimensions: [side], negate, uninterpreted: [] }],
  ];
  if (key.kind === 'address' && types?.length === 1 && types[0] === (family === 4 ? 'ipv4_addr' : 'ipv6_addr'))
    // The family once more, for a set match of the model says nothing of it when negated.
    return withPresumed([familyMatch(key.family)], asSet(key.field === 'saddr' ? 'src' : 'dst'));
  if (
    key.kind === 'number' &&
    key.port?.protocols?.every(([one]) => one === 6 || one === 17) &&
    types?.[0] === 'inet_service'
  )
    return types.length === 1 ? asSet(key.port.field === 'sport' ? 'src' : 'dst') : null;
  if (set.changes || set.timed || types?.length !== 1) return null;
  const leaves = set.leaves();
  return leaves && compareLeaves(key, leaves, negate);
}
