/** Commands of nft's JSON: `{"add": {"rule": …}}`, `{"flush": {"ruleset": null}}`. */
import type { AddVerb, Command, Extent, NftFamily, Removal, RuleCommand, TableName } from './tree.js';
import { isArray, isObject, nameOf, numberOf, onlyMember, stringOf, type JsonContext } from './json-context.js';
import { readJsonSet } from './json-expression.js';
import { readJsonItem, readJsonRule, tableOf } from './json-item.js';
import type { JsonObject } from './json-source.js';

/** Null for what is not understood. */
export function readJsonCommand(verb: string, json: JsonObject, context: JsonContext, extent: Extent): Command | null {
  if (verb === 'element') return readElements('add', json, context);
  const [object, value] = onlyMember(json) ?? [];
  if (object === undefined) return null;
  const body = isObject(value) ? value : {};
  const isAdd = verb === 'add' || verb === 'create' || verb === 'insert' || verb === 'replace';
  if (object === 'element') return readElements(verb as AddVerb, body, context);
  if (verb === 'list') return { kind: 'idle', text: listText(object, body), span: context.span };
  if (!isAdd) return readRemoval(verb as Removal['verb'], object, body, context);
  const { span } = context;
  if (object === 'table')
    return {
      ...tableOf(body, context, extent, null),
      verb: verb === 'create' ? 'create' : 'add',
    };
  const name = tableName(body);
  if (object === 'rule') {
    const rule = readJsonRule(body, context, extent);
    const handle = numberOf(body.handle);
    const index = numberOf(body.index);
    const position: RuleCommand['position'] =
      handle !== null ? { kind: 'handle', number: handle } : index !== null ? { kind: 'index', number: index } : null;
    const chain = nameOf(body.chain);
    return {
      kind: 'ruleCommand',
      verb: verb,
      ...name,
      chain,
      position,
      rule: { ...rule, handle: null },
      extent,
      span,
    };
  }
  const declared = readJsonItem(object, body, context, extent);
  if (!declared || declared.kind === 'define' || declared.kind === 'undefine' || declared.kind === 'include')
    return null;
  if (declared.kind === 'opaque') return null;
  return { kind: 'declaration', verb: verb as AddVerb, ...name, declared, span };
}

const tableName = (json: JsonObject): TableName => ({ family: json.family as NftFamily, table: nameOf(json.table) });

function readElements(verb: AddVerb, json: JsonObject, context: JsonContext): Command {
  const { elem } = json;
  const items = isArray(elem) ? elem : elem === undefined ? [] : [elem];
  return {
    kind: 'elementCommand',
    verb,
    ...tableName(json),
    set: nameOf(json.name),
    elements: readJsonSet(items, context),
    span: context.span,
  };
}

function listText(object: string, { family, table, name }: JsonObject): string {
  return ['list', object, family, table, name].filter((word) => typeof word === 'string').join(' ');
}

function readRemoval(verb: Removal['verb'], object: string, json: JsonObject, { span }: JsonContext): Removal {
  const isTable = object === 'table';
  return {
    kind: 'removal',
    verb,
    object,
    family: stringOf(json.family) as NftFamily | null,
    table: stringOf(isTable ? json.name : json.table),
    name: isTable ? null : (stringOf(json.name) ?? stringOf(json.chain)),
    handle: numberOf(json.handle),
    newName: stringOf(json.newname),
    span,
  };
}
