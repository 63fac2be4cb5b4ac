/** Tables, chains, rules, sets and objects of nft's JSON. */
import type {
  Chain,
  Extent,
  Flowtable,
  NftFamily,
  ObjectDeclaration,
  Rule,
  SetDeclaration,
  SetType,
  TableBlock,
  TableItem,
} from './tree.js';
import type { Statement } from './tree-statement.js';
import { isArray, isObject, nameOf, numberOf, stringOf, stringsOf, type JsonContext } from './json-context.js';
import { readJsonExpression, readJsonSet } from './json-expression.js';
import type { Json, JsonObject } from './json-source.js';
import { makers, readJsonStatement } from './json-statement.js';
import { printRule } from './print-statement.js';
import { parseRuleText } from './rule-text.js';
import { timeText } from './time.js';

/** A chain that is still being filled. */
export type MutableChain = Omit<Chain, 'items'> & { items: Chain['items'][number][] };

export function tableOf(
  json: JsonObject,
  { span }: JsonContext,
  extent: Extent,
  items: readonly TableItem[] | null,
): TableBlock {
  return {
    kind: 'table',
    verb: 'add',
    family: json.family as NftFamily,
    table: nameOf(json.name),
    handle: numberOf(json.handle),
    flags: stringsOf(json.flags),
    comment: stringOf(json.comment),
    items,
    extent,
    span,
  };
}

export function readJsonRule(json: JsonObject, context: JsonContext, extent: Extent): Rule {
  const statements = isArray(json.expr) ? json.expr.flatMap((item) => statementsOf(item, context)) : [];
  const comment = stringOf(json.comment);
  return {
    kind: 'rule',
    statements,
    comment,
    handle: numberOf(json.handle),
    text: printRule({ statements, comment }),
    extent,
    span: context.span,
  };
}

/** nft writes a statement for which it has no JSON as its text. */
function statementsOf(json: Json, context: JsonContext): readonly Statement[] {
  return typeof json === 'string' ? parseRuleText(json, context) : [readJsonStatement(json, context)];
}

/** A chain, set, map, flowtable or object; null for what is none of these. */
export function readJsonItem(name: string, json: JsonObject, context: JsonContext, extent: Extent): TableItem | null {
  switch (name) {
    case 'chain':
      return readChain(json, context, extent);
    case 'set':
    case 'map':
    case 'meter':
      return readSet(name, json, context, extent);
    case 'flowtable':
      return readFlowtable(json, context, extent);
    case 'counter':
    case 'quota':
    case 'limit':
    case 'synproxy':
    case 'secmark':
    case 'tunnel':
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
      return readObject(name, json, context, extent);
    default:
      return null;
  }
}

const devices = (json: Json | undefined, context: JsonContext): Flowtable['devices'] =>
  stringsOf(json).map((device) => ({ kind: 'value', form: 'quoted', text: device, span: context.span }));

function readChain(json: JsonObject, context: JsonContext, extent: Extent): MutableChain {
  const policy = stringOf(json.policy);
  const priority = { name: null, offset: numberOf(json.prio) ?? 0, variable: null };
  const hook = { type: nameOf(json.type), hook: nameOf(json.hook), devices: devices(json.dev, context), priority };
  return {
    kind: 'chain',
    name: nameOf(json.name),
    handle: numberOf(json.handle),
    hook: json.hook === undefined ? null : hook,
    policy: policy === null ? null : { kind: 'value', form: 'word', text: policy, span: context.span },
    flags: stringsOf(json.flags),
    comment: stringOf(json.comment),
    items: [],
    extent,
    span: context.span,
  };
}

/** `"ipv4_addr"`, `["ipv4_addr", "inet_service"]`, `{"typeof": expression}`. */
function typeOf(json: Json | undefined, context: JsonContext): SetType | null {
  if (typeof json === 'string') return { kind: 'names', names: json.split(' . ') };
  if (isArray(json)) return { kind: 'names', names: stringsOf(json) };
  if (!isObject(json) || json.typeof === undefined) return null;
  return { kind: 'typeof', expression: readJsonExpression(json.typeof, context) };
}

const seconds = (json: Json | undefined): number | null => {
  const number = numberOf(json);
  return number === null ? null : number * 1000;
};

function readSet(
  keyword: SetDeclaration['keyword'],
  json: JsonObject,
  context: JsonContext,
  extent: Extent,
): SetDeclaration {
  return {
    kind: 'setDeclaration',
    keyword,
    name: nameOf(json.name),
    handle: numberOf(json.handle),
    key: typeOf(json.type, context),
    data: typeOf(json.map, context),
    dataInterval: false,
    flags: stringsOf(json.flags),
    timeout: seconds(json.timeout),
    gcInterval: seconds(json['gc-interval']),
    size: numberOf(json.size),
    policy: stringOf(json.policy),
    autoMerge: json['auto-merge'] === true,
    comment: stringOf(json.comment),
    statements: isArray(json.stmt) ? json.stmt.map((item) => readJsonStatement(item, context)) : [],
    elements: isArray(json.elem) ? readJsonSet(json.elem, context) : null,
    opaque: [],
    extent,
    span: context.span,
  };
}

function readFlowtable(json: JsonObject, context: JsonContext, extent: Extent): Flowtable {
  return {
    kind: 'flowtable',
    name: nameOf(json.name),
    handle: numberOf(json.handle),
    hook: stringOf(json.hook),
    priority: { name: null, offset: numberOf(json.prio) ?? 0, variable: null },
    devices: devices(json.dev, context),
    flags: stringsOf(json.flags),
    counter: json.counter !== undefined,
    opaque: [],
    extent,
    span: context.span,
  };
}

function readObject(
  object: ObjectDeclaration['object'],
  json: JsonObject,
  context: JsonContext,
  extent: Extent,
): ObjectDeclaration {
  const statement = makers[object]?.(json, context) ?? null;
  return {
    kind: 'objectDeclaration',
    object,
    name: nameOf(json.name),
    handle: numberOf(json.handle),
    comment: stringOf(json.comment),
    statement: statement?.kind === 'objref' ? null : statement,
    attributes: attributesOf(object, json),
    extent,
    span: context.span,
  };
}

/** Lines as nft would list them. */
function attributesOf(object: ObjectDeclaration['object'], json: JsonObject): string[] {
  const line = (name: string): string[] => (json[name] === undefined ? [] : [`${name} ${text(json[name])}`]);
  switch (object) {
    case 'ct helper':
      return [`type "${text(json.type ?? '')}" protocol ${text(json.protocol ?? '')}`, ...line('l3proto')];
    case 'ct timeout': {
      const policy = Object.entries(isObject(json.policy) ? json.policy : {}).map(
        ([state, time]) => `${state} : ${text(time)}`,
      );
      return [...line('protocol'), ...line('l3proto'), `policy = { ${policy.join(', ')} }`];
    }
    case 'ct expectation':
      // The timeout is in milliseconds.
      return ['protocol', 'dport', 'timeout', 'size', 'l3proto'].flatMap((name) =>
        name === 'timeout' && typeof json.timeout === 'number' ? [`timeout ${timeText(json.timeout)}`] : line(name),
      );
    case 'secmark':
      return [`"${text(json.context ?? '')}"`];
    case 'counter':
    case 'limit':
    case 'quota':
    case 'synproxy':
    case 'tunnel':
      return [];
  }
}
const text = (json: Json): string => (typeof json === 'object' ? '' : String(json));
