/** `nft -j list ruleset`, and files of JSON commands, to the syntax tree of the text. */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { InputError, type Diagnostic } from '../../diagnostic.js';
import { newAjv } from '../../json-schema.js';
import { likeOf } from './rule-variants.js';
import type { Command, Extent, NftFile, Rule, TableItem } from './tree.js';
import { isObject, jsonText, nameOf, onlyMember, warnJson, type JsonContext } from './json-context.js';
import { readJsonCommand } from './json-command.js';
import { readJsonItem, readJsonRule, tableOf, type MutableChain } from './json-item.js';
import { ItemShapes } from './json-shapes.js';
import { JsonSource, type Json, type JsonItem, type JsonObject } from './json-source.js';
import schema from './nft-json.schema.json' with { type: 'json' };

let compiled: ValidateFunction | undefined;
/** Compiled when it is first needed: that takes longer than planning a small ruleset, and most are no JSON. */
const validator = (): ValidateFunction =>
  (compiled ??= newAjv([], { allErrors: false, strict: false }).compile(schema));

/** Throws InputError on text that is not JSON, or not of nft's schema. */
export function parseNftJson(text: string, file: string): NftFile {
  const diagnostics: Diagnostic[] = [];
  const context: JsonContext = { file, span: { file, line: 1, column: 1 }, diagnostics };
  const listing = new Listing(context);
  const source = new JsonSource(text, file);
  const shapes = new ItemShapes(source);
  for (const item of source.items()) {
    context.span = item.span;
    checkItem(item, context);
    const warnings = diagnostics.length;
    const rule = listing.add(item);
    const isPlain = diagnostics.length === warnings;
    for (const alike of shapes.readFollowing(item, isPlain ? rule : null)) listing.addAlike(alike);
  }
  return { kind: 'file', file, format: 'json', text, commands: listing.commands, diagnostics };
}

function checkItem({ value }: JsonItem, context: JsonContext): void {
  // ajv does not know bigint: where one may stand, the schema asks for nothing, or for what a counter never reaches.
  const validate = validator();
  if (validate(value)) return;
  const message = (validate.errors ?? []).map((error) => errorText(error, value)).join('; ');
  throw new InputError([{ code: 'syntax', severity: 'error', span: context.span, message, notes: [shortText(value)] }]);
}

const shortText = (json: Json): string => {
  const text = jsonText(json);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

/** `rule/expr/0/match: must have required property 'left'; found …`. */
function errorText({ instancePath, message, params }: ErrorObject, root: Json): string {
  const steps = instancePath.split('/').slice(1);
  let found: Json | undefined = root;
  for (const step of steps)
    found = isObject(found) ? found[step.replaceAll('~1', '/')] : (found as readonly Json[])[Number(step)];
  const allowed = 'allowedValues' in params ? ` (${(params.allowedValues as string[]).join(', ')})` : '';
  return `${steps.join('/') || 'item'}: ${message ?? 'is wrong'}${allowed}; found ${shortText(found ?? null)}`;
}

/** What a listing said of a table so far. */
interface OpenTable {
  readonly items: TableItem[];
  readonly chains: Map<string, MutableChain>;
}

const keyOf = (family: Json | undefined, table: Json | undefined): string => `${nameOf(family)} ${nameOf(table)}`;

/** Collects what a listing says of each table; items of a table may stand anywhere after it. */
class Listing {
  readonly commands: Command[] = [];
  readonly #tables = new Map<string, OpenTable>();
  readonly #chainOf = new WeakMap<Rule, MutableChain>();

  constructor(readonly context: JsonContext) {}

  /** The rule that it adds. */
  add(item: JsonItem): Rule | null {
    const [name, value] = onlyMember(item.value) ?? [];
    if (name === undefined || name === 'metainfo') return null;
    if (!isObject(value)) this.#opaque(item);
    else if (name === 'table') this.#open(value, item.extent);
    else if (name === 'rule') return this.#addRule(value, item);
    else if (commandNames.has(name)) {
      const command = readJsonCommand(name, value, this.context, item.extent);
      if (command) this.commands.push(command);
      else this.#opaque(item);
    } else {
      const node = readJsonItem(name, value, this.context, item.extent);
      if (node) this.#addItem(value, node);
      else this.#opaque(item);
    }
    return null;
  }

  #opaque(item: JsonItem): void {
    warnJson(this.context, 'this item', item.value);
    this.commands.push({ kind: 'opaque', text: jsonText(item.value), extent: item.extent, span: item.span });
  }

  #open(value: JsonObject, extent: Extent): OpenTable {
    const items: TableItem[] = [];
    const table = { items, chains: new Map<string, MutableChain>() };
    this.#tables.set(keyOf(value.family, value.name), table);
    this.commands.push(tableOf(value, this.context, extent, items));
    return table;
  }

  /** A listing names each table before what it holds; a file of one table's items may not. */
  #table(value: JsonObject): OpenTable {
    const found = this.#tables.get(keyOf(value.family, value.table));
    return found ?? this.#open({ family: value.family!, name: value.table! }, { start: 0, end: 0 });
  }

  #addItem(value: JsonObject, node: TableItem): void {
    const table = this.#table(value);
    table.items.push(node);
    if (node.kind === 'chain') table.chains.set(node.name, node as MutableChain);
  }

  /** A rule that is like one before, so of the same chain. */
  addAlike(rule: Rule): void {
    this.#chainOf.get(likeOf(rule))?.items.push(rule);
  }

  #addRule(value: JsonObject, item: JsonItem): Rule {
    const chain = this.#table(value).chains.get(nameOf(value.chain));
    if (!chain) {
      const message = `rule of chain "${nameOf(value.chain)}", which stands nowhere before it`;
      const notes = [shortText(item.value)];
      throw new InputError([{ code: 'unknown-chain', severity: 'error', span: item.span, message, notes }]);
    }
    const rule = readJsonRule(value, this.context, item.extent);
    chain.items.push(rule);
    this.#chainOf.set(rule, chain);
    return rule;
  }
}

const commandNames: ReadonlySet<string> = new Set(
  'element add create insert replace delete destroy flush reset list rename'.split(' '),
);
