/** Expressions of nft's JSON to the same nodes that the text gives. */
import type {
  BinaryExpression,
  Element,
  Expression,
  OptionExpression,
  SetExpression,
  Verdict,
} from './tree-expression.js';
import { ColumnBuilder } from './column-builder.js';
import { columnsOf } from './element-columns.js';
import {
  isArray,
  isObject,
  jsonText,
  numberOf,
  onlyMember,
  stringOf,
  stringsOf,
  warnJson,
  type JsonContext,
} from './json-context.js';
import { readJsonElement } from './json-element.js';
import { isWord } from './lexer.js';
import type { Json, JsonObject } from './json-source.js';
import { parsePlainValue } from './plain-value.js';

type Make = (value: Json, context: JsonContext) => Expression | null;

export function readJsonExpression(json: Json, context: JsonContext): Expression {
  if (typeof json === 'string') return stringExpression(json, context);
  if (typeof json === 'boolean')
    return { kind: 'value', form: 'word', text: json ? 'exists' : 'missing', span: context.span };
  if (typeof json === 'number' || typeof json === 'bigint') {
    return { kind: 'value', form: 'number', text: String(json), span: context.span };
  }
  if (isArray(json))
    return { kind: 'list', parts: json.map((part) => readJsonExpression(part, context)), span: context.span };
  const member = onlyMember(json);
  const made = member && (makers[member[0]]?.(member[1], context) ?? null);
  if (made) return made;
  warnJson(context, 'this expression', json);
  return { kind: 'opaque', text: jsonText(json), span: context.span };
}

function stringExpression(text: string, { span }: JsonContext): Expression {
  if (text.startsWith('@')) return { kind: 'setReference', name: text.slice(1), span };
  if (text.startsWith('$')) return { kind: 'variable', name: text.slice(1), span };
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return { kind: 'value', form: 'number', text, span };
  const isAddress =
    parsePlainValue(text) !== null || /^(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$|^[0-9a-f]{1,4}:[0-9a-f]{1,4}$/i.test(text);
  if (isAddress) return { kind: 'value', form: 'address', text, span };
  return { kind: 'value', form: isWord(text) ? 'word' : 'quoted', text, span };
}

const many = (json: Json, context: JsonContext): Expression[] =>
  isArray(json) ? json.map((part) => readJsonExpression(part, context)) : [];

function binary(operator: BinaryExpression['operator']): Make {
  return (json, context) => {
    const [first, ...rest] = many(json, context).map((part, i) => (i > 0 ? bits(part) : part));
    if (!first || rest.length === 0) return null;
    return rest.reduce<Expression>(
      (left, right) => ({ kind: 'binary', operator, left, right, span: context.span }),
      first,
    );
  };
}

/** A mask that is a list of flags is all of them together. */
function bits(e: Expression): Expression {
  if (e.kind !== 'list') return e;
  return e.parts.reduce((left, right) => ({ kind: 'binary', operator: '|', left, right, span: e.span }));
}

/** Of an object: nothing is made of anything else. */
const withObject =
  (make: (object: JsonObject, context: JsonContext) => Expression | null): Make =>
  (json, context) =>
    isObject(json) ? make(json, context) : null;

function option(protocol: OptionExpression['protocol']): Make {
  return withObject((json, { span }) => {
    const field = stringOf(json.field);
    const node = { kind: 'option', protocol, field, span } as const;
    const [base, offset, length] = [numberOf(json.base), numberOf(json.offset), numberOf(json.len)];
    if (base !== null && offset !== null && length !== null) {
      // The kind byte itself, as nft asks for options that it has no name for.
      const isPresence = offset === 0 && (length === 8 || length === 0);
      return { ...node, option: String(base), raw: isPresence ? null : { offset, length } };
    }
    const name = stringOf(json.name) ?? numberOf(json.type)?.toString();
    return name === undefined ? null : { ...node, option: name, raw: null };
  });
}

const makers: Readonly<Record<string, Make>> = {
  concat: (json, context) => ({ kind: 'concat', parts: many(json, context), span: context.span }),
  set: (json, context) => readJsonSet(isArray(json) ? json : [json], context),
  map: withObject((json, context) => {
    const data = json.data === undefined ? null : readJsonExpression(json.data, context);
    if (json.key === undefined || (data?.kind !== 'set' && data?.kind !== 'setReference' && data?.kind !== 'variable'))
      return null;
    return { kind: 'map', key: readJsonExpression(json.key, context), data, span: context.span };
  }),
  prefix: withObject((json, context) => {
    const length = numberOf(json.len);
    if (json.addr === undefined || length === null) return null;
    return { kind: 'prefix', address: readJsonExpression(json.addr, context), length, span: context.span };
  }),
  range: (json, context) => {
    const [low, high] = many(json, context);
    return low && high ? { kind: 'range', low, high, span: context.span } : null;
  },
  payload: withObject(payload),
  exthdr: withObject(({ name, field, offset }, { span }) => {
    const header = stringOf(name);
    if (header === null) return null;
    const index = numberOf(offset);
    // Arrays of addresses are one header with an index in text.
    const inText = typeof field === 'string' && index !== null ? `${field}[${index}]` : stringOf(field);
    return { kind: 'exthdr', header: header === 'rt4' ? 'srh' : header, field: inText, span };
  }),
  'tcp option': option('tcp'),
  'ip option': option('ip'),
  'sctp chunk': option('sctp'),
  'dccp option': option('dccp'),
  meta: withObject(({ key }, { span }) => {
    const name = stringOf(key);
    return name === null ? null : { kind: 'meta', key: metaNames[name] ?? name, span };
  }),
  ct: withObject(({ key, dir, family }, { span }) => {
    const name = stringOf(key);
    if (name === null) return null;
    const direction = dir === 'original' || dir === 'reply' ? dir : null;
    return { kind: 'ct', key: typeof family === 'string' ? `${family} ${name}` : name, direction, span };
  }),
  rt: withObject(({ key, family }, { span }) => {
    const name = stringOf(key);
    return name === null
      ? null
      : { kind: 'rt', key: name, family: family === 'ip' || family === 'ip6' ? family : null, span };
  }),
  fib: withObject(({ result, flags }, { span }) => {
    const name = stringOf(result);
    return name === null ? null : { kind: 'fib', flags: stringsOf(flags), result: name, span };
  }),
  socket: withObject(({ key, level }, { span }) => {
    const name = stringOf(key);
    return name === null ? null : { kind: 'socket', key: name, level: numberOf(level), span };
  }),
  osf: withObject(({ key, ttl }, { span }) =>
    key === 'name' || key === 'version' ? { kind: 'osf', key, ttl: stringOf(ttl), span } : null,
  ),
  ipsec: withObject(({ dir, key, spnum, family }, { span }) => {
    const name = stringOf(key);
    if (name === null || (dir !== 'in' && dir !== 'out')) return null;
    const version = family === 'ip' || family === 'ip6' ? family : null;
    return { kind: 'ipsec', direction: dir, number: numberOf(spnum) ?? 0, family: version, key: name, span };
  }),
  tunnel: withObject(({ key }, { span }) => (typeof key === 'string' ? { kind: 'tunnel', key, span } : null)),
  numgen: withObject(({ mode, mod, offset }, { span }) => {
    const modulus = numberOf(mod);
    if (modulus === null || (mode !== 'inc' && mode !== 'random')) return null;
    return { kind: 'numgen', mode, modulus, offset: numberOf(offset) ?? 0, span };
  }),
  jhash: withObject(({ expr, mod, seed, offset }, context) => {
    const modulus = numberOf(mod);
    if (modulus === null || expr === undefined) return null;
    const expression = readJsonExpression(expr, context);
    return {
      kind: 'hash',
      expression,
      modulus,
      seed: numberOf(seed),
      offset: numberOf(offset) ?? 0,
      span: context.span,
    };
  }),
  symhash: withObject(({ mod, offset }, { span }) => {
    const modulus = numberOf(mod);
    return modulus === null
      ? null
      : { kind: 'hash', expression: null, modulus, seed: null, offset: numberOf(offset) ?? 0, span };
  }),
  '|': binary('|'),
  '^': binary('^'),
  '&': binary('&'),
  '<<': binary('<<'),
  '>>': binary('>>'),
};

const metaNames: Readonly<Record<string, string>> = { secpath: 'ipsec' };

function payload(json: JsonObject, { span }: JsonContext): Expression | null {
  const { base, protocol, field, tunnel } = json;
  const [offset, length] = [numberOf(json.offset), numberOf(json.len)];
  if (offset !== null && length !== null && (base === 'll' || base === 'nh' || base === 'th' || base === 'ih')) {
    return { kind: 'raw', base, offset, length, span };
  }
  if (typeof protocol !== 'string' || typeof field !== 'string') return null;
  const outer = typeof tunnel === 'string' && tunnel !== protocol ? `${tunnel} ` : '';
  return { kind: 'payload', protocol: `${outer}${protocol}`, field, span };
}

/** Elements: plain ones go into columns without an object each. */
export function readJsonSet(items: readonly Json[], context: JsonContext): SetExpression {
  const columns = plainColumns(items);
  const set = { kind: 'set', span: context.span } as const;
  if (columns) return { ...set, elements: [], columns };
  const elements: Element[] = items.map((item) => readJsonElement(item, context));
  const read = columnsOf(elements);
  return read ? { ...set, elements: [], columns: read } : { ...set, elements, columns: null };
}

function plainColumns(items: readonly Json[]): SetExpression['columns'] {
  const builder = new ColumnBuilder(items.length);
  for (const item of items) if (!addPlain(builder, item)) return null;
  return builder.finish();
}

function addPlain(builder: ColumnBuilder, item: Json): boolean {
  if (typeof item === 'number' || typeof item === 'string') {
    const value = parsePlainValue(String(item));
    return value !== null && builder.add(value, value, 255);
  }
  const [name, value] = onlyMember(item) ?? [];
  if (name === 'prefix' && isObject(value)) {
    const address = typeof value.addr === 'string' ? parsePlainValue(value.addr) : null;
    return address !== null && typeof value.len === 'number' && builder.addPrefix(address, value.len);
  }
  if (name === 'range' && isArray(value) && value.length === 2) {
    const [low, high] = value.map((end) => (typeof end === 'object' ? null : parsePlainValue(String(end))));
    return !!low && !!high && builder.add(low, high, 254);
  }
  return false;
}

/** `{"accept": null}`, `{"jump": {"target": "x"}}`; null for everything else. */
export function readJsonVerdict(json: Json, { span }: JsonContext): Verdict | null {
  const [name, value] = onlyMember(json) ?? [];
  switch (name) {
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return { kind: 'verdict', verdict: name, span };
    case 'jump':
    case 'goto':
      if (!isObject(value) || typeof value.target !== 'string') return null;
      return { kind: 'verdict', verdict: name, chain: value.target, span };
    case undefined:
    default:
      return null;
  }
}
