/** Keys of what the routing tables say of an address: nft's fib. */
import type { Match } from '../match.js';
import type { FibExpression } from '../../parse/nft/tree.js';
import * as constants from './constants.js';
import type { Alternatives, Key } from './key.js';
import { number, unknown } from './key.js';
import type { NumberReader } from './values.js';

export function fibKey(expression: FibExpression): Key {
  const { flags, result } = expression;
  if (result === 'type') return typeKey(expression);
  return flags.includes('saddr') && flags.every((flag) => ['saddr', 'mark', 'iif'].includes(flag))
    ? routeKey(flags.includes('iif'), result)
    : unknown();
}

function typeKey({ flags }: FibExpression): Key {
  const [side, ...rest] = flags;
  if ((side !== 'saddr' && side !== 'daddr') || rest.some((flag) => flag !== 'iif')) return unknown();
  return number([], constants.routeType, constants.routeTypes.length - 1, (ranges, negate) => {
    const types = constants.routeTypes.filter((_, i) => ranges.some(([low, high]) => i >= low && i <= high));
    return [[{ kind: 'addressType', field: side, types, negate, limitInterface: rest.length > 0 ? 'in' : null }]];
  });
}

const missing = 0;
const exists = 1;
const firstName = 2;
const mostNames = 0xffff;

/**
 * The device that the source is routed out of. With `iif` it is the one that the packet came from, or none; without it can be any, and
 * then only whether there is one is told here.
 */
function routeKey(sameDevice: boolean, result: FibExpression['result']): Key {
  const names: string[] = [];
  const read: NumberReader = (text, form) => {
    if (text === 'missing' || text === 'false' || text === '') return missing;
    if (text === 'exists' || text === 'true') return exists;
    if (/^[0-9]/.test(text) && form !== 'quoted') return text === '0' && result === 'oif' ? missing : null;
    const isName = sameDevice && result !== 'check' && (form === 'word' || form === 'quoted') && !/[*\\]/.test(text);
    return isName && names.length < mostNames - firstName ? names.push(text) - 1 + firstName : null;
  };
  const route = (negate: boolean): Match => ({
    kind: 'reversePath',
    by: 'fib',
    sameDevice,
    acceptLocal: false,
    negate,
  });
  const device = (value: number, negate: boolean): Match => ({
    kind: 'interface',
    direction: 'in',
    name: names[value - firstName] ?? '',
    wildcard: false,
    negate,
  });
  const one = (value: number, negate: boolean): Alternatives => {
    if (value === missing || value === exists) return [[route((value === missing) !== negate)]];
    return negate ? [[route(true)], [route(false), device(value, true)]] : [[route(false), device(value, false)]];
  };
  return number([], read, mostNames, (ranges, negate) => {
    const values = ranges.map(([low]) => low);
    if (ranges.some(([low, high]) => low !== high) || new Set(values).size < values.length) return null;
    if (values.length === 1 || !negate) return values.flatMap((value) => one(value, negate));
    return null;
  });
}
