/** Actions of grammar/nft-statement.ne: matches, verdicts, counters, limits, log, reject. */
import type { Expression, SetExpression, SetReference, VariableExpression, Verdict } from './tree-expression.js';
import type {
  CounterStatement,
  LimitStatement,
  LogStatement,
  MatchOperator,
  MatchStatement,
  ObjectStatement,
  RejectStatement,
  Statement,
} from './tree-statement.js';
import type { Rule } from './tree.js';
import { first, metaNode } from './build-expression.js';
import { bigintOf, numberOf, spanOf, textOf, tokenOf } from './place.js';
import { timeOf } from './time.js';

export { first };

type Parts = readonly unknown[];

/** A rule before its place in the source is known. */
export interface RuleBody {
  readonly statements: readonly Statement[];
  readonly comment: string | null;
}

export const rule = (d: Parts): RuleBody => ({ statements: d[0] as Statement[], comment: d[1] as string | null });
export const comment = (d: Parts): string => textOf(d[1]);
export function cons(d: Parts): unknown[] {
  // The list belongs to this derivation alone: growing it in place keeps long rules linear.
  (d[0] as unknown[]).push(d[1]);
  return d[0] as unknown[];
}
export const name = (d: Parts): string => textOf(d[0]);

export function verdict(d: Parts): Verdict {
  const token = tokenOf(d[0]);
  return { kind: 'verdict', verdict: token.value as 'accept', span: spanOf(token) };
}
export function jump(d: Parts): Verdict {
  const token = tokenOf(d[0]);
  return {
    kind: 'verdict',
    verdict: token.value as 'jump',
    chain: d[1] as string | VariableExpression,
    span: spanOf(token),
  };
}
export function chainBlock(d: Parts): Statement {
  const token = tokenOf(d[0]);
  return {
    kind: 'chainBlock',
    verdict: token.value as 'jump' | 'goto',
    rules: tokenOf(d[1]).node as Rule[],
    span: spanOf(token),
  };
}
export function verdictMap(d: Parts): Statement {
  const key = d[0] as Expression;
  return { kind: 'vmap', key, data: d[2] as SetExpression | SetReference | VariableExpression, span: key.span };
}

function matchNode(
  left: Expression,
  operator: MatchOperator | null,
  right: Expression,
  mask: Expression | null,
): MatchStatement {
  return { kind: 'match', left, operator: operator ?? '==', implicit: operator === null, right, mask, span: left.span };
}
export const operator = (d: Parts): MatchOperator => tokenOf(d[0]).text as MatchOperator;
export const implicitMatch = (d: Parts): Statement => matchNode(d[0] as Expression, null, d[1] as Expression, null);
export function match(d: Parts): Statement {
  return matchNode(d[0] as Expression, d[1] as MatchOperator, d[2] as Expression, null);
}
export const flags = (d: Parts): [Expression, Expression] => [d[0] as Expression, d[2] as Expression];
export function maskedMatch(d: Parts): Statement {
  const [value, mask] = d[2] as [Expression, Expression];
  return matchNode(d[0] as Expression, d[1] as MatchOperator | null, value, mask);
}
export function ipsecMatch(d: Parts): Statement {
  const word = tokenOf(d[2]);
  const right: Expression = { kind: 'value', form: 'word', text: word.value, span: spanOf(word) };
  return matchNode(metaNode(tokenOf(d[0]), 'ipsec'), d[1] as MatchOperator | null, right, null);
}

export const counterPart = (d: Parts): [string, bigint] => [textOf(d[0]), bigintOf(d[1])];
export function counter(d: Parts): CounterStatement {
  const parts = new Map(d[1] as [string, bigint][]);
  return {
    kind: 'counter',
    packets: parts.get('packets') ?? null,
    bytes: parts.get('bytes') ?? null,
    span: spanOf(tokenOf(d[0])),
  };
}

interface Rate {
  readonly rate: bigint;
  readonly unit: string;
  readonly per: string;
}
export const packetRate = (d: Parts): Rate => ({ rate: bigintOf(d[0]), unit: 'packets', per: d[2] as string });
export function byteRate(d: Parts): Rate {
  const [unit = '', per = ''] = textOf(d[1]).split('/');
  return { rate: bigintOf(d[0]), unit, per };
}
export function spacedByteRate(d: Parts): Rate {
  return { rate: bigintOf(d[0]), unit: textOf(d[1]), per: d[3] as string };
}
export function burst(d: Parts): { amount: bigint; unit: string } {
  const unit = typeof d[2] === 'string' ? d[2] : textOf(d[2]);
  return { amount: bigintOf(d[1]), unit };
}
export function limit(d: Parts): LimitStatement {
  const burst = d[4] as { amount: bigint; unit: string } | null;
  return {
    kind: 'limit',
    over: d[2] !== null && textOf(d[2]) === 'over',
    ...(d[3] as Rate),
    burst: burst?.amount ?? null,
    burstUnit: burst?.unit ?? null,
    span: spanOf(tokenOf(d[0])),
  };
}
export const quotaUsed = (d: Parts): [bigint, string] => [bigintOf(d[1]), textOf(d[2])];
export function quota(d: Parts): Statement {
  const used = d[4] as [bigint, string] | null;
  return {
    kind: 'quota',
    over: d[1] !== null && textOf(d[1]) === 'over',
    bytes: bigintOf(d[2]),
    unit: d[3] as string,
    used: used?.[0] ?? null,
    usedUnit: used?.[1] ?? null,
    span: spanOf(tokenOf(d[0])),
  };
}
export function ctCount(d: Parts): Statement {
  return { kind: 'ctCount', over: d[2] !== null, count: numberOf(d[3]), span: spanOf(tokenOf(d[0])) };
}
export function lastUsed(d: Parts): number | 'never' {
  const token = tokenOf(d[1]);
  return token.text === 'never' ? 'never' : timeOf(token.value);
}
export function last(d: Parts): Statement {
  return { kind: 'last', used: d[1] as number | 'never' | null, span: spanOf(tokenOf(d[0])) };
}

export function namedObject(d: Parts): ObjectStatement {
  const token = tokenOf(d[0]);
  return { kind: 'objref', object: token.value as 'counter', name: d[2] as Expression, span: spanOf(token) };
}
export function ctObject(d: Parts): ObjectStatement {
  const object = `ct ${textOf(d[1])}` as ObjectStatement['object'];
  return { kind: 'objref', object, name: d[3] as Expression, span: spanOf(tokenOf(d[0])) };
}

type LogPart = Partial<Omit<LogStatement, 'kind' | 'span'>>;
export function logPart(d: Parts): LogPart {
  const word = textOf(d[0]);
  if (word === 'prefix' || word === 'level') return { [word]: textOf(d[1]) };
  return { [word === 'queue-threshold' ? 'queueThreshold' : word]: numberOf(d[1]) };
}
export const logFlags = (d: Parts): LogPart => ({ flags: d[1] as string[] });
export function logFlag(d: Parts): string[] {
  if (Array.isArray(d[1]) && typeof d[1][0] === 'string') return d[1] as string[];
  return [d.map(textOf).join(' ')];
}
export const tcpLogFlag = (d: Parts): string[] => [`tcp ${textOf(d[0])}`];
export const moreTcpLogFlags = (d: Parts): string[] => [...(d[0] as string[]), `tcp ${textOf(d[2])}`];
export function log(d: Parts): LogStatement {
  const parts = d[1] as LogPart[];
  const flags = parts.flatMap((part) => part.flags ?? []);
  const rest = Object.assign({}, ...parts) as LogPart;
  const { prefix = null, level = null, group = null, snaplen = null, queueThreshold = null } = rest;
  return { kind: 'log', prefix, level, group, snaplen, queueThreshold, flags, span: spanOf(tokenOf(d[0])) };
}

export const reject = (d: Parts): RejectStatement => rejectNode(d, null, null);
export function rejectWith(d: Parts): RejectStatement {
  return rejectNode(d, textOf(d[2]) as RejectStatement['type'], d[4] as Expression);
}
export const rejectTcp = (d: Parts): RejectStatement => rejectNode(d, 'tcp', null);
function rejectNode(d: Parts, type: RejectStatement['type'], code: Expression | null): RejectStatement {
  return { kind: 'reject', type, code, span: spanOf(tokenOf(d[0])) };
}
