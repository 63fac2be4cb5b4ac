/** Statements of nft's JSON to the same nodes that the text gives. */
import type { Expression, SetExpression } from './tree-expression.js';
import type { MatchOperator, NatStatement, ObjectStatement, Statement } from './tree-statement.js';
import {
  bigintOf,
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
import { readJsonExpression, readJsonVerdict } from './json-expression.js';
import type { Json, JsonObject } from './json-source.js';

type Make = (value: Json, context: JsonContext) => Statement | null;

/** One statement; a string is nft's text of a statement for which it has no JSON, which the caller reads as text. */
export function readJsonStatement(json: Json, context: JsonContext): Statement {
  const member = onlyMember(json);
  const verdict = readJsonVerdict(json, context);
  if (verdict) return verdict;
  const made = member && (makers[member[0]]?.(member[1], context) ?? null);
  if (made) return made;
  warnJson(context, `the statement ${member ? `"${member[0]}"` : ''}`.trim(), json);
  return { kind: 'opaque', text: jsonText(json), span: context.span };
}

/** Of an object or null: nothing is made of anything else. */
const withObject =
  (make: (object: JsonObject, context: JsonContext) => Statement | null): Make =>
  (json, context) =>
    json === null || isObject(json) ? make(json ?? {}, context) : null;

const optional = (json: Json | undefined, context: JsonContext): Expression | null =>
  json === undefined || json === null ? null : readJsonExpression(json, context);

/** Fields whose plain values are bits: without an operator they ask for any of the bits. */
export function isBitmask(e: Expression): boolean {
  if (e.kind === 'ct') return ['state', 'status', 'event', 'label'].includes(e.key);
  return e.kind === 'payload' && e.protocol.endsWith('tcp') && e.field === 'flags';
}

const match = withObject(({ op, left, right }, context) => {
  if (left === undefined || right === undefined) return null;
  const leftNode = readJsonExpression(left, context);
  const operator = (op === 'in' || op === undefined ? '==' : op) as MatchOperator;
  const rightNode = readJsonExpression(right, context);
  const isLookup = rightNode.kind === 'set' || rightNode.kind === 'setReference';
  const equality = op === '==' && (isLookup || (leftNode.kind !== 'binary' && !isBitmask(leftNode)));
  const implicit = op === 'in' || op === undefined || equality;
  return {
    kind: 'match',
    left: leftNode,
    operator,
    implicit,
    right: rightNode,
    mask: null,
    span: context.span,
  };
});

/** A stateful object by name (string) or chosen by a map, or else the statement itself. */
function objectOr(
  object: ObjectStatement['object'],
  make: (json: JsonObject, context: JsonContext) => Statement | null,
): Make {
  return (json, context) => {
    const isName = typeof json === 'string' || onlyMember(json)?.[0] === 'map';
    if (isName) return { kind: 'objref', object, name: readJsonExpression(json, context), span: context.span };
    return withObject(make)(json, context);
  };
}
const reference = (object: ObjectStatement['object']): Make => objectOr(object, () => null);

function nat(type: NatStatement['type']): Make {
  return withObject(({ addr, port, family, flags, type_flags: form }, context) => ({
    kind: 'nat',
    type,
    family: family === 'ip' || family === 'ip6' ? family : null,
    address: optional(addr, context),
    port: optional(port, context),
    form: natForm(stringsOf(form)[0]),
    flags: stringsOf(flags).filter((flag) => flag !== 'netmap'),
    span: context.span,
  }));
}
function natForm(form: string | undefined): NatStatement['form'] {
  return form === 'prefix' || form === 'interval' || form === 'concat' ? form : null;
}

function elementsOf(
  elem: Json,
  data: Json | undefined,
  statements: Json | undefined,
  context: JsonContext,
): SetExpression {
  const element = readJsonElement(elem, context);
  const stmts = (isArray(statements) ? statements : []).map((json) => readJsonStatement(json, context));
  const mapped = data === undefined ? null : (readJsonVerdict(data, context) ?? readJsonExpression(data, context));
  const whole = { ...element, data: mapped, statements: [...element.statements, ...stmts] };
  return { kind: 'set', elements: [whole], columns: null, span: context.span };
}

const setUpdate = (name: 'set' | 'map'): Make =>
  withObject((json, context) => {
    const { op, elem, data, stmt } = json;
    const set = json[name];
    if (typeof set !== 'string' || elem === undefined || (op !== 'add' && op !== 'update' && op !== 'delete'))
      return null;
    return {
      kind: 'setUpdate',
      operation: op,
      set: { kind: 'setReference', name: set.replace(/^@/, ''), span: context.span },
      elements: elementsOf(elem, data, stmt, context),
      span: context.span,
    };
  });

export const makers: Readonly<Record<string, Make>> = {
  match,
  vmap: withObject(({ key, data }, context) => {
    const node = optional(data, context);
    if (key === undefined || (node?.kind !== 'set' && node?.kind !== 'setReference' && node?.kind !== 'variable'))
      return null;
    return { kind: 'vmap', key: readJsonExpression(key, context), data: node, span: context.span };
  }),
  counter: objectOr('counter', ({ packets, bytes }, { span }) => ({
    kind: 'counter',
    packets: bigintOf(packets),
    bytes: bigintOf(bytes),
    span,
  })),
  limit: objectOr('limit', (json, { span }) => {
    const rate = bigintOf(json.rate);
    if (rate === null) return null;
    const burst = bigintOf(json.burst);
    return {
      kind: 'limit',
      over: json.inv === true,
      rate,
      unit: stringOf(json.rate_unit) ?? 'packets',
      per: stringOf(json.per) ?? 'second',
      burst,
      burstUnit: burst === null ? null : (stringOf(json.burst_unit) ?? 'packets'),
      span,
    };
  }),
  quota: objectOr('quota', (json, { span }) => {
    const bytes = bigintOf(json.val ?? json.bytes);
    if (bytes === null) return null;
    const used = bigintOf(json.used);
    return {
      kind: 'quota',
      over: json.inv === true,
      bytes,
      unit: stringOf(json.val_unit) ?? 'bytes',
      used: used === 0n ? null : used,
      usedUnit: used === null || used === 0n ? null : (stringOf(json.used_unit) ?? 'bytes'),
      span,
    };
  }),
  last: withObject(({ used }, { span }) => ({ kind: 'last', used: used === 'never' ? 'never' : numberOf(used), span })),
  'ct count': withObject(({ val, inv }, { span }) => {
    const count = numberOf(val);
    return count === null ? null : { kind: 'ctCount', over: inv === true, count, span };
  }),
  'ct helper': reference('ct helper'),
  'ct timeout': reference('ct timeout'),
  'ct expectation': reference('ct expectation'),
  secmark: reference('secmark'),
  tunnel: reference('tunnel'),
  log: withObject((json, { span }) => ({
    kind: 'log',
    prefix: stringOf(json.prefix),
    level: stringOf(json.level),
    group: numberOf(json.group),
    snaplen: numberOf(json.snaplen),
    queueThreshold: numberOf(json['queue-threshold']),
    flags: stringsOf(json.flags),
    span,
  })),
  reject: withObject(({ type, expr }, context) => {
    if (type === undefined) return { kind: 'reject', type: null, code: null, span: context.span };
    if (type === 'tcp reset') return { kind: 'reject', type: 'tcp', code: null, span: context.span };
    if (type !== 'icmp' && type !== 'icmpv6' && type !== 'icmpx') return null;
    return { kind: 'reject', type, code: optional(expr, context), span: context.span };
  }),
  snat: nat('snat'),
  dnat: nat('dnat'),
  masquerade: nat('masquerade'),
  redirect: nat('redirect'),
  mangle: withObject(({ key, value }, context) => {
    if (key === undefined || value === undefined) return null;
    const left = readJsonExpression(key, context);
    const node = readJsonExpression(value, context);
    if (left.kind === 'meta' && left.key === 'secmark' && node.kind !== 'ct') {
      return { kind: 'objref', object: 'secmark', name: node, span: context.span };
    }
    return { kind: 'mangle', left, value: node, span: context.span };
  }),
  set: setUpdate('set'),
  map: setUpdate('map'),
  meter: withObject(({ name, key, stmt, size }, context) => {
    if (typeof name !== 'string' || key === undefined || stmt === undefined) return null;
    return {
      kind: 'meter',
      name,
      size: numberOf(size),
      elements: elementsOf(key, undefined, [stmt], context),
      span: context.span,
    };
  }),
  queue: withObject(({ num, flags }, context) => ({
    kind: 'queue',
    number: optional(num, context),
    flags: stringsOf(flags),
    span: context.span,
  })),
  dup: withObject(({ addr, dev }, context) =>
    addr === undefined
      ? null
      : { kind: 'dup', to: readJsonExpression(addr, context), device: optional(dev, context), span: context.span },
  ),
  fwd: withObject(({ dev, family, addr }, context) => {
    if (dev === undefined) return null;
    const device = readJsonExpression(dev, context);
    const node = { kind: 'fwd', span: context.span } as const;
    if (addr === undefined) return { ...node, family: null, to: device, device: null };
    return { ...node, family: family === 'ip6' ? 'ip6' : 'ip', to: readJsonExpression(addr, context), device };
  }),
  tproxy: withObject(({ family, addr, port }, context) => ({
    kind: 'tproxy',
    family: family === 'ip' || family === 'ip6' ? family : null,
    address: optional(addr, context),
    port: optional(port, context),
    span: context.span,
  })),
  synproxy: objectOr('synproxy', ({ mss, wscale, flags }, { span }) => ({
    kind: 'synproxy',
    mss: numberOf(mss),
    wscale: numberOf(wscale),
    timestamp: stringsOf(flags).includes('timestamp'),
    sackPermitted: stringsOf(flags).includes('sack-perm'),
    span,
  })),
  notrack: (_json, { span }) => ({ kind: 'notrack', span }),
  flow: withObject(({ flowtable }, { span }) =>
    typeof flowtable === 'string' ? { kind: 'flow', flowtable: flowtable.replace(/^@/, ''), span } : null,
  ),
  reset: (json, context) => {
    const option = readJsonExpression(json, context);
    return option.kind === 'option' ? { kind: 'optionReset', option, span: context.span } : null;
  },
  xt: withObject(({ type, name }, { span }) =>
    typeof type === 'string' && typeof name === 'string' ? { kind: 'xt', type, name, span } : null,
  ),
};
