/** An nft match to alternatives of the model's matches. What is not understood is an unknown match: it never makes a rule wider. */
import type { Match, UnknownMatch } from '../match.js';
import type { NamedSet, SetId } from '../set.js';
import type { Expression, MatchStatement, SetReference } from '../../parse/nft/tree.js';
import { printStatement } from '../../parse/nft/print-statement.js';
import { lowerConcat } from './concat.js';
import type { SetDraft } from './draft.js';
import type { AddressKey, Alternatives, Key, KeyContext, NumberKey } from './key.js';
import { always, familyMatch, unknownMatch } from './key.js';
import { compareAddresses, compareNames, keyOf } from './keys.js';
import type { Leaves, Scope } from './scope.js';
import { lowerMasked } from './masked.js';
import { leavesOf, resolve } from './scope.js';
import { rangesOf } from '../address-text.js';
import { addressBounds, addressRanges, deviceNames, flagBits, numberRange, numberRanges } from './values.js';

/** What a rule is lowered with. */
export interface MatchContext extends KeyContext {
  readonly scope: Scope;
  readonly table: string;
  readonly setOf: (name: string) => SetDraft | null;
  /**
   * Takes a set that stands for the elements of a concatenation, and gives it an id. What is `asked` of a named set tells it from others of
   * the name; null: it stands alone.
   */
  readonly addSet: (name: string, asked: string | null, make: (id: SetId) => NamedSet) => SetId;
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
        ? lowerMasked(statement, key, mask, context.scope)
        : lowerComparison(statement, key, context);
  return withPresumed(key.presumes, found ?? [[unknownMatch(text, right(statement, context))]]);
}

export const withPresumed = (presumed: readonly Match[], alternatives: Alternatives): Alternatives =>
  presumed.length === 0 ? alternatives : alternatives.map((matches) => [...presumed, ...matches]);

/** `left & mask`, or `left value / mask`. */
export function keyAndMask(
  { left, mask }: Pick<MatchStatement, 'left' | 'mask'>,
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
  if (key.kind === 'address') return orderedAddresses(key, operator, value.expression, value.scope);
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

function orderedAddresses(
  key: AddressKey,
  operator: '<' | '>' | '<=' | '>=' | '!',
  expression: Expression,
  scope: Scope,
): Alternatives | null {
  const { family, read } = key;
  const bound = addressBounds(family, expression, scope, read ?? undefined);
  if (operator === '!' || !bound || bound.lo.some((word, i) => word !== bound.hi[i])) return null;
  const [least, most] = [bound.lo.map(() => 0), bound.lo.map(() => 0xffffffff)];
  // `<` is what `>=` is not.
  const below = operator === '<' || operator === '<=';
  const negate = operator === '<' || operator === '>';
  const range = below === negate ? { lo: bound.lo, hi: most } : { lo: least, hi: bound.lo };
  return compareAddresses(key, rangesOf(family, [range]), negate);
}

/** Values written in place. */
export function compareLeaves(key: Key, leaves: Leaves, negate: boolean): Alternatives | null {
  if (leaves.leaves.some(({ element }) => element?.statements.some(({ kind }) => kind !== 'counter'))) return null;
  switch (key.kind) {
    case 'address': {
      if (key.read && leaves.columns.length > 0) return null;
      const ranges = addressRanges(key.family, leaves, key.read ?? undefined);
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
  if (
    key.kind === 'address' &&
    !key.read &&
    types?.length === 1 &&
    types[0] === (family === 4 ? 'ipv4_addr' : 'ipv6_addr')
  )
    // The family once more, for a set match of the model says nothing of it when negated.
    return withPresumed([familyMatch(key.family)], asSet(key.field === 'saddr' ? 'src' : 'dst'));
  if (
    key.kind === 'number' &&
    key.port?.protocols?.every(([one]) => one === 6 || one === 17) &&
    types?.[0] === 'inet_service'
  )
    return types.length === 1 ? asSet(key.port.field === 'sport' ? 'src' : 'dst') : null;
  if (set.changes || set.timed || types?.length !== 1) return null;
  set.inRules = true;
  const leaves = set.leaves();
  return leaves && compareLeaves(key, leaves, negate);
}
