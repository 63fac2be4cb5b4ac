/** -m tcp, udp, udplite, sctp, dccp and multiport. */
import type { Match, PortMatch, Ranges } from './match.js';
import type { LowerMatch, RuleContext } from './lowering-context.js';
import { eachOption, numberRange, onlyWord } from './lowering-context.js';
import type { Routed } from './route-options.js';
import { portNumber } from './service-names.js';

const fields: Readonly<Record<string, PortMatch['field']>> = {
  '--sport': 'sport',
  '--source-port': 'sport',
  '--sports': 'sport',
  '--source-ports': 'sport',
  '--dport': 'dport',
  '--destination-port': 'dport',
  '--dports': 'dport',
  '--destination-ports': 'dport',
  '--ports': 'either',
};

const portRange = (text: string, protocol: number): readonly [number, number] | null =>
  numberRange(text, 65535, (part) => portNumber(part, protocol));

/** xt_tcpudp, xt_sctp, xt_dccp look at nothing before the whole header of these many bytes is there. */
export const portHeaders: Readonly<Record<string, { readonly protocol: number; readonly bytes: number }>> = {
  tcp: { protocol: 6, bytes: 20 },
  udp: { protocol: 17, bytes: 8 },
  udplite: { protocol: 136, bytes: 8 },
  sctp: { protocol: 132, bytes: 12 },
  dccp: { protocol: 33, bytes: 12 },
};

export const lowerTransport: LowerMatch = (extension, context) => {
  const header = portHeaders[extension.name];
  // The kernel refuses `-m tcp` without `-p tcp` (xt_check_match), so such a rule is not in force as written.
  if (!header || context.protocol !== header.protocol) return null;
  const matches = eachOption(extension, (routed) => lowerTransportOption(routed, header.protocol, header.bytes));
  if (!matches) return null;
  const reads = matches.some((match) => match.kind !== 'unknown');
  return reads ? matches : [{ kind: 'header', protocol: header.protocol, bytes: header.bytes }, ...matches];
};

function lowerTransportOption(routed: Routed, protocol: number, headerBytes: number): Match | null {
  const field = fields[routed.name];
  if (field) {
    const range = portRange(onlyWord(routed) ?? '', protocol);
    return range && { kind: 'port', field, ranges: [range], negate: routed.option.negated, headerBytes };
  }
  if (routed.name === '--syn') {
    if (routed.option.values.length > 0) return null;
    // SYN,RST,ACK,FIN SYN
    return { kind: 'tcpFlags', mask: 0x17, value: 0x02, negate: routed.option.negated };
  }
  if (routed.name === '--tcp-flags') return lowerTcpFlags(routed);
  const text = [routed.option.negated ? '! ' : '', routed.name, ...routed.option.values.map((word) => ` ${word.text}`)];
  return { kind: 'unknown', name: routed.name.slice(2), text: text.join(''), knowledge: 'pure' };
}

const flagBits: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ALL: 0x3f,
  NONE: 0,
};

function tcpFlags(text: string): number | null {
  const bits = text.split(',').map((name) => flagBits[name.toUpperCase()]);
  return bits.reduce<number | null>((sum, bit) => (sum === null || bit === undefined ? null : sum | bit), 0);
}

function lowerTcpFlags(routed: Routed): Match | null {
  const [maskText, valueText, more] = routed.option.values;
  if (!maskText || !valueText || more) return null;
  const mask = tcpFlags(maskText.text);
  const value = tcpFlags(valueText.text);
  if (mask === null || value === null) return null;
  return { kind: 'tcpFlags', mask, value, negate: routed.option.negated };
}

/** Protocols that xt_multiport accepts (multiport_check). */
const multiportProtocols: readonly (number | null)[] = [6, 17, 33, 132, 136];

export const lowerMultiport: LowerMatch = (extension, context) => {
  const [routed, more] = extension.options;
  if (!routed || more || !multiportProtocols.includes(context.protocol)) return null;
  const field = fields[routed.name];
  const ranges = multiportRanges(onlyWord(routed) ?? '', context);
  if (!field || !ranges) return null;
  return [{ kind: 'port', field, ranges, negate: routed.option.negated, headerBytes: 4 }];
};

/** At most 15 ports; a range counts as two. */
function multiportRanges(text: string, context: RuleContext): Ranges | null {
  const parts = text.split(',');
  const slots = parts.reduce((sum, part) => sum + (part.includes(':') ? 2 : 1), 0);
  if (slots > 15) return null;
  const ranges = parts.map((part) => portRange(part, context.protocol ?? -1));
  return ranges.includes(null) ? null : ranges.filter((range) => range !== null);
}
