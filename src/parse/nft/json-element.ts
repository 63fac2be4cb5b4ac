/** Elements of nft's JSON. */
import type { Element, Expression, Verdict } from './tree-expression.js';
import type { Statement } from './tree-statement.js';
import { isArray, isObject, numberOf, onlyMember, stringOf, type JsonContext } from './json-context.js';
import { readJsonExpression, readJsonVerdict } from './json-expression.js';
import type { Json, JsonObject } from './json-source.js';
import { readJsonStatement } from './json-statement.js';

type Key = Element['key'];

/** A value, `{"elem": {"val": …}}`, or `[key, data]` of a map. */
export function readJsonElement(json: Json, context: JsonContext): Element {
  if (isArray(json) && json.length === 2) {
    const key = readJsonElement(json[0]!, context);
    return { ...key, data: readData(json[1]!, context) };
  }
  const [name, value] = onlyMember(json) ?? [];
  if (name !== 'elem' || !isObject(value)) return plainElement(readKey(json, context), context);
  return { ...plainElement(readKey(value.val ?? null, context), context), ...extras(value, context) };
}

function plainElement(key: Key, { span }: JsonContext): Element {
  return { key, data: null, timeout: null, expires: null, comment: null, statements: [], span };
}

function readKey(json: Json, context: JsonContext): Key {
  return json === '*' ? { kind: 'catchAll', span: context.span } : readJsonExpression(json, context);
}

function readData(json: Json, context: JsonContext): Expression | Verdict {
  const [name, value] = onlyMember(json) ?? [];
  // Objects of the data side are named in an element of their own.
  if (name === 'elem' && isObject(value)) return readJsonExpression(value.val ?? null, context);
  return readJsonVerdict(json, context) ?? readJsonExpression(json, context);
}

const seconds = (json: Json | undefined): number | null => {
  const number = numberOf(json);
  return number === null ? null : number * 1000;
};

function extras(json: JsonObject, context: JsonContext): Partial<Element> {
  const known = new Set(['val', 'timeout', 'expires', 'comment']);
  const statements: Statement[] = Object.entries(json)
    .filter(([name]) => !known.has(name))
    .map(([name, value]) => readJsonStatement({ [name]: value }, context));
  return {
    timeout: seconds(json.timeout),
    expires: seconds(json.expires),
    comment: stringOf(json.comment),
    statements,
  };
}
