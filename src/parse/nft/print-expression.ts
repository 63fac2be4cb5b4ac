/** Expressions, elements and verdicts as nft text. */
import type {
  BinaryExpression,
  Element,
  ElementColumns,
  Expression,
  SetExpression,
  Verdict,
} from './tree-expression.js';
import { isWord } from './lexer.js';
import { ipv4Text, ipv6Text } from './plain-value.js';
import { printStatement } from './print-statement.js';
import { timeText } from './time.js';

/** nft knows no escapes in strings: what stands in one cannot hold a quote. */
export const quoted = (text: string): string => `"${text.replaceAll('"', "'")}"`;

/** A name, quoted where it would not be read as one. */
export const printName = (name: string): string => (isWord(name) ? name : quoted(name));

const precedence: Readonly<Record<BinaryExpression['operator'], number>> = { '|': 1, '^': 2, '&': 3, '<<': 4, '>>': 4 };

export function printExpression(e: Expression): string {
  switch (e.kind) {
    case 'value':
      return e.form === 'quoted' ? quoted(e.text) : e.text;
    case 'variable':
      return `$${e.name}`;
    case 'payload':
      return `${e.protocol} ${e.field}`;
    case 'raw':
      return `@${e.base},${e.offset},${e.length}`;
    case 'exthdr':
      return e.field === null ? `exthdr ${e.header}` : `${e.header} ${e.field}`;
    case 'meta':
      return `meta ${e.key}`;
    case 'ct':
      return e.direction === null ? `ct ${e.key}` : `ct ${e.direction} ${e.key}`;
    case 'fib':
      return `fib ${e.flags.join(' . ')} ${e.result}`;
    case 'concat':
      return e.parts
        .map((part) => (part.kind === 'binary' || part.kind === 'concat' ? paren(part) : printExpression(part)))
        .join(' . ');
    case 'list':
      return e.parts.map(printExpression).join(',');
    case 'prefix':
      return `${printExpression(e.address)}/${e.length}`;
    case 'range':
      return `${printExpression(e.low)}-${printExpression(e.high)}`;
    case 'binary':
      return `${operand(e.left, precedence[e.operator] - 1)} ${e.operator} ${operand(e.right, precedence[e.operator])}`;
    case 'setReference':
      return `@${e.name}`;
    case 'set':
      return printSet(e);
    case 'map':
      return `${printExpression(e.key)} map ${printExpression(e.data)}`;
    case 'opaque':
      return e.text;
    case 'option':
    case 'rt':
    case 'socket':
    case 'osf':
    case 'ipsec':
    case 'tunnel':
    case 'numgen':
    case 'hash':
      return printRare(e);
  }
}

type Rare = Extract<Expression, { kind: 'option' | 'rt' | 'socket' | 'osf' | 'ipsec' | 'tunnel' | 'numgen' | 'hash' }>;

function printRare(e: Rare): string {
  switch (e.kind) {
    case 'option': {
      if (e.raw) return `${e.protocol} option @${e.option},${e.raw.offset},${e.raw.length}`;
      return words(e.protocol, e.protocol === 'sctp' ? 'chunk' : 'option', e.option, e.field);
    }
    case 'rt':
      return words('rt', e.family, e.key);
    case 'socket':
      return words('socket', e.key, e.level === null ? null : `level ${e.level}`);
    case 'osf':
      return words('osf', e.ttl === null ? null : `ttl ${e.ttl}`, e.key);
    case 'ipsec':
      return words('ipsec', e.direction, e.number === 0 ? null : `spnum ${e.number}`, e.family, e.key);
    case 'tunnel':
      return `tunnel ${e.key}`;
    case 'numgen':
      return words('numgen', e.mode, `mod ${e.modulus}`, e.offset === 0 ? null : `offset ${e.offset}`);
    case 'hash': {
      const seed = e.seed === null ? null : `seed ${e.seed}`;
      const start = e.expression ? `jhash ${printExpression(e.expression)}` : 'symhash';
      return words(start, `mod ${e.modulus}`, seed, e.offset === 0 ? null : `offset ${e.offset}`);
    }
  }
}

/** What is there, with blanks between. */
export const words = (...parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(' ');

const paren = (e: Expression): string => `(${printExpression(e)})`;
function operand(e: Expression, above: number): string {
  return e.kind === 'concat' || (e.kind === 'binary' && precedence[e.operator] <= above)
    ? paren(e)
    : printExpression(e);
}

/** Elements on one line of a listing before it is broken. */
const perLine = 8;

export function printSet(set: SetExpression): string {
  const parts = set.columns ? printColumns(set.columns) : set.elements.map((element) => printElement(element));
  if (parts.length <= perLine) return parts.length === 0 ? '{ }' : `{ ${parts.join(', ')} }`;
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(', '));
  return `{ ${lines.join(',\n\t\t\t')} }`;
}

/** Elements of a rule (`add @s { … }`, meters): there nft reads times before statements, in a set after them. */
export const printRuleElements = (set: SetExpression): string =>
  set.columns ? printSet(set) : `{ ${set.elements.map((element) => printElement(element, true)).join(', ')} }`;

export function printElement(element: Element, inRule = false): string {
  const { key, data, timeout, expires, comment, statements } = element;
  const before = statements.map(printStatement);
  const times = [
    timeout === null ? null : `timeout ${timeText(timeout)}`,
    expires === null ? null : `expires ${timeText(expires)}`,
    comment === null ? null : `comment ${quoted(comment)}`,
  ];
  const left = words(
    key.kind === 'catchAll' ? '*' : printExpression(key),
    ...(inRule ? [...times, ...before] : [...before, ...times]),
  );
  if (!data) return left;
  return `${left} : ${data.kind === 'verdict' ? printVerdict(data) : printExpression(data)}`;
}

export function printVerdict(verdict: Verdict): string {
  if (!('chain' in verdict)) return verdict.verdict;
  const { chain } = verdict;
  return `${verdict.verdict} ${typeof chain === 'string' ? printName(chain) : `$${chain.name}`}`;
}

function printColumns(columns: ElementColumns): string[] {
  const { type, count, lo, hi, form, timeout, expires } = columns;
  const text = (column: Uint32Array, i: number): string => {
    if (type === 'number') return String(column[i]!);
    return type === 'ipv4' ? ipv4Text(column[i]!) : ipv6Text([...column.subarray(i * 4, i * 4 + 4)]);
  };
  const time = (name: string, column: Float64Array | null, i: number): string =>
    column && !Number.isNaN(column[i]!) ? ` ${name} ${timeText(column[i]!)}` : '';
  const parts = new Array<string>(count);
  for (let i = 0; i < count; i++) {
    const shape = form[i]!;
    const end = shape === 255 ? '' : shape === 254 ? `-${text(hi, i)}` : `/${shape}`;
    parts[i] = `${text(lo, i)}${end}${time('timeout', timeout, i)}${time('expires', expires, i)}`;
  }
  return parts;
}
