/** Rules: one line of a chain each. A rule that the grammar does not know is kept as text, with a warning. */
import type { Rule } from './tree.js';
import type { RuleBody } from './build-statement.js';
import type { Context } from './context.js';
import { failureAt, warnAt } from './context.js';
import { parsePiece, type SyntaxFailure } from './grammar.js';
import type { Token } from './lexer.js';
import { spanOf } from './place.js';
import { closeBlock, readLine, skipToItem, sourceOf } from './read-line.js';
import type { Group } from './read-set.js';

/** Tokens of one rule; longer ones are kept as text. nft's own rules are bounded by what fits a netlink message. */
const ruleLimit = 2000;

export const readRule = (context: Context, nesting: number): Rule => readRuleTokens(context, nesting).rule;

/** A rule, and what it was read of. */
export function readRuleTokens(
  context: Context,
  nesting: number,
): { readonly rule: Rule; readonly tokens: readonly Token[] } {
  context.reader.handle = null;
  const warnings = context.diagnostics.length;
  const { tokens } = readLine(context, nesting);
  return { rule: ruleOf(context, tokens, warnings), tokens };
}

/** `warnings` is how many diagnostics there were before the rule: an opaque rule has one of its own. */
export function ruleOf(context: Context, tokens: readonly Token[], warnings: number): Rule {
  if (tokens.length > ruleLimit) return opaqueRule(context, tokens, warnings, null);
  const parsed = parsePiece('rule', tokens);
  if ('failure' in parsed) return opaqueRule(context, tokens, warnings, parsed.failure);
  return placeRule(context, tokens, parsed.node as RuleBody);
}

export function placeRule(context: Context, tokens: readonly Token[], { statements, comment }: RuleBody): Rule {
  const first = tokens[0]!;
  return {
    kind: 'rule',
    statements,
    comment,
    handle: context.reader.handle,
    text: sourceOf(context, tokens),
    extent: { start: first.start, end: tokens.at(-1)!.end },
    span: spanOf(first),
  };
}

export function opaqueRule(
  context: Context,
  tokens: readonly Token[],
  warnings: number,
  failure: SyntaxFailure | null,
): Rule {
  context.diagnostics.length = warnings;
  const first = tokens[0]!;
  const { why, at } = failure
    ? failureAt(context, tokens, failure, 'rule')
    : { why: `it has more than ${ruleLimit} words`, at: first };
  warnAt(context, at, `this rule is not understood (${why}); it stays in netfilter`);
  const text = sourceOf(context, tokens);
  return placeRule(context, tokens, { statements: [{ kind: 'opaque', text, span: spanOf(first) }], comment: null });
}

/** `{ rules }` after jump or goto. */
export function readChainBlock(context: Context, nesting: number): Group {
  const open = context.reader.next();
  const rules: Rule[] = [];
  while (skipToItem(context)) rules.push(readRule(context, nesting));
  return { node: rules, end: closeBlock(context, open) };
}
