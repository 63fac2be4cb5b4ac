/** Statements that stand as nft text in its JSON. */
import type { Statement } from './tree-statement.js';
import { enter, newContext } from './context.js';
import type { JsonContext } from './json-context.js';
import { readRule } from './read-rule.js';
import { skipToItem } from './read-line.js';

export function parseRuleText(text: string, { file, diagnostics, span }: JsonContext): readonly Statement[] {
  const context = newContext(text, file, { diagnostics: [], includes: null, depth: 1 });
  enter(context);
  const statements = skipToItem(context) ? readRule(context, 0).statements : [];
  // Places in the string mean nothing to a reader of the file.
  for (const diagnostic of context.diagnostics) diagnostics.push({ ...diagnostic, span });
  return context.reader.peek().type === 'eof' ? statements : [{ kind: 'opaque', text, span }];
}
