/** Builders of the packet grammar: tokens to clauses. */
import type { Token } from './line-parser.js';
import { flagBits, splitEndpoint } from './packet-lexer.js';
import type { Clause, Endpoint, TrackingWord } from './packet-tree.js';

const columnOf = ({ offset }: Token): number => offset + 1;

export const clauses = ([list]: [Clause[], Token]): Clause[] => list;

export function capture([token]: [Token]): Clause {
  const hash = token.text.lastIndexOf('#');
  const number = Number(token.text.slice(hash + 1));
  return { kind: 'capture', file: token.text.slice(1, hash), number, column: columnOf(token) };
}

export const device = ([word, name]: [Token, Token]): Clause => ({
  kind: 'in',
  device: name.text,
  column: columnOf(word),
});

export const mac = ([word, address]: [Token, Token]): Clause => ({
  kind: 'from',
  mac: address.text.split(':').reduce((sum, byte) => sum * 256 + parseInt(byte, 16), 0),
  column: columnOf(word),
});

export const protocol = ([token]: [Token]): Clause => ({
  kind: 'protocol',
  name: token.text.toLowerCase(),
  column: columnOf(token),
});

const icmpClause = (word: Token, type: string | number | null, code: number | null): Clause => ({
  kind: 'icmp',
  version: word.text.toLowerCase() === 'icmp' ? 4 : 6,
  type,
  code,
  column: columnOf(word),
});

export const icmp = ([word]: [Token]): Clause => icmpClause(word, null, null);
export const icmpNamed = ([word, name]: [Token, Token]): Clause => icmpClause(word, name.text, null);
export const icmpTyped = ([word, , type, , code]: [Token, Token, Token, Token?, Token?]): Clause =>
  icmpClause(word, Number(type.text), code === undefined ? null : Number(code.text));

function endpoint(token: Token): Endpoint {
  const split = splitEndpoint(token.text);
  if (split === null) throw new Error(`bug: ${token.text} is no endpoint`);
  const { family, address, port } = split;
  return { family, address, port: port === null ? null : Number(port), column: columnOf(token) };
}

export const flow = ([source, , destination]: [Token, Token, Token]): Clause => ({
  kind: 'flow',
  source: endpoint(source),
  destination: endpoint(destination),
  column: columnOf(source),
});

export function flags([token]: [Token]): Clause {
  const names = token.text.toLowerCase().split(',');
  // `no-flags` has none.
  const bitsOf: Readonly<Partial<Record<string, number>>> = flagBits;
  const bits = names.reduce((sum, name) => sum | (bitsOf[name] ?? 0), 0);
  return { kind: 'flags', flags: bits, column: columnOf(token) };
}

export const fragment = ([word, , offset]: [Token, Token?, Token?]): Clause => ({
  kind: 'fragment',
  offset: offset === undefined ? null : Number(offset.text),
  column: columnOf(word),
});

export const numbered = ([word, value]: [Token, Token]): Clause => ({
  kind: word.text.toLowerCase() as 'ttl' | 'tos' | 'len' | 'vlan',
  value: Number(value.text),
  column: columnOf(word),
});

export const state = ([token]: [Token]): Clause => ({
  kind: 'state',
  state: token.text.toLowerCase() as TrackingWord,
  column: columnOf(token),
});
