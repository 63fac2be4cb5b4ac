/** Statements and rules as nft text. */
import type { Expression } from './tree-expression.js';
import type { LimitStatement, LogStatement, MatchStatement, NatStatement, Statement } from './tree-statement.js';
import type { Rule } from './tree.js';
import { printExpression, printRuleElements, printVerdict, quoted, words } from './print-expression.js';
import { timeText } from './time.js';

/** A rule without its handle. */
export function printRule({ statements, comment }: Pick<Rule, 'statements' | 'comment'>): string {
  return words(...statements.map(printStatement), comment === null ? null : `comment ${quoted(comment)}`);
}

export function printStatement(s: Statement): string {
  switch (s.kind) {
    case 'match':
      return printMatch(s);
    case 'verdict':
      return printVerdict(s);
    case 'vmap':
      return `${printExpression(s.key)} vmap ${printExpression(s.data)}`;
    case 'chainBlock':
      return `${s.verdict} {\n${s.rules.map((rule) => `\t\t\t${printRule(rule)}${handleText(rule.handle)}\n`).join('')}\t\t}`;
    case 'counter':
      return words('counter', part('packets', s.packets), part('bytes', s.bytes));
    case 'limit':
      return printLimit(s);
    case 'quota':
      return words(
        'quota',
        s.over ? 'over' : null,
        `${s.bytes} ${s.unit}`,
        s.used === null ? null : `used ${s.used} ${s.usedUnit ?? 'bytes'}`,
      );
    case 'last':
      return words('last', s.used === null ? null : `used ${typeof s.used === 'number' ? timeText(s.used) : s.used}`);
    case 'ctCount':
      return words('ct count', s.over ? 'over' : null, String(s.count));
    case 'objref':
      return printReference(s.object, s.name);
    case 'log':
      return printLog(s);
    case 'reject': {
      if (s.type === null) return 'reject';
      return s.code ? `reject with ${s.type} ${printExpression(s.code)}` : 'reject with tcp reset';
    }
    case 'nat':
      return printNat(s);
    case 'mangle':
      return `${printExpression(s.left)} set ${printExpression(s.value)}`;
    case 'setUpdate':
      return `${s.operation} ${printExpression(s.set)} ${printRuleElements(s.elements)}`;
    case 'meter':
      return words('meter', s.name, s.size === null ? null : `size ${s.size}`, printRuleElements(s.elements));
    case 'queue':
    case 'dup':
    case 'fwd':
    case 'tproxy':
    case 'synproxy':
    case 'notrack':
    case 'flow':
    case 'optionReset':
    case 'xt':
    case 'mapStatement':
    case 'opaque':
      return printHandover(s);
  }
}

type HandoverKind =
  | 'queue'
  | 'dup'
  | 'fwd'
  | 'tproxy'
  | 'synproxy'
  | 'notrack'
  | 'flow'
  | 'optionReset'
  | 'xt'
  | 'mapStatement'
  | 'opaque';

function printHandover(s: Extract<Statement, { kind: HandoverKind }>): string {
  switch (s.kind) {
    case 'queue': {
      const flags = s.flags.length > 0 ? `flags ${s.flags.join(',')}` : null;
      return words('queue', flags, s.number ? `to ${printExpression(s.number)}` : null);
    }
    case 'dup':
      return words('dup to', printExpression(s.to), s.device ? `device ${printExpression(s.device)}` : null);
    case 'fwd':
      return words(
        'fwd',
        s.family,
        'to',
        printExpression(s.to),
        s.device ? `device ${printExpression(s.device)}` : null,
      );
    case 'tproxy':
      return words('tproxy', s.family, 'to', addressAndPort(s.address, s.port));
    case 'synproxy':
      return words(
        'synproxy',
        part('mss', s.mss),
        part('wscale', s.wscale),
        s.timestamp ? 'timestamp' : null,
        s.sackPermitted ? 'sack-perm' : null,
      );
    case 'notrack':
      return 'notrack';
    case 'flow':
      return `flow add @${s.flowtable}`;
    case 'optionReset':
      return `reset ${printExpression(s.option)}`;
    case 'xt':
      return `xt ${s.type} ${quoted(s.name)}`;
    case 'mapStatement':
      return printExpression(s.map);
    case 'opaque':
      return s.text;
  }
}

const part = (name: string, number: number | bigint | null): string | null =>
  number === null ? null : `${name} ${number}`;
export const handleText = (handle: number | null): string => (handle === null ? '' : ` # handle ${handle}`);

function printMatch({ left, operator, implicit, right, mask }: MatchStatement): string {
  const end = mask ? ` / ${mask.kind === 'binary' ? `(${printExpression(mask)})` : printExpression(mask)}` : '';
  return `${words(printExpression(left), implicit ? null : operator, printExpression(right))}${end}`;
}

function printLimit(s: LimitStatement): string {
  const rate = s.unit === 'packets' ? `${s.rate}/${s.per}` : `${s.rate} ${s.unit}/${s.per}`;
  return words(
    'limit rate',
    s.over ? 'over' : null,
    rate,
    s.burst === null ? null : `burst ${s.burst} ${s.burstUnit ?? 'packets'}`,
  );
}

function printReference(object: string, name: Expression): string {
  if (object === 'secmark') return `meta secmark set ${printExpression(name)}`;
  return `${object} ${object.startsWith('ct ') ? 'set' : 'name'} ${printExpression(name)}`;
}

function printLog(s: LogStatement): string {
  return words(
    'log',
    s.prefix === null ? null : `prefix ${quoted(s.prefix)}`,
    part('group', s.group),
    part('snaplen', s.snaplen),
    part('queue-threshold', s.queueThreshold),
    s.level === null ? null : `level ${s.level}`,
    ...s.flags.map((flag) => `flags ${flag}`),
  );
}

function printNat(s: NatStatement): string {
  const form = s.form === 'concat' ? 'addr . port' : s.form;
  const target = s.address || s.port ? `to ${addressAndPort(s.address, s.port)}` : null;
  return words(s.type, s.family, form, target, s.flags.length > 0 ? s.flags.join(',') : null);
}

/** IPv6 addresses stand in brackets before a port. */
function addressAndPort(address: Expression | null, port: Expression | null): string {
  if (!port) return address ? printExpression(address) : '';
  // `@name:80` would be one word.
  const colon = address?.kind === 'map' ? ' : ' : ':';
  return `${address ? bracketed(address) : ''}${colon}${printExpression(port)}`;
}
function bracketed(e: Expression): string {
  if (e.kind === 'range') return `${bracketed(e.low)}-${bracketed(e.high)}`;
  return e.kind === 'value' && e.form === 'address' && e.text.includes(':') ? `[${e.text}]` : printExpression(e);
}
