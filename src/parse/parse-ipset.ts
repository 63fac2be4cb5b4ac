/** Text of ipset save to its syntax tree. */
import type { Diagnostic } from '../diagnostic.js';
import compiled from './generated/ipset-save.js';
import { ipsetLexer, ipsetTokenNames } from './ipset-lexer.js';
import type { AddRun, IpsetDump, IpsetLine } from './ipset-tree.js';
import { lineParser } from './line-parser.js';
import type { ParseSettings } from './parse-iptables.js';
import { scanAdds } from './scan-adds.js';
import { plainText } from './source-text.js';
import { errorLimit } from './syntax-error.js';

const parseLine = lineParser<IpsetLine>(compiled, ipsetLexer, ipsetTokenNames);

/** Never throws on bad input: errors are collected in the dump, the first ten of a file. */
export function parseIpset(source: string, file: string, settings: ParseSettings = {}): IpsetDump {
  const text = plainText(source);
  const errors: Diagnostic[] = [];
  return { file, text, lines: [...ipsetLines([text], file, errors, settings)], errors };
}

/**
 * The lines of plain texts, each of whole lines, that follow each other, as they are asked for: of ten million elements only those of one run
 * have columns at a time. Errors go to `errors`, and after the first ten nothing more comes.
 */
export function* ipsetLines(
  texts: Iterable<string>,
  file: string,
  errors: Diagnostic[],
  settings: ParseSettings = {},
): Generator<IpsetLine | AddRun> {
  let number = 1;
  for (const text of texts) {
    for (let at = 0; at < text.length;) {
      if (errors.length >= errorLimit) return;
      const scanned = settings.grammarOnly ? null : scanAdds(text, at, file, number);
      if (scanned) {
        yield scanned.run;
        number += scanned.run.count;
        at = scanned.next;
        continue;
      }
      const end = text.indexOf('\n', at);
      const result = parseLine(text.slice(at, end < 0 ? text.length : end), file, number);
      if ('error' in result) errors.push(result.error);
      else yield result.node;
      number++;
      at = end < 0 ? text.length : end + 1;
    }
  }
}
