/** Where a JSON item stands, and small questions to JSON values. */
import type { Diagnostic, Span } from '../../diagnostic.js';
import type { Json, JsonObject } from './json-source.js';

export interface JsonContext {
  readonly file: string;
  /** Of the item that is being read: finer places are not kept. */
  span: Span;
  readonly diagnostics: Diagnostic[];
}

export const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

export const isArray = (json: Json | undefined): json is readonly Json[] => Array.isArray(json);

/** Name and value of an object with one member. */
export function onlyMember(json: Json | undefined): readonly [string, Json] | null {
  if (!isObject(json)) return null;
  const names = Object.keys(json);
  return names.length === 1 ? [names[0]!, json[names[0]!]!] : null;
}

export const stringOf = (json: Json | undefined): string | null => (typeof json === 'string' ? json : null);
/** What the schema says is a string. */
export const nameOf = (json: Json | undefined): string => (typeof json === 'string' ? json : '');
export function numberOf(json: Json | undefined): number | null {
  return typeof json === 'number' ? json : typeof json === 'bigint' ? Number(json) : null;
}
export function bigintOf(json: Json | undefined): bigint | null {
  if (typeof json === 'bigint') return json;
  return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : null;
}
/** A string, or an array of strings: nft writes one flag without brackets. */
export function stringsOf(json: Json | undefined): string[] {
  if (typeof json === 'string') return [json];
  return isArray(json) ? json.filter((item) => typeof item === 'string') : [];
}

export const jsonText = (json: Json): string =>
  JSON.stringify(json, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));

/** A warning: what is kept as text. */
export function warnJson(context: JsonContext, what: string, json: Json): void {
  const text = jsonText(json);
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  context.diagnostics.push({
    code: 'opaque-match',
    severity: 'warning',
    span: context.span,
    message: `${what} is not understood; its rule stays in netfilter`,
    notes: [shown],
  });
}
