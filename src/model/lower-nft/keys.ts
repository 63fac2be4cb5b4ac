/** The left side of an nft match to a key. */
import type { AddressRanges } from '../address.js';
import type { Match } from '../match.js';
import type { Expression } from '../../parse/nft/tree.js';
import type { AddressKey, Alternatives, Key, KeyContext, NameKey } from './key.js';
import { maxAlternatives, unknown, unknownMatch } from './key.js';
import { fibKey } from './fib-key.js';
import { ctKey, metaKey } from './meta-key.js';
import { payloadKey } from './payload-key.js';
import { rawKey } from './raw-key.js';
import type { DeviceName } from './values.js';

export function keyOf(left: Expression, context: KeyContext): Key {
  switch (left.kind) {
    case 'payload':
      return payloadKey(left, context);
    case 'meta':
      return metaKey(left, context);
    case 'ct':
      return ctKey(left, context);
    case 'fib':
      return fibKey(left);
    case 'raw':
      return rawKey(left, context);
    case 'numgen':
      return unknown([], left.mode === 'inc' ? 'stateful' : 'pure');
    case 'exthdr':
    case 'option':
    case 'rt':
    case 'socket':
    case 'osf':
    case 'ipsec':
    case 'tunnel':
    case 'hash':
    case 'binary':
    case 'concat':
    case 'map':
      return unknown();
    case 'value':
    case 'variable':
    case 'list':
    case 'prefix':
    case 'range':
    case 'setReference':
    case 'set':
    case 'opaque':
      return unknown([], 'opaque');
  }
}

export function compareAddresses(key: AddressKey, ranges: AddressRanges, negate: boolean): Alternatives {
  return [[{ kind: 'address', field: key.field, ranges, negate }]];
}

/**
 * Names do not overlap but where a wildcard holds another: then the longer one is left out. Where there is no output device nft before
 * Linux 5.x broke the rule, so a negated one is not sure there.
 */
export function compareNames(key: NameKey, names: readonly DeviceName[], negate: boolean): Alternatives | null {
  const { direction } = key;
  const covers = (a: DeviceName, b: DeviceName): boolean => a !== b && a.wildcard && b.name.startsWith(a.name);
  const unique = names.filter(
    (one, i) =>
      !names.some((other) => covers(other, one) && !(covers(one, other) && names.indexOf(other) > i)) &&
      names.findIndex((other) => other.name === one.name && other.wildcard === one.wildcard) === i,
  );
  const match = ({ name, wildcard }: DeviceName): Match => ({ kind: 'interface', direction, name, wildcard, negate });
  if (!negate) return unique.length > maxAlternatives ? null : unique.map((name) => [match(name)]);
  const doubt = direction === 'out' ? [unknownMatch('oifname')] : [];
  return [[...unique.map(match), ...doubt]];
}
