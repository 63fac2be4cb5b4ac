/** Files that nft refuses for their syntax. Both readers point to `at`, but where we say why not. */
export interface Wrong {
  readonly text: string;
  /** `line:column` where we point, with an error or a warning. */
  readonly at: string;
  readonly severity: 'error' | 'warning';
  /** Why nft points elsewhere. */
  readonly elsewhere?: string;
}

const error = (text: string, at: string, elsewhere?: string): Wrong => ({
  text,
  at,
  severity: 'error',
  ...(elsewhere !== undefined && { elsewhere }),
});
const kept = (text: string, at: string, elsewhere?: string): Wrong => ({
  ...error(text, at, elsewhere),
  severity: 'warning',
});

/** A rule may be of a newer nft: it is kept, with a warning where this one's nft has its error. */
const rule = (text: string, column: number, elsewhere?: string): Wrong =>
  kept(`table ip t {\n\tchain c {\n\t\t${text}\n\t}\n}\n`, `3:${column}`, elsewhere);
const chain = (line: string, column: number): Wrong =>
  kept(`table ip t {\n\tchain c {\n\t\t${line}\n\t}\n}\n`, `3:${column}`);
const set = (line: string, column: number): Wrong =>
  kept(`table ip t {\n\tset s {\n\t\t${line}\n\t}\n}\n`, `3:${column}`);

export const wrong: readonly Wrong[] = [
  error(
    'table ip t {\n\tchain c {\n\t\taccept\n',
    '2:10',
    'the brace that is not closed, rather than the end of the file',
  ),
  error('table ip t {\n}\n}\n', '3:1'),
  error('table ip {\n}\n', '1:10'),
  error('table {\n}\n', '1:7'),
  error('hello\n', '1:6'),
  error('hello world\n', '1:12'),
  error('tabel ip t {\n}\n', '1:7'),
  error('table ip t\n{\n}\n', '2:1'),
  error('table ip t {\n\tchain c\n\t{\n\t}\n}\n', '2:9'),
  error('table ipv4 t {\n}\n', '1:12'),
  error('table ip t {\n\tchain {\n\t}\n}\n', '2:8'),
  error('define = 5\n', '1:8'),
  error('define a 5\n', '1:10'),
  error('define a =\n', '1:11'),
  error('define a = ip saddr\n', '1:15'),
  error('define accept = 1\n', '1:8'),
  error('undefine\n', '1:9'),
  error('include x.nft\n', '1:9'),
  error('include\n', '1:8'),
  error('add rule ip t\n', '1:14'),
  error('add rule ip t c\n', '1:16'),
  error('delete rule ip t c\n', '1:19'),
  error('add element ip t s 1.2.3.4\n', '1:20'),
  error('flush everything\n', '1:7'),
  error('rename chain ip t c\n', '1:20'),
  error('*filter\n:INPUT ACCEPT\nCOMMIT\n', '1:1'),
  error('table ip t {\n\tchain c {\n\t\tip saddr ~ 1.2.3.4\n\t}\n}\n', '3:12'),
  error("table ip t {\n\tchain c {\n\t\tlog prefix 'x'\n\t}\n}\n", '3:14'),
  error('table ip t {\n\tchain c {\n\t\tlog prefix "x accept\n\t}\n}\n', '3:14'),
  error('table ip t {\n\tchain c {\n\t\tdrop }\n\t}\n}\n', '5:1', 'a "}" may end a rule here'),
  error('table ip t {\n\tchain c {\n\t\tip saddr { 1.2.3.4 drop\n\t}\n}\n', '1:12', 'the brace that is not closed'),
  kept('table ip t {\n\tchian c {\n\t}\n}\n', '2:2'),
  chain('type filter hook input;', 25),
  chain('type filter priority 0;', 15),
  chain('type filter hook input priority 0 policy drop;', 37),
  chain('type filter hook input priority 0; policy reject;', 45),
  set('type', 7),
  set('elements { 1.2.3.4 }', 12),
  set('type ipv4_addr; elements = { 1.2.3.4 5.6.7.8 }', 40),
  rule('tcp dport accept', 13),
  rule('tcp dport 22 22 accept', 16, 'nft takes it for the number of a chain first'),
  rule('tcp dprt 22 accept', 7),
  rule('ip saddr 1.2.3.4/ accept', 21),
  rule('ip saddr 10.0.0.0/255.0.0.0 accept', 31),
  rule('ip saddr 1.2.3.4, accept', 21),
  rule('accept comment', 17),
  rule('accept comment "x" drop', 22),
  rule('jump', 7),
  rule('log prefix accept', 14),
  rule('limit rate 5 accept', 16),
  rule('counter packets x', 19),
  rule('ct state = new accept', 12),
  rule('meta foo 1 accept', 8, 'the word that is wrong, rather than the whole expression'),
  rule('ip saddr vmap accept', 17),
  rule('reject with icmp', 19),
  rule('reject with port-unreachable', 15),
  rule('dnat to', 10),
  rule('add s { ip saddr }', 7),
  rule('queue num', 12),
  rule('-A INPUT -j DROP', 3),
];
