/**
 * An nft listing or list of commands in JSON without the rules that XDP decides for the covered devices. Rules that other devices still need
 * stay where they are, in a chain of their own that is made and jumped to before the first of them. What is not edited keeps its bytes.
 */
import type { Table } from '../model/ruleset.js';
import { JsonSource, type Json, type JsonItem } from '../parse/nft/json-source.js';
import { isLeftOut } from './nft.js';
import type { ResidualOptions } from './iptables.js';
import { firstHeld, runsOf, type Run, type RunRule } from './nft-runs.js';

type ItemCut = Extract<Run['rules'][number]['cut'], { kind: 'command' | 'item' }>;
type ItemRun = Run<ItemCut>;

/** By where an item begins: the texts in its place. */
type Replaced = Map<number, readonly string[]>;

export function residualNftJson(text: string, tables: readonly Table[], options: ResidualOptions): string {
  const source = new JsonSource(text, '');
  const items = [...source.items()];
  const replaced: Replaced = new Map();
  const leftOut = new Set(tables.filter(isLeftOut).map(({ family, name }) => `${family} ${name}`));
  if (leftOut.size > 0) for (const item of items) if (leftOut.has(tableOf(item))) replaced.set(item.extent.start, []);
  for (const table of tables)
    if (!isLeftOut(table))
      for (const run of runsOf(table, options)) editRun(run as ItemRun, options.devices, source, replaced);
  const head = tables.filter((table) => !isLeftOut(table) && table.loads === 'on-top').flatMap(replaceTable);
  return joined(text, items, head, replaced);
}

/** Blanks as nft has them. */
function json(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(json).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, one]) => `${JSON.stringify(key)}: ${json(one)}`)
    .join(', ')}}`;
}

/** As the text's `table X` and `delete table X`. */
const replaceTable = ({ family, name }: Table): string[] => [
  json({ table: { family, name } }),
  json({ delete: { table: { family, name } } }),
];

/** Family and name of the table that an item or command is about. */
function tableOf({ value }: JsonItem): string {
  let [kind, body] = onlyMember(value);
  if (kind === 'add' || kind === 'create' || kind === 'insert') [kind, body] = onlyMember(body);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return '';
  const { family, name, table } = body as Readonly<Record<string, Json>>;
  return [family, kind === 'table' ? name : table].filter((one) => typeof one === 'string').join(' ');
}

const onlyMember = (value: Json | undefined): [string, Json] =>
  (typeof value === 'object' && value !== null ? Object.entries(value)[0] : undefined) ?? ['', null];

function editRun(
  { table, chain, name, rules }: ItemRun,
  devices: readonly string[],
  source: JsonSource,
  replaced: Replaced,
): void {
  const verb = rules[0]?.cut.verb ?? 'add';
  const first = firstHeld(rules, verb);
  for (const one of rules) {
    const { start } = one.cut.place;
    if (!one.held || name === null) {
      replaced.set(start, []);
      continue;
    }
    const moved = inChain(one, name, source);
    replaced.set(start, one === first ? [...makeChain(table, chain, name, verb, devices), moved] : [moved]);
  }
}

/** The item with another chain's name. */
function inChain({ cut }: RunRule<ItemCut>, name: string, source: JsonSource): string {
  const { start, end } = cut.place;
  const command = source.member(start, 'add') ?? source.member(start, 'create') ?? source.member(start, 'insert');
  const rule = source.member(command?.start ?? start, 'rule');
  const chain = rule && source.member(rule.start, 'chain');
  if (!chain) throw new Error('bug: a rule without a chain');
  return source.text.slice(start, chain.start) + JSON.stringify(name) + source.text.slice(chain.end, end);
}

function makeChain(
  { family, name: table }: Table,
  chain: string,
  name: string,
  verb: 'add' | 'insert',
  devices: readonly string[],
): string[] {
  const [device] = devices;
  const right = devices.length === 1 && device !== undefined ? device : { set: devices };
  const expr: Json = [{ match: { op: '!=', left: { meta: { key: 'iifname' } }, right } }, { jump: { target: name } }];
  const rule: Json = { rule: { family, table, chain, expr } };
  return [json({ chain: { family, table, name } }), json(verb === 'insert' ? { insert: rule } : rule)];
}

/** The items with what stood between them; `head` goes behind the first, which says what nft wrote them. */
function joined(text: string, items: readonly JsonItem[], head: readonly string[], replaced: Replaced): string {
  const [first] = items;
  const last = items[items.length - 1];
  if (!first || !last) return text;
  const out: string[] = [];
  let left = head;
  items.forEach(({ value, extent: { start, end } }, i) => {
    const before = items[i - 1];
    const gap = before ? text.slice(before.extent.end, start) : ', ';
    const isMeta = onlyMember(value)[0] === 'metainfo';
    const texts = [...(isMeta ? [] : left), ...(replaced.get(start) ?? [text.slice(start, end)])];
    if (!isMeta) left = [];
    for (const one of texts) out.push(out.length > 0 ? gap : '', one);
  });
  // nft 0.9.8 prints warnings before its JSON, and does not read them back.
  const preamble = /^\s*\{/.test(text) ? 0 : text.search(/^[ \t]*\{/m);
  return text.slice(preamble, first.extent.start) + out.join('') + text.slice(last.extent.end);
}
