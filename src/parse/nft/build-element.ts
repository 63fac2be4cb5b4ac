/** Actions of grammar/nft-set.ne. */
import type { CatchAll, Element, Expression, Verdict } from './tree-expression.js';
import type { Statement } from './tree-statement.js';
import type { Token } from './lexer.js';
import { set } from './build-expression.js';
import { spanOf, textOf, tokenOf } from './place.js';
import { timeOf } from './time.js';

export { concat, prefix, range, map } from './build-expression.js';

type Parts = readonly unknown[];

/** What hangs on an element, in any order. */
type Option =
  | { readonly name: 'timeout'; readonly milliseconds: number | null }
  | { readonly name: 'expires'; readonly milliseconds: number | null }
  | { readonly name: 'comment'; readonly text: string }
  | { readonly name: 'statement'; readonly statement: Statement };

interface Side {
  readonly key: Expression | CatchAll;
  readonly options: readonly Option[];
}

export const nested = (d: Parts): Expression => set(d);
export const catchAll = (d: Parts): CatchAll => ({ kind: 'catchAll', span: spanOf(tokenOf(d[0])) });
export function negative(d: Parts): Expression {
  return { kind: 'value', form: 'number', text: `-${textOf(d[1])}`, span: spanOf(tokenOf(d[0])) };
}

export const timeout = (d: Parts): Option => ({ name: 'timeout', milliseconds: elementTime(tokenOf(d[1])) });
export const expires = (d: Parts): Option => ({ name: 'expires', milliseconds: elementTime(tokenOf(d[1])) });
const elementTime = (token: Token): number | null => (token.text === 'never' ? null : timeOf(token.value));
export const comment = (d: Parts): Option => ({ name: 'comment', text: textOf(d[1]) });
export const statement = (d: Parts): Option => ({ name: 'statement', statement: d[0] as Statement });

export const side = (d: Parts): Side => ({ key: d[0] as Expression | CatchAll, options: d[1] as Option[] });
export const verdictData = (d: Parts): Verdict => d[0] as Verdict;
export const sideData = (d: Parts): Side => d[0] as Side;

export const key = (d: Parts): Element => elementOf(d[0] as Side, null);
export function mapping(d: Parts): Element {
  const data = d[2] as Side | Verdict;
  if ('kind' in data) return elementOf(d[0] as Side, data);
  // nft writes what hangs on the element before the colon, and reads it after the data as well.
  const whole = { key: (d[0] as Side).key, options: [...(d[0] as Side).options, ...data.options] };
  return elementOf(whole, data.key.kind === 'catchAll' ? null : data.key);
}

export function elementOf({ key, options }: Side, data: Expression | Verdict | null): Element {
  let timeout: number | null = null;
  let expires: number | null = null;
  let comment: string | null = null;
  const statements: Statement[] = [];
  for (const option of options) {
    if (option.name === 'timeout') timeout = option.milliseconds;
    else if (option.name === 'expires') expires = option.milliseconds;
    else if (option.name === 'comment') comment = option.text;
    else statements.push(option.statement);
  }
  return { key, data, timeout, expires, comment, statements, span: key.span };
}
