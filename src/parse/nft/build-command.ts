/** Actions of grammar/nft-block.ne for commands and for what stands before a block. */
import type { Expression, SetExpression, VariableExpression } from './tree-expression.js';
import type { AddVerb, NftFamily, Removal, RuleCommand, TableName } from './tree.js';
import type { RuleBody } from './build-statement.js';
import type { Token } from './lexer.js';
import { set, variable } from './build-expression.js';
import { numberOf, spanOf, textOf, tokenOf } from './place.js';

type Parts = readonly unknown[];

/** What a table, chain, set or object is called; `kind` of thing for blocks. */
interface Named extends TableName {
  readonly name: string;
}

/** What a command line says. A block, when one follows, is read after it. */
export type CommandLine =
  | ({ readonly kind: 'table'; readonly verb: 'add' | 'create' } & TableName)
  | ({
      readonly kind: 'declaration';
      readonly verb: AddVerb;
      readonly object: string;
      readonly name: string;
    } & TableName)
  | ({
      readonly kind: 'inlineObject';
      readonly verb: AddVerb;
      readonly object: string;
      readonly name: string;
    } & TableName)
  | ({
      readonly kind: 'rule';
      readonly verb: RuleCommand['verb'];
      readonly chain: string;
      readonly position: RuleCommand['position'];
      readonly body: RuleBody;
      /** First token of the rule itself: its text begins there. */
    } & TableName)
  | ({
      readonly kind: 'elements';
      readonly verb: AddVerb;
      readonly set: string;
      readonly elements: SetExpression | VariableExpression;
    } & TableName)
  | Omit<Removal, 'span'>
  | { readonly kind: 'define'; readonly verb: 'define' | 'redefine'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'undefine'; readonly name: string }
  | { readonly kind: 'include'; readonly pattern: string };

export const word = (d: Parts): string => textOf(d[0]);
export const words = (d: Parts): string => d.map(textOf).join(' ');
export const itemHead = (d: Parts): { object: string; name: string } => {
  const object = d.slice(0, -1).map((part) => (typeof part === 'string' ? part : textOf(part)));
  return { object: object.join(' ').replace('flow table', 'meter'), name: d.at(-1) as string };
};

export const tableName = (d: Parts): TableName => ({
  family: (d[0] as NftFamily | null) ?? 'ip',
  table: d[1] as string,
});
export const objectName = (d: Parts): Named => ({ ...(d[0] as TableName), name: d[1] as string });
const verbOf = (part: unknown): string => (part === null ? 'add' : typeof part === 'string' ? part : textOf(part));

export function tableHead(d: Parts): CommandLine {
  return { kind: 'table', verb: verbOf(d[0]) as 'add', ...(d[2] as TableName) };
}
export function declarationHead(d: Parts): CommandLine {
  return { kind: 'declaration', verb: verbOf(d[0]) as AddVerb, object: d[1] as string, ...(d[2] as Named) };
}
export function inlineObject(d: Parts): CommandLine {
  const { object, name, family, table } = d[1] as Named & { object: string };
  return { kind: 'inlineObject', verb: verbOf(d[0]) as AddVerb, object, name, family, table };
}
export const inlineCounter = (d: Parts): Named & { object: string } => ({ object: textOf(d[0]), ...(d[1] as Named) });
export const inlineWords = inlineCounter;

export function ruleCommand(d: Parts): CommandLine {
  return ruleNode(verbOf(d[0]), d[2] as Named, d[3], d[4] as RuleBody);
}
export function bareRuleCommand(d: Parts): CommandLine {
  return ruleNode(verbOf(d[0]), d[1] as Named, d[2], d[3] as RuleBody);
}
function ruleNode(verb: string, { family, table, name }: Named, position: unknown, body: RuleBody): CommandLine {
  return {
    kind: 'rule',
    verb: verb as RuleCommand['verb'],
    family,
    table,
    chain: name,
    position: position as RuleCommand['position'],
    body,
  };
}
export function position(d: Parts): RuleCommand['position'] {
  return { kind: textOf(d[0]) as 'handle', number: numberOf(d[1]) };
}

export function elementCommand(d: Parts): CommandLine {
  const { family, table, name } = d[2] as Named;
  const token = tokenOf(d[3]);
  const elements = token.type === 'variable' ? variable([token]) : set([token]);
  return { kind: 'elements', verb: verbOf(d[0]) as AddVerb, family, table, set: name, elements };
}

function removal(d: Parts, object: string, rest: Partial<Removal>): CommandLine {
  const nothing = { family: null, table: null, name: null, handle: null, newName: null };
  return { kind: 'removal', verb: d[0] as Removal['verb'], object, ...nothing, ...rest };
}
const familyPart = (part: unknown): NftFamily | null => part as NftFamily | null;
export const rulesetRemoval = (d: Parts): CommandLine => removal(d, 'ruleset', { family: familyPart(d[2]) });
export const tableRemoval = (d: Parts): CommandLine => removal(d, 'table', d[2] as TableName);
export function tableHandleRemoval(d: Parts): CommandLine {
  return removal(d, 'table', { family: familyPart(d[2]) ?? 'ip', handle: numberOf(d[4]) });
}
export const objectRemoval = (d: Parts): CommandLine => removal(d, d[1] as string, d[2] as Named);
export function handleRemoval(d: Parts): CommandLine {
  return removal(d, d[1] as string, { ...(d[2] as TableName), handle: numberOf(d[4]) });
}
export function ruleRemoval(d: Parts): CommandLine {
  return removal(d, 'rule', { ...(d[2] as Named), handle: numberOf(d[4]) });
}
export const pluralRemoval = (d: Parts): CommandLine => removal(d, d[1] as string, { family: familyPart(d[2]) });
export const pluralTableRemoval = (d: Parts): CommandLine => removal(d, d[1] as string, d[3] as TableName);
export function rename(d: Parts): CommandLine {
  return removal(['rename'], 'chain', { ...(d[2] as Named), newName: d[3] as string });
}

export function define(d: Parts): CommandLine {
  return { kind: 'define', verb: textOf(d[0]) as 'define', name: d[1] as string, value: d[3] as Expression };
}
export const undefine = (d: Parts): CommandLine => ({ kind: 'undefine', name: d[1] as string });
export const include = (d: Parts): CommandLine => ({ kind: 'include', pattern: textOf(d[1]) });

export function negative(d: Parts): Expression {
  const token: Token = tokenOf(d[1]);
  return { kind: 'value', form: 'number', text: `-${token.value}`, span: spanOf(token) };
}
