/** Tokens of one line of ipset save. moo cuts the line; what a word is depends on the command and on what stands before it. */
import moo from 'moo';
import { lineLexer } from './line-lexer.js';
import type { Token } from './line-parser.js';
import { tooManyWords, tooManyWordsMark } from './line-parser.js';

const cutter = moo.compile({
  blank: /[ \t]+/,
  // ipset knows no escapes inside quotes.

  quotedWord: /"[^"\u0000-\u001f]*"/,

  bareWord: /[^ \t"\u0000-\u001f\u007f][^ \t\u0000-\u001f\u007f]*/,
  error: moo.error,
});

/** Commands with their short and old spellings. */
const commands = new Map([
  ['create', 'create'],
  ['n', 'create'],
  ['-N', 'create'],
  ['--create', 'create'],
  ['add', 'add'],
  ['-A', 'add'],
  ['--add', 'add'],
  ['del', 'del'],
  ['-D', 'del'],
  ['--del', 'del'],
  ['flush', 'flush'],
  ['-F', 'flush'],
  ['destroy', 'destroy'],
  ['-X', 'destroy'],
  ['rename', 'rename'],
  ['-E', 'rename'],
  ['swap', 'swap'],
  ['-W', 'swap'],
  ['COMMIT', 'commit'],
]);

/** Words before the options: the set, then the type or element. */
const positional = new Map([
  ['create', 2],
  ['add', 2],
  ['del', 2],
  ['flush', 1],
  ['destroy', 1],
  ['rename', 2],
  ['swap', 2],
]);

const flags = new Set(['-exist', '--exist', '-!', '-quiet', '--quiet', '-q']);
/** Options without a value; `comment` is one of them on a create line. */
const bareOptions = new Set(['counters', 'skbinfo', 'forceadd', 'nomatch', 'wildcard', 'exist']);

function cut(line: string): Token[] {
  const raw: Token[] = [];
  cutter.reset(line);
  for (let token = cutter.next(); token; token = cutter.next()) {
    if (token.type === 'blank') continue;
    const type = token.type ?? 'error';
    if (tooManyWords(raw.length)) {
      raw.push({ type: 'error', value: '', text: tooManyWordsMark, offset: token.offset });
      break;
    }
    const value = type === 'quotedWord' ? token.text.slice(1, -1) : token.text;
    raw.push({ type, value, text: token.text, offset: token.offset });
  }
  return raw;
}

function classify(line: string): Token[] {
  const hash = line.search(/[^ \t]/);
  const end: Token = { type: 'eol', value: '', text: '', offset: line.length };
  if (line[hash] === '#') {
    const text = line.slice(hash);
    const nul = text.indexOf('\u0000');
    const type = nul < 0 ? 'comment' : 'error';
    return [{ type, value: text, text: nul < 0 ? text : '\u0000', offset: hash + Math.max(nul, 0) }, end];
  }
  const raw = cut(line);
  const command = commands.get(raw[0]?.text ?? '') ?? 'word';
  let words = positional.get(command) ?? 0;
  let wantsValue = false;
  const tokens = raw.map((token, i): Token => {
    if (token.type === 'error') return token;
    if (i === 0) return { ...token, type: command };
    if (wantsValue) {
      wantsValue = false;
      return { ...token, type: 'word' };
    }
    if (flags.has(token.text)) return { ...token, type: 'flag' };
    if (words > 0) {
      words--;
      return { ...token, type: 'word' };
    }
    if (token.type === 'quotedWord') return { ...token, type: 'word' };
    // Old versions write options with dashes.
    const value = token.text.replace(/^--?/, '').toLowerCase();
    wantsValue = !(bareOptions.has(value) || (value === 'comment' && command === 'create'));
    return { ...token, type: 'key', value };
  });
  tokens.push(end);
  return tokens;
}

export const ipsetLexer = lineLexer(classify);

/** What users call the tokens. */
export const ipsetTokenNames = {
  comment: 'a comment (#)',
  create: 'create',
  add: 'add',
  del: 'del',
  flush: 'flush',
  destroy: 'destroy',
  rename: 'rename',
  swap: 'swap',
  word: 'a word',
  key: 'an option',
  eol: 'the end of the line',
} as const;
