/** Keys of what the kernel knows of a packet: meta, ct. */
import { allBits } from '../lower-mark.js';
import type { Match, Ranges } from '../match.js';
import type { CtExpression, MetaExpression } from '../../parse/nft/tree.js';
import * as constants from './constants.js';
import type { Alternatives, Key, KeyContext, NumberKey } from './key.js';
import { each, number, protocolMatch, unknown, unknownMatch } from './key.js';
import { etherTypeKey, familyCompare } from './layers.js';

export function ctKey({ key, direction }: CtExpression, { ingress }: KeyContext): Key {
  if (ingress || direction !== null) return unknown();
  return key === 'state' ? stateKey() : key === 'status' ? statusKey() : unknown();
}

export function metaKey({ key }: MetaExpression, context: KeyContext): Key {
  switch (key) {
    case 'l4proto':
      return number([], constants.protocol, 255, (ranges, negate) => [[protocolMatch(ranges, negate)]]);
    case 'nfproto':
      return number([], constants.nfproto, 255, familyCompare(2, 10));
    case 'protocol':
      return etherTypeKey(context);
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
    case 'mark':
      return markKey();
    case 'length':
      if (context.ingress) return unknown();
      return number([], constants.numberOnly, 65535, (ranges, negate) => [[{ kind: 'length', ranges, negate }]]);
    default:
      return unknown();
  }
}

function markKey(): NumberKey {
  const match = (mask: number, ranges: Ranges, negate: boolean): Alternatives => [
    [{ kind: 'mark', mask, ranges, negate }],
  ];
  return number([], constants.numberOnly, allBits, (ranges, negate) => match(allBits, ranges, negate), {
    masked: (mask, value, negate) => match(mask, [[value, value]], negate),
  });
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

/** `ct status dnat`, `ct status snat`: as in iptables' states. Without a connection the rule breaks, negated or not. */
function statusKey(): NumberKey {
  const statuses = new Map([
    [16, 'SNAT'],
    [32, 'DNAT'],
  ] as const);
  return number([], constants.ctStatus, 0xffff, () => null, {
    anyOf: (bits, negate) => {
      const state = statuses.get(bits as 16 | 32);
      if (!state) return null;
      const match: Match = { kind: 'ctState', states: [state], negate };
      return negate ? [[match, unknownMatch('ct status of a connection')]] : [[match]];
    },
  });
}
