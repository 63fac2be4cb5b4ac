/** Tokens of a packet: words between blanks, named by what they look like and by what stands before them. */
import { isIPv4, isIPv6 } from 'node:net';
import { lineLexer } from './line-lexer.js';
import { tooManyWords, tooManyWordsMark, type Token } from './line-parser.js';

export const flagBits = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

const keywords = new Set(['in', 'from', 'ttl', 'tos', 'len', 'vlan', 'fragment', 'offset', 'type', 'code']);
const states = new Set(['new', 'established', 'related', 'invalid', 'untracked', 'open']);
const protocols = new Set(['tcp', 'udp', 'sctp', 'udplite', 'dccp', 'gre', 'esp', 'ah', 'igmp', 'ipip']);
const icmp = new Set(['icmp', 'icmpv6', 'ipv6-icmp']);

/** Address and port as written; null: it is no endpoint. */
export function splitEndpoint(
  text: string,
): { readonly family: 4 | 6; readonly address: string; readonly port: string | null } | null {
  const [, bracketed, behind] = /^\[([^\]]*)\](?::(\d+))?$/.exec(text) ?? [];
  if (bracketed !== undefined)
    return isIPv6(bracketed) ? { family: 6, address: bracketed, port: behind ?? null } : null;
  if (isIPv6(text)) return { family: 6, address: text, port: null };
  const [address = '', port, ...rest] = text.split(':');
  if (!isIPv4(address) || rest.length > 0 || (port !== undefined && !/^\d+$/.test(port))) return null;
  return { family: 4, address, port: port ?? null };
}

const isFlags = (word: string): boolean =>
  word === 'no-flags' || word.split(',').every((flag) => Object.hasOwn(flagBits, flag));

function typeOf(text: string, before: string | undefined): string {
  if (before === 'inWord') return /^[^\s/]{1,15}$/.test(text) ? 'device' : 'word';
  const word = text.toLowerCase();
  if (before === 'fromWord') return /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/.test(word) ? 'mac' : 'word';
  if (/^@.+#\d{1,15}$/.test(text)) return 'capture';
  if (/^(\d{1,9}|0x[0-9a-f]{1,8})$/.test(word)) return 'number';
  if (text === '>' || text === '->' || text === '→') return 'arrow';
  if (keywords.has(word)) return `${word}Word`;
  if (states.has(word)) return 'state';
  if (protocols.has(word)) return 'protocol';
  if (icmp.has(word)) return 'icmp';
  if (isFlags(word)) return 'flags';
  if (splitEndpoint(text) !== null) return 'endpoint';
  return before === 'icmp' && /^[a-z][a-z0-9-]*$/.test(word) ? 'icmpName' : 'word';
}

function classify(line: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: text, index } of line.matchAll(/@\S.*?#\d+(?=\s|$)|\S+/g)) {
    if (tooManyWords(tokens.length)) {
      tokens.push({ type: 'error', value: '', text: tooManyWordsMark, offset: index });
      break;
    }
    tokens.push({ type: typeOf(text, tokens.at(-1)?.type), value: text, text, offset: index });
  }
  return [...tokens, { type: 'eol', value: '', text: '', offset: line.length }];
}

export const packetLexer = lineLexer(classify);

/** What users call the tokens. */
export const packetTokenNames = {
  capture: '@CAPTURE#12',
  inWord: 'in DEVICE',
  device: 'the name of a device',
  fromWord: 'from MAC',
  mac: 'a MAC address, like 02:00:00:00:00:01',
  protocol: 'a protocol (tcp, udp, sctp, udplite, gre … or its number)',
  icmp: 'icmp or icmpv6',
  icmpName: 'the name of an ICMP type',
  typeWord: 'type',
  codeWord: 'code',
  endpoint: 'an address (192.0.2.1, 192.0.2.1:22, 2001:db8::1, [2001:db8::1]:22)',
  arrow: '">"',
  flags: 'TCP flags (syn,ack)',
  fragmentWord: 'fragment',
  offsetWord: 'offset',
  ttlWord: 'ttl N',
  tosWord: 'tos N',
  lenWord: 'len N',
  vlanWord: 'vlan N',
  number: 'a number',
  state: 'a connection state (new, established, related, invalid, untracked, open)',
  eol: 'the end',
} as const;
