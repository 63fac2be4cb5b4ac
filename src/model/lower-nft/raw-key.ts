/** Raw payload (`@nh,96,32`): the field that stands there, read as a number. nft adds no dependencies to it. */
import type { AddressFamily } from '../address.js';
import { wordsPerAddress } from '../address.js';
import { network, type Bounds } from '../address-text.js';
import type { PayloadExpression, RawExpression } from '../../parse/nft/tree.js';
import { plainNumber } from './constants.js';
import type { AddressKey, Key, KeyContext } from './key.js';
import { unknown } from './key.js';
import { payloadKey } from './payload-key.js';

/** Field by `offset,length` in bits. */
type Layout = Readonly<Record<string, string>>;

const ip: Layout = {
  '0,4': 'version',
  '8,6': 'dscp',
  '14,2': 'ecn',
  '16,16': 'length',
  '48,16': 'frag-off',
  '64,8': 'ttl',
  '72,8': 'protocol',
};
const ip6: Layout = {
  '0,4': 'version',
  '4,6': 'dscp',
  '10,2': 'ecn',
  '32,16': 'length',
  '48,8': 'nexthdr',
  '56,8': 'hoplimit',
};
const ports: Layout = { '0,16': 'sport', '16,16': 'dport' };
const icmp: Layout = { '0,8': 'type', '8,8': 'code' };
const ether: Layout = { '48,48': 'saddr', '96,16': 'type' };

export function rawKey(left: RawExpression, context: KeyContext): Key {
  const { base } = left;
  if (base === 'nh') return networkKey(left, context);
  if (base === 'll') return fieldKey(left, 'ether', ether, context);
  if (base !== 'th') return unknown();
  const [[only, last] = [-1, -1], ...more] = context.protocols ?? [];
  const protocol = only === last && more.length === 0 ? only : null;
  if (protocol === 6 && left.offset === 104 && left.length === 8)
    return fieldKey({ ...left, offset: 0 }, 'tcp', { '0,8': 'flags' }, context);
  if (protocol === 1 && context.network === 4) return fieldKey(left, 'icmp', icmp, context);
  if (protocol === 58 && context.network === 6) return fieldKey(left, 'icmpv6', icmp, context);
  return fieldKey(left, 'th', ports, context);
}

function fieldKey({ offset, length, span }: RawExpression, protocol: string, layout: Layout, context: KeyContext): Key {
  const field = layout[`${offset},${length}`];
  if (field === undefined) return unknown();
  const payload: PayloadExpression = { kind: 'payload', protocol, field, span };
  const key = payloadKey(payload, context);
  // The rule's own matches have said which header it is, where that matters.
  return key.kind === 'number' ? { ...key, presumes: [], read: (text: string) => plainNumber(text) } : unknown();
}

/** Of an unknown family the bytes mean nothing. */
function networkKey(left: RawExpression, context: KeyContext): Key {
  const { network: family } = context;
  if (family === null) return unknown();
  const at = family === 4 ? 96 : 64;
  const bits = family === 4 ? 32 : 128;
  for (const [i, field] of (['saddr', 'daddr'] as const).entries())
    if (left.offset === at + i * bits && left.length <= bits) return addressKey(family, field, left.length);
  return fieldKey(left, family === 4 ? 'ip' : 'ip6', family === 4 ? ip : ip6, context);
}

/** The first `length` bits of an address as one number. */
function addressKey(family: AddressFamily, field: 'saddr' | 'daddr', length: number): AddressKey {
  const total = BigInt(family === 4 ? 32 : 128);
  const read = (text: string): Bounds | null => {
    if (!/^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)$/.test(text)) return null;
    const number = BigInt(text);
    if (number >> BigInt(length) !== 0n) return null;
    const whole = number << (total - BigInt(length));
    const count = wordsPerAddress(family);
    const words = Array.from({ length: count }, (_, i) =>
      Number((whole >> BigInt(32 * (count - 1 - i))) & 0xffffffffn),
    );
    return network(words, length);
  };
  return { kind: 'address', presumes: [], family, field, read };
}
