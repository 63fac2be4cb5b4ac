/** Keys of header fields. */
import type { Match, Ranges } from '../match.js';
import type { PayloadExpression } from '../../parse/nft/tree.js';
import * as constants from './constants.js';
import type { NumberReader } from './values.js';
import type { Alternatives, Key, KeyContext, NumberKey } from './key.js';
import { always, each, never, number, presumeFamily, protocolMatch, unknown, unknownMatch } from './key.js';
import { etherTypeKey, nextHeaderCompare } from './layers.js';

/** tcp, udp, dccp, sctp, udplite. */
const portProtocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136 };
const headerBytes: Readonly<Record<number, number>> = { 6: 20, 17: 8, 33: 12, 132: 12, 136: 8 };
const allPortProtocols: Ranges = Object.values(portProtocols).map((number) => [number, number] as const);

export function payloadKey(left: PayloadExpression, context: KeyContext): Key {
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
      if (field === 'saddr') return macKey();
      return field === 'type' ? etherTypeKey(context) : unknown();
    default:
      return unknown();
  }
}

function networkKey({ protocol, field }: PayloadExpression, presumes: readonly Match[]): Key {
  const family = protocol === 'ip' ? 4 : 6;
  switch (field) {
    case 'saddr':
    case 'daddr':
      return { kind: 'address', presumes, family, field, read: null };
    case 'dscp':
      return tosKey(presumes, constants.dscp, 2, 0xfc);
    case 'ecn':
      return tosKey(presumes, constants.ecn, 0, 0x03);
    case 'version':
      // What is no IP of its own version never gets to a hook (`ip_rcv_core`, `ip6_rcv_core`).
      return number(presumes, constants.numberOnly, 15, (ranges, negate) =>
        ranges.some(([low, high]) => low <= family && family <= high) !== negate ? always : never,
      );
    default:
      return family === 4 ? ipKey(field, presumes) : ip6Key(field, presumes);
  }
}

function ipKey(field: string, presumes: readonly Match[]): Key {
  switch (field) {
    case 'ttl':
      return number(presumes, constants.numberOnly, 255, (ranges, negate) => [[{ kind: 'ttl', ranges, negate }]]);
    case 'protocol':
      return number(presumes, constants.protocol, 255, (ranges, negate) => [[protocolMatch(ranges, negate)]]);
    case 'length':
      return number(presumes, constants.numberOnly, 65535, (ranges, negate) => [[{ kind: 'length', ranges, negate }]]);
    case 'frag-off':
      return number(presumes, constants.numberOnly, 65535, () => null, { masked: fragmentMasked });
    default:
      return unknown(presumes);
  }
}

function ip6Key(field: string, presumes: readonly Match[]): Key {
  switch (field) {
    case 'hoplimit':
      return number(presumes, constants.numberOnly, 255, (ranges, negate) => [[{ kind: 'ttl', ranges, negate }]]);
    case 'nexthdr':
      return number(presumes, constants.protocol, 255, nextHeaderCompare);
    case 'length':
      // The payload's length; 0 may stand for a jumbogram.
      return number(presumes, constants.numberOnly, 65535, (ranges, negate) => {
        const whole = ranges.map(([low, high]) => [low + 40, high + 40] as const);
        return whole.some(([low, high]) => low === 40 || high > 65535)
          ? null
          : [[{ kind: 'length', ranges: whole, negate }]];
      });
    default:
      return unknown(presumes);
  }
}

/** Offset bits alone: `iptables -f`. */
function fragmentMasked(mask: number, value: number, negate: boolean): Alternatives | null {
  return mask === 0x1fff && value === 0 ? [[{ kind: 'fragment', negate: !negate }]] : null;
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

/** Some bits of the TOS byte or traffic class. */
function tosKey(presumes: readonly Match[], read: NumberReader, shift: number, bits: number): NumberKey {
  const masked = (mask: number, value: number, negate: boolean): Alternatives => {
    if ((value & ~mask) !== 0) return negate ? always : never;
    return [[{ kind: 'tos', mask: (mask << shift) & bits, value: value << shift, negate }]];
  };
  const max = bits >> shift;
  return number(
    presumes,
    read,
    max,
    each((value, negate) => masked(max, value, negate), max + 1),
    { masked },
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
      ? [[{ kind: 'mac', addresses: Float64Array.from(ranges, ([low]) => low), negate }]]
      : null,
  );
}
