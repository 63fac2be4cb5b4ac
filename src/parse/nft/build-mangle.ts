/** Actions of grammar/nft-statement.ne: NAT, assignments, set updates, queues, and what hands a packet over. */
import type { Element, Expression, OptionExpression, SetReference, VariableExpression } from './tree-expression.js';
import type { NatStatement, SetUpdateStatement, Statement } from './tree-statement.js';
import { elementOf } from './build-element.js';
import { set } from './build-expression.js';
import { numberOf, spanOf, textOf, tokenOf } from './place.js';

type Parts = readonly unknown[];

export const second = (d: Parts): unknown => d[1];
export const third = (d: Parts): unknown => d[2];

type Target = Pick<NatStatement, 'address' | 'port' | 'family' | 'form'>;
const target = (part: Partial<Target>): Target => ({ address: null, port: null, family: null, form: null, ...part });

export const address = (d: Parts): Target => target({ address: d[0] as Expression });
export const port = (d: Parts): Target => target({ port: d[1] as Expression });
export function addressPort(d: Parts): Target {
  return target({ address: d[0] as Expression, port: d[2] as Expression });
}
export function familyTarget(d: Parts): Target {
  return { ...(d[2] as Target), family: textOf(d[0]) as 'ip' };
}
export function formTarget(d: Parts): Target {
  const family = d[0] === null ? null : (textOf(d[0]) as 'ip');
  return { ...(d[3] as Target), family, form: textOf(d[1]) as 'prefix' };
}
export function concatTarget(d: Parts): Target {
  return { ...(d[5] as Target), family: textOf(d[0]) as 'ip', form: 'concat' };
}

export function nat(d: Parts): NatStatement {
  const token = tokenOf(d[0]);
  return {
    kind: 'nat',
    type: token.value as 'snat',
    ...(d[1] as Target),
    flags: (d[2] as string[] | null) ?? [],
    span: spanOf(token),
  };
}
export const masquerade = (d: Parts): NatStatement => portNat(d, 'masquerade');
export const redirect = (d: Parts): NatStatement => portNat(d, 'redirect');
function portNat(d: Parts, type: NatStatement['type']): NatStatement {
  const port = d[1] as Expression | null;
  return {
    kind: 'nat',
    type,
    ...target({ port }),
    flags: (d[2] as string[] | null) ?? [],
    span: spanOf(tokenOf(d[0])),
  };
}

export function assign(d: Parts): Statement {
  const left = d[0] as Expression;
  const value = d[2] as Expression;
  // `meta secmark set "name"` names an object; from conntrack it copies a mark.
  if (left.kind === 'meta' && left.key === 'secmark' && value.kind !== 'ct') {
    return { kind: 'objref', object: 'secmark', name: value, span: left.span };
  }
  return { kind: 'mangle', left, value, span: left.span };
}
export const notrack = (d: Parts): Statement => ({ kind: 'notrack', span: spanOf(tokenOf(d[0])) });
export function resetOption(d: Parts): Statement {
  const option: OptionExpression = {
    kind: 'option',
    protocol: 'tcp',
    option: textOf(d[3]),
    field: null,
    raw: null,
    span: spanOf(tokenOf(d[1])),
  };
  return { kind: 'optionReset', option, span: spanOf(tokenOf(d[0])) };
}

type SetName = SetReference | VariableExpression;
export function setUpdate(d: Parts): Statement {
  const token = tokenOf(d[0]);
  const operation = token.value as SetUpdateStatement['operation'];
  return { kind: 'setUpdate', operation, set: d[1] as SetName, elements: set([d[2]]), span: spanOf(token) };
}
export function oldKey(d: Parts): Element {
  return elementOf({ key: d[0] as Expression, options: d[1] as never }, null);
}
/** `set add ip saddr @s` is `add @s { ip saddr }`. */
export function oldSetUpdate(d: Parts): Statement {
  const element = d[2] as Element;
  return {
    kind: 'setUpdate',
    operation: textOf(d[1]) as SetUpdateStatement['operation'],
    set: d[3] as SetName,
    elements: { kind: 'set', elements: [element], columns: null, span: element.span },
    span: spanOf(tokenOf(d[0])),
  };
}
export const meter = (d: Parts): Statement => meterNode(d, textOf(d[1]), null, d[2]);
export const sizedMeter = (d: Parts): Statement => meterNode(d, textOf(d[1]), numberOf(d[3]), d[4]);
export const oldMeter = (d: Parts): Statement => meterNode(d, textOf(d[2]), null, d[3]);
function meterNode(d: Parts, name: string, size: number | null, elements: unknown): Statement {
  return { kind: 'meter', name, size, elements: set([elements]), span: spanOf(tokenOf(d[0])) };
}

export const queueNumber = (d: Parts): Expression => d[1] as Expression;
export function queue(d: Parts): Statement {
  const parts = d[1] as (Expression | string[])[];
  const number = parts.find((part): part is Expression => !Array.isArray(part)) ?? null;
  const flags = parts.filter((part) => Array.isArray(part)).flat();
  return { kind: 'queue', number, flags, span: spanOf(tokenOf(d[0])) };
}

export function dup(d: Parts): Statement {
  return {
    kind: 'dup',
    to: d[2] as Expression,
    device: (d[4] as Expression | undefined) ?? null,
    span: spanOf(tokenOf(d[0])),
  };
}
export function fwd(d: Parts): Statement {
  return { kind: 'fwd', family: null, to: d[2] as Expression, device: null, span: spanOf(tokenOf(d[0])) };
}
export function fwdTo(d: Parts): Statement {
  const family = textOf(d[1]) as 'ip';
  return { kind: 'fwd', family, to: d[3] as Expression, device: d[5] as Expression, span: spanOf(tokenOf(d[0])) };
}
export function tproxy(d: Parts): Statement {
  const { address, port } = d[3] as Target;
  const family = d[1] === null ? null : (textOf(d[1]) as 'ip');
  return { kind: 'tproxy', family, address, port, span: spanOf(tokenOf(d[0])) };
}
export const synproxyNumber = (d: Parts): [string, number] => [textOf(d[0]), numberOf(d[1])];
export const synproxyFlag = (d: Parts): [string, number] => [textOf(d[0]), 1];
export function synproxy(d: Parts): Statement {
  const parts = new Map(d[1] as [string, number][]);
  return {
    kind: 'synproxy',
    mss: parts.get('mss') ?? parts.get('maxseg') ?? null,
    wscale: parts.get('wscale') ?? null,
    timestamp: parts.has('timestamp'),
    sackPermitted: parts.has('sack-perm') || parts.has('sack-permitted'),
    span: spanOf(tokenOf(d[0])),
  };
}
export const flow = (d: Parts): Statement => ({ kind: 'flow', flowtable: textOf(d[3]), span: spanOf(tokenOf(d[0])) });
export function xt(d: Parts): Statement {
  return { kind: 'xt', type: textOf(d[1]), name: textOf(d[2]), span: spanOf(tokenOf(d[0])) };
}
