/** Where base chains hang: hooks, and the names of priorities (libnftables, std_prio_lookup). */
import type { Family, Hook } from '../ruleset.js';
import type { Expression, Priority } from '../../parse/nft/tree.js';
import type { Scope } from './scope.js';
import { leavesOf, resolve } from './scope.js';

const hooks: readonly string[] = [
  'ingress',
  'prerouting',
  'input',
  'forward',
  'output',
  'postrouting',
  'egress',
] satisfies Hook[];
export const isHook = (hook: string): hook is Hook => hooks.includes(hook);

const usual: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
const bridge: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 };

function namedPriority(family: Family, name: string): number | null {
  return (family === 'bridge' ? bridge : usual)[name] ?? null;
}

/** Null: a name or variable that is not known. */
export function priorityOf(family: Family, { name, offset, variable }: Priority, scope: Scope): number | null {
  if (variable) {
    const found = resolve({ expression: variable, scope });
    if (found?.expression.kind !== 'value') return null;
    const { text } = found.expression;
    const [, word, sign, number] = /^([a-z]+)?\s*([+-])?\s*([0-9]+)?$/.exec(text.trim()) ?? [];
    if (word === undefined && number === undefined) return null;
    const base = word === undefined ? 0 : namedPriority(family, word);
    return base === null ? null : base + (sign === '-' ? -1 : 1) * Number(number ?? 0) + offset;
  }
  if (name === null) return offset;
  const base = namedPriority(family, name);
  return base === null ? null : base + offset;
}

/** Names of devices; null when one of them is not known. */
export function devicesOf(devices: readonly Expression[], scope: Scope): string[] | null {
  const names: string[] = [];
  for (const device of devices) {
    const found = leavesOf({ expression: device, scope });
    if (!found || found.columns.length > 0) return null;
    for (const { key } of found.leaves) {
      if (key.kind !== 'value' || key.form === 'wildcard' || key.text.includes('*')) return null;
      names.push(key.text);
    }
  }
  return names;
}
