/** Actions of grammar/nft-expression.ne: parts of a derivation to nodes. */
import type {
  BinaryExpression,
  CtExpression,
  Expression,
  RawExpression,
  SetExpression,
  SetReference,
  ValueExpression,
  ValueForm,
  VariableExpression,
} from './tree-expression.js';
import type { Token } from './lexer.js';
import { numberOf, spanOf, textOf, tokenOf } from './place.js';

type Parts = readonly unknown[];

export const first = (d: Parts): unknown[] => [d[0]];
export const append = (d: Parts): unknown[] => [...(d[0] as unknown[]), d[2]];
export const second = (d: Parts): unknown => d[1];
export const word = (d: Parts): string => textOf(d[0]);
export const secondNumber = (d: Parts): number => numberOf(d[1]);

/** Names of protocols and fields that nft spells in two ways. */
const fieldNames: Readonly<Record<string, string>> = { 'param-problem': 'parameter-problem' };

export function payload(d: Parts): Expression {
  const [protocol, ...fields] = d.map(textOf);
  const field = fields.join(' ');
  return { kind: 'payload', protocol: protocol!, field: fieldNames[field] ?? field, span: spanOf(tokenOf(d[0])) };
}

export function innerPayload(d: Parts): Expression {
  const inner = d[1] as Extract<Expression, { kind: 'payload' }>;
  return { ...inner, protocol: `${textOf(d[0])} ${inner.protocol}`, span: spanOf(tokenOf(d[0])) };
}

function rawParts(token: Token): { base: string; offset: number; length: number } {
  const [base, offset, length] = token.value.slice(1).split(',');
  return { base: base!.trim(), offset: Number(offset), length: Number(length) };
}

export function raw(d: Parts): RawExpression {
  const token = tokenOf(d[0]);
  const { base, offset, length } = rawParts(token);
  return { kind: 'raw', base: base as RawExpression['base'], offset, length, span: spanOf(token) };
}

export function extensionHeader(d: Parts): Expression {
  return { kind: 'exthdr', header: textOf(d[0]), field: textOf(d[1]), span: spanOf(tokenOf(d[0])) };
}
export function indexedHeader(d: Parts): Expression {
  const field = `${textOf(d[1])}[${textOf(d[3])}]`;
  return { kind: 'exthdr', header: textOf(d[0]), field, span: spanOf(tokenOf(d[0])) };
}
export function headerPresence(d: Parts): Expression {
  return { kind: 'exthdr', header: textOf(d[1]), field: null, span: spanOf(tokenOf(d[0])) };
}

const optionNames: Readonly<Record<string, string>> = {
  mss: 'maxseg',
  noop: 'nop',
  'sack-permitted': 'sack-perm',
  sack0: 'sack',
};
type OptionExpression = Extract<Expression, { kind: 'option' }>;

/** `tcp option maxseg`, `sctp chunk data`, … */
export function optionPresence(d: Parts): OptionExpression {
  return optionNode(d, null);
}
export function option(d: Parts): OptionExpression {
  return optionNode(d, textOf(d[3]));
}
function optionNode(d: Parts, field: string | null): OptionExpression {
  const name = textOf(d[2]);
  const protocol = textOf(d[0]) as OptionExpression['protocol'];
  return { kind: 'option', protocol, option: optionNames[name] ?? name, field, raw: null, span: spanOf(tokenOf(d[0])) };
}
export function rawOption(d: Parts): OptionExpression {
  const { base, offset, length } = rawParts(tokenOf(d[2]));
  const option = optionNames[base] ?? base;
  return { kind: 'option', protocol: 'tcp', option, field: null, raw: { offset, length }, span: spanOf(tokenOf(d[0])) };
}

/** Keys that nft lists under another name than some people write. */
const metaNames: Readonly<Record<string, string>> = {
  ibriport: 'ibrname',
  obriport: 'obrname',
  len: 'length',
  prandom: 'random',
  secpath: 'ipsec',
};
export const meta = (d: Parts): Expression => metaNode(tokenOf(d[0]), textOf(d[1]));
export const bareMeta = (d: Parts): Expression => metaNode(tokenOf(d[0]), textOf(d[0]));
export function metaNode(start: Token, key: string): Expression {
  return { kind: 'meta', key: metaNames[key] ?? key, span: spanOf(start) };
}

export function ct(d: Parts): CtExpression {
  return { kind: 'ct', key: textOf(d[1]), direction: null, span: spanOf(tokenOf(d[0])) };
}
export function directedCt(d: Parts): CtExpression {
  const key = d.slice(2).map(textOf).join(' ');
  return { kind: 'ct', key, direction: textOf(d[1]) as 'original' | 'reply', span: spanOf(tokenOf(d[0])) };
}
export function ctObjectType(d: Parts): CtExpression {
  return { kind: 'ct', key: textOf(d[1]), direction: null, span: spanOf(tokenOf(d[0])) };
}

export function fib(d: Parts): Expression {
  return { kind: 'fib', flags: d[1] as string[], result: textOf(d[2]), span: spanOf(tokenOf(d[0])) };
}
export function route(d: Parts): Expression {
  return { kind: 'rt', key: textOf(d[1]), family: null, span: spanOf(tokenOf(d[0])) };
}
export function familyRoute(d: Parts): Expression {
  return { kind: 'rt', key: textOf(d[2]), family: textOf(d[1]) as 'ip' | 'ip6', span: spanOf(tokenOf(d[0])) };
}
export function socket(d: Parts): Expression {
  return { kind: 'socket', key: textOf(d[1]), level: null, span: spanOf(tokenOf(d[0])) };
}
export function socketLevel(d: Parts): Expression {
  return { kind: 'socket', key: 'cgroupv2', level: numberOf(d[3]), span: spanOf(tokenOf(d[0])) };
}
export function osf(d: Parts): Expression {
  return { kind: 'osf', key: textOf(d[1]) as 'name' | 'version', ttl: null, span: spanOf(tokenOf(d[0])) };
}
export function osfTtl(d: Parts): Expression {
  return { kind: 'osf', key: textOf(d[3]) as 'name' | 'version', ttl: textOf(d[2]), span: spanOf(tokenOf(d[0])) };
}
export const ipsec = (d: Parts): Expression => ipsecNode(d, null, textOf(d[3]));
export const ipsecAddress = (d: Parts): Expression => ipsecNode(d, textOf(d[3]) as 'ip' | 'ip6', textOf(d[4]));
function ipsecNode(d: Parts, family: 'ip' | 'ip6' | null, key: string): Expression {
  const direction = textOf(d[1]) as 'in' | 'out';
  return { kind: 'ipsec', direction, number: (d[2] as number | null) ?? 0, family, key, span: spanOf(tokenOf(d[0])) };
}
export function tunnel(d: Parts): Expression {
  return { kind: 'tunnel', key: textOf(d[1]), span: spanOf(tokenOf(d[0])) };
}
export function numgen(d: Parts): Expression {
  const [start, mode, , modulus, offset] = d;
  return {
    kind: 'numgen',
    mode: textOf(mode) as 'inc' | 'random',
    modulus: numberOf(modulus),
    offset: (offset as number | null) ?? 0,
    span: spanOf(tokenOf(start)),
  };
}
export function jhash(d: Parts): Expression {
  const [start, expression, , modulus, seed, offset] = d;
  return {
    kind: 'hash',
    expression: expression as Expression,
    modulus: numberOf(modulus),
    seed: seed as number | null,
    offset: (offset as number | null) ?? 0,
    span: spanOf(tokenOf(start)),
  };
}
export function symhash(d: Parts): Expression {
  const offset = (d[3] as number | null) ?? 0;
  return { kind: 'hash', expression: null, modulus: numberOf(d[2]), seed: null, offset, span: spanOf(tokenOf(d[0])) };
}

export function concat(d: Parts): Expression {
  const left = d[0] as Expression;
  const parts = left.kind === 'concat' ? [...left.parts, d[2] as Expression] : [left, d[2] as Expression];
  return { kind: 'concat', parts, span: left.span };
}
export function list(d: Parts): Expression {
  const left = d[0] as Expression;
  return { kind: 'list', parts: [left, d[2] as Expression], span: left.span };
}
export function longerList(d: Parts): Expression {
  const left = d[0] as Extract<Expression, { kind: 'list' }>;
  return { ...left, parts: [...left.parts, d[2] as Expression] };
}
export function binary(d: Parts): Expression {
  const left = d[0] as Expression;
  const operator = tokenOf(d[1]).text as BinaryExpression['operator'];
  return { kind: 'binary', operator, left, right: d[2] as Expression, span: left.span };
}
export function prefix(d: Parts): Expression {
  const address = d[0] as Expression;
  return { kind: 'prefix', address, length: numberOf(d[2]), span: address.span };
}
export function range(d: Parts): Expression {
  const low = d[0] as Expression;
  return { kind: 'range', low, high: d[2] as Expression, span: low.span };
}
export function map(d: Parts): Expression {
  const key = d[0] as Expression;
  return { kind: 'map', key, data: d[2] as SetExpression | SetReference | VariableExpression, span: key.span };
}
export const set = (d: Parts): SetExpression => tokenOf(d[0]).node as SetExpression;

export function value(d: Parts): ValueExpression {
  const token = tokenOf(d[0]);
  return { kind: 'value', form: token.type as ValueForm, text: token.value, span: spanOf(token) };
}
export function keywordValue(d: Parts): ValueExpression {
  const token = tokenOf(d[0]);
  return { kind: 'value', form: 'word', text: token.value, span: spanOf(token) };
}
export function variable(d: Parts): VariableExpression {
  const token = tokenOf(d[0]);
  return { kind: 'variable', name: token.value, span: spanOf(token) };
}
export function setReference(d: Parts): SetReference {
  return { kind: 'setReference', name: textOf(d[1]), span: spanOf(tokenOf(d[0])) };
}
