/** Actions of grammar/nft-block.ne for the lines of chain, set, flowtable and table blocks. */
import type { Expression, SetExpression } from './tree-expression.js';
import type { Statement } from './tree-statement.js';
import type { ChainHook, Priority, SetType } from './tree.js';
import { set, value, variable } from './build-expression.js';
import { cons as pushed } from './build-statement.js';
import { numberOf, spanOf, textOf, tokenOf } from './place.js';
import { timeOf } from './time.js';

export * from './build-command.js';

type Parts = readonly unknown[];

/** What a line of a block says. */
export type Line =
  | { readonly name: 'hook'; readonly hook: ChainHook }
  | { readonly name: 'policy'; readonly value: Expression }
  | { readonly name: 'flags'; readonly flags: readonly string[] }
  | { readonly name: 'comment'; readonly text: string }
  | { readonly name: 'flowtableHook'; readonly hook: string; readonly priority: Priority }
  | { readonly name: 'devices'; readonly devices: readonly Expression[] }
  | { readonly name: 'counter' }
  | { readonly name: 'type'; readonly key: SetType; readonly data: SetType | null; readonly interval: boolean }
  | { readonly name: 'timeout' | 'gc-interval'; readonly milliseconds: number }
  | { readonly name: 'size'; readonly size: number }
  | { readonly name: 'setPolicy'; readonly policy: string }
  | { readonly name: 'auto-merge' }
  | { readonly name: 'elements'; readonly elements: SetExpression | Extract<Expression, { kind: 'variable' }> }
  | { readonly name: 'statement'; readonly statement: Statement };

export const cons = pushed;

export function hook(d: Parts): Line {
  const devices = (d[4] as Expression[] | null) ?? [];
  return { name: 'hook', hook: { type: textOf(d[1]), hook: textOf(d[3]), devices, priority: d[5] as Priority } };
}
export const device = (d: Parts): Expression[] => [value([tokenOf(d[1])])];
export const deviceVariable = (d: Parts): Expression[] => [variable([d[1]])];
export const deviceSet = (d: Parts): Expression[] => devicesOf(set([d[2]]));
export const deviceVariables = (d: Parts): Expression[] => [variable([d[2]])];
function devicesOf(devices: SetExpression): Expression[] {
  return devices.elements.flatMap(({ key }) => (key.kind === 'catchAll' ? [] : [key]));
}

const plainPriority = { name: null, offset: 0, variable: null };
export function priorityNumber(d: Parts): Priority {
  const number = numberOf(d[2]);
  return { ...plainPriority, offset: d[1] === null ? number : -number };
}
export const priorityVariable = (d: Parts): Priority => ({ ...plainPriority, variable: variable([d[1]]) });
export function priorityName(d: Parts): Priority {
  const [sign, number] = (d[2] as [unknown, unknown] | null) ?? [];
  const offset = number === undefined ? 0 : numberOf(number) * (textOf(sign) === '-' ? -1 : 1);
  return { ...plainPriority, name: textOf(d[1]), offset };
}

export function policy(d: Parts): Line {
  const token = tokenOf(d[1]);
  const span = spanOf(token);
  if (token.type === 'variable') return { name: 'policy', value: variable([token]) };
  return { name: 'policy', value: { kind: 'value', form: 'word', text: token.value, span } };
}
export const flags = (d: Parts): Line => ({ name: 'flags', flags: d[1] as string[] });
export const comment = (d: Parts): Line => ({ name: 'comment', text: textOf(d[1]) });

export function flowtableHook(d: Parts): Line {
  return { name: 'flowtableHook', hook: textOf(d[1]), priority: d[2] as Priority };
}
export function devicesLine(d: Parts): Line {
  const token = tokenOf(d[2]);
  return { name: 'devices', devices: token.type === 'variable' ? [variable([token])] : devicesOf(set([token])) };
}
export const counterLine = (): Line => ({ name: 'counter' });

const names = (part: unknown): SetType => ({ kind: 'names', names: part as string[] });
const typeofExpression = (part: unknown): SetType => ({ kind: 'typeof', expression: part as Expression });
export const setType = (d: Parts): Line => ({ name: 'type', key: names(d[1]), data: null, interval: false });
export function mapType(d: Parts): Line {
  return { name: 'type', key: names(d[1]), data: names(d[4]), interval: d[3] !== null };
}
export const setTypeof = (d: Parts): Line => ({
  name: 'type',
  key: typeofExpression(d[1]),
  data: null,
  interval: false,
});
export function mapTypeof(d: Parts): Line {
  return { name: 'type', key: typeofExpression(d[1]), data: typeofExpression(d[4]), interval: d[3] !== null };
}
export function time(d: Parts): Line {
  return { name: textOf(d[0]) as 'timeout' | 'gc-interval', milliseconds: timeOf(textOf(d[1])) };
}
export const size = (d: Parts): Line => ({ name: 'size', size: numberOf(d[1]) });
export const setPolicy = (d: Parts): Line => ({ name: 'setPolicy', policy: textOf(d[1]) });
export const autoMerge = (): Line => ({ name: 'auto-merge' });
export function elements(d: Parts): Line {
  const token = tokenOf(d[2]);
  return { name: 'elements', elements: token.type === 'variable' ? variable([token]) : set([token]) };
}
export const stateful = (d: Parts): Line => ({ name: 'statement', statement: d[0] as Statement });
