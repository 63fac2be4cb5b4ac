/** What rules of a shape log, in which they may differ: it stands in the text of a statement, and no packet is asked for it. */
import { quoted } from '../../parse/nft/print-expression.js';
import { variantOf, type RuleShape, type RuleVariant } from '../../parse/nft/rule-variants.js';
import type { ObserveStatement } from '../address-run.js';
import type { Part } from '../match.js';

export interface LoggedHole {
  /** Number among the values of a variant. */
  readonly at: number;
  readonly part: number;
  /** What the statement says before and behind it. */
  readonly around: readonly [string, string];
}

/** `parts`: of the rule of the shape. Null where no statement shows what is logged. */
export function loggedHoles(shape: RuleShape, parts: readonly Part[]): LoggedHole[] | null {
  const found: LoggedHole[] = [];
  const variant = variantOf(shape.rule) ?? bug();
  for (const [at, { isLogged }] of shape.holes.entries()) {
    if (!isLogged) continue;
    const words = `prefix ${wordsAt(variant, at)}`;
    const part = parts.findIndex(
      (one, i) => isObserving(one) && !found.some((other) => other.part === i) && one.statement.text.includes(words),
    );
    const own = parts[part];
    if (!own || !isObserving(own)) return null;
    const [before, behind, more] = own.statement.text.split(words);
    if (more !== undefined) return null;
    found.push({ at, part, around: [`${before!}prefix `, behind!] });
  }
  return found;
}

/** The part of a rule of the shape that logs what that one does. */
export function withWords(part: Part, at: number, logged: readonly LoggedHole[], variant: RuleVariant): Part {
  const own = logged.find((one) => one.part === at);
  if (!own || !isObserving(part)) return part;
  return { statement: { ...part.statement, text: own.around.join(wordsAt(variant, own.at)) }, span: part.span };
}

/** As the statement's text has them. */
const wordsAt = ({ shape: { source }, bounds }: RuleVariant, at: number): string =>
  quoted(source.slice(bounds[at * 2]! + 1, bounds[at * 2 + 1]! - 1));

const isObserving = (part: Part): part is { readonly statement: ObserveStatement } & Part =>
  'statement' in part && part.statement.kind === 'observe';

function bug(): never {
  throw new Error('bug: the rule of a shape is none of it');
}
