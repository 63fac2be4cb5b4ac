/**
 * Tokens of one line of iptables-save. moo cuts the line; `classify` then says which words are options, which takes what stood
 * before: iptables gives the word after `--comment` to the comment, whatever it looks like.
 * Quoting follows iptables-restore's add_param_to_argv: a quote may open inside a word, it ends the word, a backslash escapes.
 */
import moo from 'moo';
import { lineLexer } from './line-lexer.js';
import type { Token } from './line-parser.js';
import { tooManyWords, tooManyWordsMark } from './line-parser.js';

const blank = /[ \t]+/;

const quotedWord = /[^ \t"\u0000-\u001f\u007f]*"(?:[^"\\\u0000-\u001f]|\\[^\u0000-\u001f])*"/;

const bareWord = /[^ \t"\u0000-\u001f\u007f]+/;
const counters = /\[[0-9]+:[0-9]+\](?![^ \t])/;
const option = {
  longWithValue: /--[A-Za-z][^ \t"=\u0000-\u001f]*=/,
  long: /--[A-Za-z][^ \t"=\u0000-\u001f\u007f]*/,
  short: /-[A-Za-z46]/,
  bang: /!(?![^ \t])/,
};
const word = { quotedWord, bareWord };

const cutter = moo.states({
  start: {
    blank,

    comment: /#[^\u0000]*/,
    star: { match: '*', next: 'words' },
    colon: { match: ':', next: 'declaration' },
    counters,
    commit: /COMMIT(?![^ \t])/,
    longWithValue: { match: option.longWithValue, next: 'words' },
    long: { match: option.long, next: 'words' },
    short: { match: option.short, next: 'words' },
    bang: { match: option.bang, next: 'words' },
    quotedWord: { match: quotedWord, next: 'words' },
    bareWord: { match: bareWord, next: 'words' },
    error: moo.error,
  },
  declaration: { blank, counters, ...word, error: moo.error },
  words: { blank, ...option, ...word, error: moo.error },
});

const commands = new Set(
  (
    '-A -I -D -R -F -N -X -P -E -Z --append --insert --delete --replace --flush --new --new-chain --delete-chain --policy ' +
    '--rename-chain --zero'
  ).split(' '),
);

/** Options whose value may begin with a dash: it is free text or a name that users choose. */
const textOptions = new Set(
  (
    '--comment --log-prefix --nflog-prefix --ulog-prefix --string --hex-string --name --hashlimit-name --helper --path --label ' +
    '--rateest-name --rateest1 --rateest2 --nfacct-name --led-trigger-id --match-set --add-set --del-set --map-set --selctx ' +
    '--bytecode --object-pinned -i -o --in-interface --out-interface'
  ).split(' '),
);

function cut(line: string): Token[] {
  const raw: Token[] = [];
  cutter.reset(line);
  for (let token = cutter.next(); token; token = cutter.next()) {
    if (tooManyWords(raw.length)) {
      raw.push({ type: 'error', value: '', text: tooManyWordsMark, offset: token.offset });
      break;
    }
    raw.push({ type: token.type ?? 'error', value: token.value, text: token.text, offset: token.offset });
  }
  return raw;
}

/** Options and words, blanks gone. `--option=value` and `-ovalue` become an option and a word. */
function classify(line: string): Token[] {
  const raw = cut(line);
  const tokens: Token[] = [];
  let afterText = false;
  for (let i = 0; i < raw.length; i++) {
    const token = raw[i]!;
    if (token.type === 'blank') continue;
    const next = raw[i + 1];
    const touching = next !== undefined && (next.type === 'bareWord' || next.type === 'quotedWord');
    const dashed = token.type === 'longWithValue' || token.type === 'long' || token.type === 'short';
    if (dashed && (afterText || (touching && token.type === 'short' && ambiguous(tokens)))) {
      const text = touching ? token.text + next.text : token.text;
      tokens.push({ type: 'word', value: unquote(text), text, offset: token.offset });
      if (touching) i++;
      afterText = false;
    } else if (token.type === 'longWithValue') {
      tokens.push(asOption(token, token.text.slice(0, -1)));
      if (!touching) tokens.push({ type: 'word', value: '', text: '', offset: token.offset + token.text.length });
    } else if (token.type === 'long' || token.type === 'short') {
      tokens.push(asOption(token, token.text));
      afterText = textOptions.has(token.text) && !touching;
    } else if (token.type === 'bareWord' || token.type === 'quotedWord') {
      tokens.push({ type: 'word', value: unquote(token.text), text: token.text, offset: token.offset });
      afterText = false;
    } else tokens.push(token);
  }
  tokens.push({ type: 'eol', value: '', text: '', offset: line.length });
  return tokens;
}

function asOption(token: Token, name: string): Token {
  return { type: commands.has(name) ? 'command' : 'option', value: name, text: token.text, offset: token.offset };
}

/**
 * `--unknown -5x` may be an option with a value that begins with a dash, or two options. Read as a value it stays within the text
 * of the unknown option, so it can make no rule narrower.
 */
function ambiguous(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return last?.type === 'option' && last.value.startsWith('--');
}

/** The word as iptables sees it. */
export function unquote(text: string): string {
  const quote = text.indexOf('"');
  if (quote < 0) return text;
  return text.slice(0, quote) + text.slice(quote + 1, -1).replaceAll(/\\([^])/g, '$1');
}

export const iptablesLexer = lineLexer(classify);

/** What users call the tokens. */
export const iptablesTokenNames = {
  comment: 'a comment (#)',
  star: 'a table (*filter)',
  colon: 'a chain (:INPUT ACCEPT)',
  counters: 'counters ([0:0])',
  commit: 'COMMIT',
  command: 'a command such as -A',
  option: 'an option',
  bang: '"!"',
  word: 'a word',
  eol: 'the end of the line',
} as const;
