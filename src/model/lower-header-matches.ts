/** Matches on one header field each: icmp, ttl, hl, length, dscp, tos, mac, pkttype, addrtype, iprange. */
import { rangeOf, xtablesRange } from './address-text.js';
import { icmpType } from './icmp-names.js';
import type { AddressMatch, Match, Ranges, RouteType } from './match.js';
import type { LowerMatch, RuleContext } from './lowering-context.js';
import { eachOption, numberRange, onlyWord, wholeNumber } from './lowering-context.js';
import type { Extension, Routed } from './route-options.js';
import { scanMac } from './scan-mac.js';
import { noMac } from './tuples.js';

/** The only option of an extension with the only word of it. */
function only(extension: Extension): { readonly name: string; readonly text: string; readonly negate: boolean } | null {
  const [routed, more] = extension.options;
  const text = routed && !more ? onlyWord(routed) : null;
  return routed && text !== null ? { name: routed.name, text, negate: routed.option.negated } : null;
}

/** xt_icmp and ip6t_icmp6 want 8 bytes of header. In IPv4 type 255 matches every type and code (icmp_type_code_match). */
export const lowerIcmp: LowerMatch = (extension, context) => {
  const version = extension.name === 'icmp' ? 4 : 6;
  const protocol = version === 4 ? 1 : 58;
  if (context.protocol !== protocol || context.family !== version) return null;
  if (extension.options.length === 0) return [{ kind: 'header', protocol, bytes: 8 }];
  const option = only(extension);
  const type = option && icmpTypes(version, option.text);
  return type && [{ kind: 'icmp', version, ...type, negate: option.negate }];
};

function icmpTypes(version: 4 | 6, text: string): { types: Ranges; codes: Ranges } | null {
  if (version === 4 && text.toLowerCase() === 'any') return { types: [[0, 255]], codes: [[0, 255]] };
  const named = icmpType(version, text);
  const [typeText = '', codeText, more] = text.split('/');
  const type = named?.type ?? wholeNumber(typeText, 255);
  const code = named ? named.code : codeText === undefined ? null : wholeNumber(codeText, 255);
  if (type === null || more !== undefined || (codeText !== undefined && code === null)) return null;
  if (version === 4 && type === 255) return { types: [[0, 255]], codes: [[0, 255]] };
  return { types: [[type, type]], codes: code === null ? [[0, 255]] : [[code, code]] };
}

/** xt_hl: `ttl` is for IPv4, `hl` for IPv6; -lt and -gt exclude the number itself. */
export const lowerTtl: LowerMatch = (extension, context) => {
  const option = only(extension);
  const number = option && wholeNumber(option.text, 255);
  if (!option || number === null || context.family !== (extension.name === 'ttl' ? 4 : 6)) return null;
  const { negate } = option;
  if (option.name.endsWith('-lt')) return number > 0 && !negate ? [ttl([0, number - 1])] : null;
  if (option.name.endsWith('-gt')) return number < 255 && !negate ? [ttl([number + 1, 255])] : null;
  return [{ kind: 'ttl', ranges: [[number, number]], negate }];
};

const ttl = (range: readonly [number, number]): Match => ({ kind: 'ttl', ranges: [range], negate: false });

export const lowerLength: LowerMatch = (extension) => {
  const option = only(extension);
  const range = option && numberRange(option.text, 65535, (part) => wholeNumber(part, 65535));
  return range && [{ kind: 'length', ranges: [range], negate: option.negate }];
};

const dscpClasses: Readonly<Record<string, number>> = {
  CS0: 0,
  BE: 0,
  CS1: 8,
  CS2: 16,
  CS3: 24,
  CS4: 32,
  CS5: 40,
  CS6: 48,
  CS7: 56,
  AF11: 10,
  AF12: 12,
  AF13: 14,
  AF21: 18,
  AF22: 20,
  AF23: 22,
  AF31: 26,
  AF32: 28,
  AF33: 30,
  AF41: 34,
  AF42: 36,
  AF43: 38,
  EF: 46,
};

export const lowerDscp: LowerMatch = (extension) => {
  const option = only(extension);
  const value =
    option?.name === '--dscp-class' ? dscpClasses[option.text.toUpperCase()] : option && wholeNumber(option.text, 63);
  return option && typeof value === 'number'
    ? [{ kind: 'tos', mask: 0xfc, value: value << 2, negate: option.negate }]
    : null;
};

const tosNames: Readonly<Record<string, number>> = {
  'minimize-delay': 0x10,
  'maximize-throughput': 0x08,
  'maximize-reliability': 0x04,
  'minimize-cost': 0x02,
  'normal-service': 0x00,
};

/** A name is compared under the mask 0x3f, a bare number under 0xff (iptables-save 1.8.9 prints them so). */
export const lowerTos: LowerMatch = (extension) => {
  const option = only(extension);
  if (!option) return null;
  const named = tosNames[option.text.toLowerCase()];
  if (named !== undefined) return [{ kind: 'tos', mask: 0x3f, value: named, negate: option.negate }];
  const [valueText = '', maskText, more] = option.text.split('/');
  const value = wholeNumber(valueText, 255);
  const mask = maskText === undefined ? 255 : wholeNumber(maskText, 255);
  if (value === null || mask === null || more !== undefined) return null;
  return [{ kind: 'tos', mask, value, negate: option.negate }];
};

export const lowerMac: LowerMatch = (extension) => {
  const option = only(extension);
  const address = option ? scanMac(option.text, 0, option.text.length) : noMac;
  return option && address !== noMac
    ? [{ kind: 'mac', addresses: Float64Array.of(address), negate: option.negate }]
    : null;
};

const packetTypes = new Map([
  ['unicast', 'host'],
  ['host', 'host'],
  ['broadcast', 'broadcast'],
  ['multicast', 'multicast'],
] as const);

export const lowerPacketType: LowerMatch = (extension) => {
  const option = only(extension);
  const type = packetTypes.get((option?.text.toLowerCase() ?? '') as 'host');
  return option && type ? [{ kind: 'packetType', type, negate: option.negate }] : null;
};

const routeTypes = new Set<string>(
  'UNSPEC UNICAST LOCAL BROADCAST ANYCAST MULTICAST BLACKHOLE UNREACHABLE PROHIBIT'.split(' '),
);

export const lowerAddressType: LowerMatch = (extension) => {
  const limits = extension.options.filter((routed) => routed.name.startsWith('--limit-'));
  const types = extension.options.filter((routed) => !limits.includes(routed));
  const [limit, second] = limits;
  if (second || limit?.option.negated || (limit?.option.values.length ?? 0) > 0 || types.length === 0) return null;
  const limitInterface = limit ? (limit.name.endsWith('-in') ? 'in' : 'out') : null;
  return eachOption({ ...extension, options: types }, (routed) => {
    const names = onlyWord(routed)?.toUpperCase().split(',') ?? [];
    if (names.length === 0 || !names.every((name) => routeTypes.has(name))) return null;
    const field = routed.name === '--src-type' ? 'saddr' : 'daddr';
    return {
      kind: 'addressType',
      field,
      types: names as RouteType[],
      negate: routed.option.negated,
      limitInterface,
    };
  });
};

export const lowerIpRange: LowerMatch = (extension, context) =>
  extension.options.length === 0 ? null : eachOption(extension, (routed) => ipRange(routed, context));

function ipRange(routed: Routed, context: RuleContext): AddressMatch | null {
  const bounds = xtablesRange(context.family, onlyWord(routed) ?? '');
  return (
    bounds && {
      kind: 'address',
      field: routed.name === '--src-range' ? 'saddr' : 'daddr',
      ranges: rangeOf(context.family, bounds),
      negate: routed.option.negated,
    }
  );
}
