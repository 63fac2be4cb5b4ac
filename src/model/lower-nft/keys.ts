/**
 * What stands left of an nft match, as a key: what it presumes of the packet (nft's implicit dependencies), what kind of constants it is
 * compared with, and what a comparison with them is in the model.
 */
import type { AddressFamily } from '../address.js';
import type { AddressRanges } from '../address.js';
import type { Match, Ranges, UnknownMatch } from '../match.js';
import type { Family } from '../ruleset.js';
import type { Expression, FibExpression, MetaExpression, PayloadExpression } from '../../parse/nft/tree.js';
import { printExpression } from '../../parse/nft/print-expression.js';
import * as constants from './constants.js';
import type { DeviceName, NumberReader } from './values.js';

/** One of these conjunctions holds; no two of them hold of one packet. */
export type Alternatives = readonly (readonly Match[])[];

export const never: Alternatives = [];
export const always: Alternatives = [[]];

interface KeyBase {
  /** nft tests these first; without them the rule breaks, whether the match is negated or not. */
  readonly presumes: readonly Match[];
}
export interface AddressKey extends KeyBase {
  readonly kind: 'address';
  readonly family: AddressFamily;
  readonly field: 'saddr' | 'daddr';
}
export interface NumberKey extends KeyBase {
  readonly kind: 'number';
  readonly read: NumberReader;
  readonly max: number;
  /** Null: too many values for the model. */
  readonly compare: (ranges: Ranges, negate: boolean) => Alternatives | null;
  /** Compared with several bits without an operator: one of them is set. */
  readonly anyOf: ((bits: number, negate: boolean) => Alternatives | null) | null;
  /** A comparison under a mask. */
  readonly masked: ((mask: number, value: number, negate: boolean) => Alternatives | null) | null;
  /** Set for a port: named sets of ports have a kind of their own. */
  readonly port: { readonly field: 'sport' | 'dport'; readonly protocols: Ranges | null } | null;
}
export interface NameKey extends KeyBase {
  readonly kind: 'name';
  readonly direction: 'in' | 'out';
}
export interface UnknownKey extends KeyBase {
  readonly kind: 'unknown';
  readonly knowledge: UnknownMatch['knowledge'];
}
export type Key = AddressKey | NumberKey | NameKey | UnknownKey;

export interface KeyContext {
  readonly family: Family;
  /** The table hooks into ingress, where frames still have their padding and no conntrack. */
  readonly ingress: boolean;
  /** Protocols that the rule's matches so far leave; null: any. */
  readonly protocols: Ranges | null;
}

/** tcp, udp, dccp, sctp, udplite. */
const portProtocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136 };
const headerBytes: Readonly<Record<number, number>> = { 6: 20, 17: 8, 33: 12, 132: 12, 136: 8 };
const allPortProtocols: Ranges = Object.values(portProtocols).map((number) => [number, number] as const);

const maxAlternatives = 16;

export const familyMatch = (family: AddressFamily): Match => ({ kind: 'family', family });
export const protocolMatch = (protocols: Ranges, negate = false): Match => ({ kind: 'protocol', protocols, negate });
export const unknownMatch = (text: string, knowledge: UnknownMatch['knowledge'] = 'pure'): UnknownMatch => ({
  kind: 'unknown',
  name: text.split(' ', 2).join(' '),
  text,
  knowledge,
});

/** In the ip and ip6 families nothing is tested, for nothing else gets there. */
function presumeFamily(context: KeyContext, family: AddressFamily): Match[] {
  return context.family === (family === 4 ? 'ip' : 'ip6') ? [] : [familyMatch(family)];
}

const number = (
  presumes: readonly Match[],
  read: NumberReader,
  max: number,
  compare: NumberKey['compare'],
  more: Partial<Pick<NumberKey, 'anyOf' | 'masked' | 'port'>> = {},
): NumberKey => ({ kind: 'number', presumes, read, max, compare, anyOf: null, masked: null, port: null, ...more });

const unknown = (presumes: readonly Match[] = [], knowledge: UnknownMatch['knowledge'] = 'pure'): UnknownKey => ({
  kind: 'unknown',
  presumes,
  knowledge,
});

export function keyOf(left: Expression, context: KeyContext): Key {
  switch (left.kind) {
    case 'payload':
      return payloadKey(left, context);
    case 'meta':
      return metaKey(left, context);
    case 'ct':
      return left.key === 'state' && !context.ingress ? stateKey() : unknown();
    case 'fib':
      return fibKey(left);
    case 'numgen':
      return unknown([], left.mode === 'inc' ? 'stateful' : 'pure');
    case 'raw':
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

function payloadKey(left: PayloadExpression, context: KeyContext): Key {
  const { protocol, field } = left;
  const own = portProtocols[protocol];
  if (own !== undefined) {
    const presumes = [protocolMatch([[own, own]])];
    if (field === 'sport' || field === 'dport') return portKey(field, presumes, [[own, own]]);
    return protocol === 'tcp' && field === 'flags' ? flagsKey(presumes) : unknown(presumes);
  }
  switch (protocol) {
    case 'th':
      if (field !== 'sport' && field !== 'dport') return unknown();
      return portKey(field, [], context.protocols);
    case 'ip':
    case 'ip6':
      return networkKey(left, presumeFamily(context, protocol === 'ip' ? 4 : 6));
    case 'icmp':
      return icmpKey(field, 4, [...presumeFamily(context, 4), protocolMatch([[1, 1]])]);
    case 'icmpv6':
      return icmpKey(field, 6, [...presumeFamily(context, 6), protocolMatch([[58, 58]])]);
    case 'ether':
      return field === 'saddr' ? macKey() : unknown();
    default:
      return unknown();
  }
}

function networkKey({ protocol, field }: PayloadExpression, presumes: readonly Match[]): Key {
  const family = protocol === 'ip' ? 4 : 6;
  if (field === 'saddr' || field === 'daddr') return { kind: 'address', presumes, family, field };
  if (field === 'dscp') return dscpKey(presumes);
  if (field === (family === 4 ? 'ttl' : 'hoplimit'))
    return number(presumes, constants.numberOnly, 255, (ranges, negate) => [[{ kind: 'ttl', ranges, negate }]]);
  if (family === 4 && field === 'protocol')
    return number(presumes, constants.protocol, 255, (ranges, negate) => [[protocolMatch(ranges, negate)]]);
  if (family === 4 && field === 'length')
    return number(presumes, constants.numberOnly, 65535, (ranges, negate) => [[{ kind: 'length', ranges, negate }]]);
  return unknown(presumes);
}

/**
 * `th dport` reads the bytes whatever the protocol is (no dependency is generated, nft 1.0.6): of protocols without ports the answer is
 * not known.
 */
function portKey(field: 'sport' | 'dport', presumes: readonly Match[], protocols: Ranges | null): NumberKey {
  const within = protocols?.every(([low, high]) => low === high && allPortProtocols.some(([one]) => one === low));
  const [[only] = [0]] = protocols ?? [];
  const bytes = protocols?.length === 1 ? (headerBytes[only] ?? 4) : 4;
  return number(
    presumes,
    constants.port(protocols?.length === 1 ? only : null),
    65535,
    (ranges, negate) => {
      const match: Match = { kind: 'port', field, ranges, negate, headerBytes: bytes };
      if (within) return [[match]];
      return [
        [protocolMatch(allPortProtocols), match],
        [protocolMatch(allPortProtocols, true), unknownMatch(`th ${field}`)],
      ];
    },
    { port: { field, protocols: within ? protocols : null } },
  );
}

function flagsKey(presumes: readonly Match[]): NumberKey {
  const masked = (mask: number, value: number, negate: boolean): Alternatives => {
    if ((value & ~mask) !== 0) return negate ? always : never;
    return [[{ kind: 'tcpFlags', mask, value, negate }]];
  };
  return number(
    presumes,
    constants.tcpFlags,
    255,
    each((value, negate) => masked(255, value, negate)),
    {
      anyOf: (bits, negate) => masked(bits, 0, !negate),
      masked,
    },
  );
}

function dscpKey(presumes: readonly Match[]): NumberKey {
  return number(
    presumes,
    constants.dscp,
    63,
    each((value, negate) => [[{ kind: 'tos', mask: 0xfc, value: value << 2, negate }]]),
  );
}

function icmpKey(field: string, version: 4 | 6, presumes: readonly Match[]): Key {
  const whole: Ranges = [[0, 255]];
  if (field === 'type')
    return number(presumes, constants.icmpTypeOf(version), 255, (types, negate) => [
      [{ kind: 'icmp', version, types, codes: whole, negate }],
    ]);
  if (field === 'code')
    return number(presumes, constants.icmpCodeOf(version), 255, (codes, negate) => [
      [{ kind: 'icmp', version, types: whole, codes, negate }],
    ]);
  return unknown(presumes);
}

function macKey(): NumberKey {
  return number([], constants.mac, 2 ** 48 - 1, (ranges, negate) =>
    ranges.every(([low, high]) => low === high)
      ? [[{ kind: 'mac', addresses: ranges.map(([low]) => low), negate }]]
      : null,
  );
}

function metaKey({ key }: MetaExpression, context: KeyContext): Key {
  switch (key) {
    case 'l4proto':
      return number([], constants.protocol, 255, (ranges, negate) => [[protocolMatch(ranges, negate)]]);
    case 'nfproto':
      return number([], constants.nfproto, 255, familyCompare(2, 10));
    case 'protocol':
      // At ingress a tag in a tag is still there.
      return context.ingress ? unknown() : number([], constants.etherType, 65535, familyCompare(2048, 34525));
    case 'iif':
    case 'iifname':
      return { kind: 'name', presumes: [], direction: 'in' };
    case 'oif':
    case 'oifname':
      return { kind: 'name', presumes: [], direction: 'out' };
    case 'pkttype':
      return number(
        [],
        constants.packetType,
        3,
        each((value, negate) => {
          const type = constants.packetTypes[value];
          return type ? [[{ kind: 'packetType', type, negate }]] : null;
        }),
      );
    case 'length':
      if (context.ingress) return unknown();
      return number([], constants.numberOnly, 65535, (ranges, negate) => [[{ kind: 'length', ranges, negate }]]);
    default:
      return unknown();
  }
}

/** Which of the two families the values are: the others are none that gets here. */
function familyCompare(ip: number, ip6: number): NumberKey['compare'] {
  return (ranges, negate) => {
    const has = (value: number): boolean => ranges.some(([low, high]) => value >= low && value <= high) !== negate;
    return [...(has(ip) ? [[familyMatch(4)]] : []), ...(has(ip6) ? [[familyMatch(6)]] : [])];
  };
}

/** A packet is in exactly one state, so equality and "one of these bits" are the same for sets of single bits. */
function stateKey(): NumberKey {
  const states = (bits: number): Match & { kind: 'ctState' } => ({
    kind: 'ctState',
    states: constants.stateBits.filter(([, bit]) => bits & bit).map(([name]) => name),
    negate: false,
  });
  const oneBit = (value: number): boolean => constants.stateBits.some(([, bit]) => bit === value);
  const known = constants.stateBits.reduce((bits, [, bit]) => bits | bit, 0);
  return number(
    [],
    constants.ctState,
    255,
    (ranges, negate) => {
      if (!ranges.every(([low, high]) => low === high && oneBit(low))) return null;
      return [[{ ...states(ranges.reduce((bits, [low]) => bits | low, 0)), negate }]];
    },
    {
      anyOf: (bits, negate) => ((bits & ~known) !== 0 ? null : [[{ ...states(bits), negate }]]),
      masked: (mask, value, negate) => {
        if ((mask & ~known) !== 0 || (value !== 0 && value !== mask) || (value !== 0 && !oneBit(value))) return null;
        return [[{ ...states(mask), negate: value === 0 ? !negate : negate }]];
      },
    },
  );
}

function fibKey({ flags, result }: FibExpression): Key {
  const [side, ...rest] = flags;
  if (result !== 'type' || (side !== 'saddr' && side !== 'daddr') || rest.some((flag) => flag !== 'iif'))
    return unknown();
  return number([], constants.routeType, constants.routeTypes.length - 1, (ranges, negate) => {
    const types = constants.routeTypes.filter((_, i) => ranges.some(([low, high]) => i >= low && i <= high));
    return [[{ kind: 'addressType', field: side, types, negate, limitInterface: rest.length > 0 ? 'in' : null }]];
  });
}

/** A key whose matches compare with one value each: alternatives, or when negated all of them together. */
function each(one: (value: number, negate: boolean) => Alternatives | null): NumberKey['compare'] {
  return (ranges, negate) => {
    const values = new Set<number>();
    for (const [low, high] of ranges) {
      if (high - low >= maxAlternatives) return null;
      for (let value = low; value <= high; value++) values.add(value);
    }
    if (values.size > maxAlternatives) return null;
    const found: Match[][] = negate ? [[]] : [];
    for (const value of values) {
      const alternatives = one(value, negate);
      if (!alternatives) return null;
      if (!negate) found.push(...alternatives.map((conjunction) => [...conjunction]));
      else if (alternatives.length === 0) return never;
      else if (alternatives.length > 1) return null;
      else found[0]?.push(...(alternatives[0] ?? []));
    }
    return found;
  };
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

export const keyText = (left: Expression): string => printExpression(left);
