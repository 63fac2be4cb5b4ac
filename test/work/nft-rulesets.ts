/** nft rulesets of every shape, of any size: one thing grows in each. */
import { address, list, times, type Grow } from './grow.js';

const table = (rules: string, before = ''): string =>
  `table ip f {\n${before}\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n${rules}\t}\n}\n`;
const text = (make: (n: number) => string): Grow => ({ 'r.nft': make });
const rules = (line: (i: number) => string): Grow => text((n) => table(times(n, (i) => `\t\t${line(i)}\n`)));
const set = (type: string, element: (i: number) => string, rule = 'ip saddr @s drop'): Grow =>
  text((n) =>
    table(`\t\t${rule}\n`, `\tset s {\n\t\t${type}\n\t\telements = { ${list(n, element).join(', ')} }\n\t}\n`),
  );
/** A rule over braces. */
const inline = (head: string, element: (i: number) => string, tail = ''): Grow =>
  text((n) => table(`\t\t${head} { ${list(n, element).join(', ')} }${tail}\n`));
const chains = (n: number, body: (i: number) => string): string =>
  times(n, (i) => `\tchain c${i} {\n\t\t${body(i)}\n\t}\n`);
/** Commands behind a table that has a set. */
const commands = (line: (i: number) => string): Grow =>
  text(
    (n) => table('\t\tip saddr @s drop\n', '\tset s {\n\t\ttype ipv4_addr\n\t}\n') + times(n, (i) => `${line(i)}\n`),
  );

export const nftRulesets: Readonly<Record<string, Grow>> = {
  addresses: rules((i) => `ip saddr ${address(i)} drop`),
  duplicates: rules(() => 'ip saddr 192.0.2.1 counter packets 0 bytes 0 drop'),
  ranges: rules((i) => `ip saddr ${address(i)}-${address(i + 3)} drop`),
  'a port a rule': rules((i) => `tcp dport ${i + 1} drop`),
  'address and port': rules((i) => `ip saddr ${address(i)} tcp dport ${i + 1} drop`),
  'accept and drop in turn': rules((i) => `ip saddr ${address(i)} ${i % 2 ? 'drop' : 'accept'}`),
  comments: rules((i) => `ip saddr ${address(i)} drop comment "rule ${i}" # handle ${i}`),
  'comment lines': rules((i) => `# ${i}`),
  states: rules((i) => `ip saddr ${address(i)} ct state new tcp dport ${(i % 7) + 1} ${i % 3 ? 'drop' : 'accept'}`),
  'one set a rule': text((n) =>
    table(
      times(n, (i) => `\t\tip saddr @s${i} drop\n`),
      times(n, (i) => `\tset s${i} {\n\t\ttype ipv4_addr\n\t\telements = { ${address(i)} }\n\t}\n`),
    ),
  ),
  'rules on one line': text((n) => table(`\t\t${times(n, (i) => `ip saddr ${address(i)} drop; `)}\n`)),
  'statements of one rule': text((n) => table(`\t\tip saddr 192.0.2.1 ${'counter '.repeat(n)}drop\n`)),
  'a long comment': text((n) => table(`\t\tip saddr 192.0.2.1 drop # ${'x'.repeat(20 * n)}\n`)),
  'chains of the input chain': text((n) =>
    table(
      times(n, (i) => `\t\tip saddr ${address(i)} jump c${i}\n`),
      chains(n, (i) => `tcp dport ${i + 1} drop`),
    ),
  ),
  'deep jumps': text((n) =>
    table(
      '\t\tjump c0\n',
      `${chains(n - 1, (i) => `ip saddr ${address(i)} drop; jump c${i + 1}`)}\tchain c${n - 1} {\n\t}\n`,
    ),
  ),
  tables: text((n) => times(n, (i) => table(`\t\tip saddr ${address(i)} drop\n`).replace('ip f', `ip t${i}`))),
  'tables at one priority each': text((n) =>
    times(n, (i) =>
      table(`\t\tip saddr ${address(i)} drop\n`)
        .replace('ip f', `ip t${i}`)
        .replace('priority filter', `priority ${i}`),
    ),
  ),
  'blocks of one chain': text(
    (n) => table('') + times(n, (i) => `table ip f {\n\tchain input {\n\t\tip saddr ${address(i)} drop\n\t}\n}\n`),
  ),
  'both families': text((n) =>
    table(
      times(n, (i) => `\t\tip saddr ${address(i)} accept\n\t\tip6 saddr 2001:db8::${(i + 1).toString(16)} drop\n`),
    ).replace('ip f', 'inet f'),
  ),
  definitions: text(
    (n) => times(n, (i) => `define v${i} = ${address(i)}\n`) + table(times(n, (i) => `\t\tip saddr $v${i} drop\n`)),
  ),
  'definitions of a chain': rules((i) => (i % 2 ? `ip saddr $v${i - 1} drop` : `define v${i} = ${address(i)}`)),
  elements: set('type ipv4_addr; flags interval', address),
  'elements that are ranges': set(
    'type ipv4_addr; flags interval',
    (i) => `${address(i)}-${address(i).replace(/7$/, '9')}`,
  ),
  'elements with comments': set('type ipv4_addr', (i) => `${address(i)} comment "e ${i}"`),
  'elements that expire': set('type ipv4_addr; flags timeout', (i) => `${address(i)} timeout 1h expires ${i + 1}m`),
  concatenations: set(
    'type ipv4_addr . inet_service',
    (i) => `${address(i)} . ${i + 1}`,
    'ip saddr . tcp dport @s drop',
  ),
  'a set in braces': inline('ip saddr', address, ' drop'),
  'ports in braces': inline('tcp dport', (i) => `${2 * i + 1}`, ' drop'),
  'verdicts by address': inline('ip saddr vmap', (i) => `${address(i)} : ${i % 2 ? 'drop' : 'accept'}`),
  'verdicts by port': inline('tcp dport vmap', (i) => `${i + 1} : ${i % 2 ? 'drop' : 'accept'}`),
  'jumps of a verdict map': text((n) =>
    table(
      `\t\tip saddr vmap { ${list(n, (i) => `${address(i)} : jump c${i}`).join(', ')} }\n`,
      chains(n, () => 'tcp dport 22 drop'),
    ),
  ),
  'a named verdict map': text((n) =>
    table(
      '\t\tip saddr vmap @m\n',
      `\tmap m {\n\t\ttype ipv4_addr : verdict\n\t\telements = { ${list(n, (i) => `${address(i)} : drop`).join(', ')} }\n\t}\n`,
    ),
  ),
  'commands: add element': commands((i) => `add element ip f s { ${address(i)} }`),
  'commands: delete element': commands((i) => `delete element ip f s { ${address(i)} }`),
  'commands: add rule': commands((i) => `add rule ip f input ip saddr ${address(i)} drop`),
  'commands: insert rule': commands((i) => `insert rule ip f input ip saddr ${address(i)} drop`),
  'commands: add chain': commands((i) => `add chain ip f c${i}\nadd rule ip f c${i} ip saddr ${address(i)} drop`),
};

const listing = (items: readonly object[]): string =>
  JSON.stringify({
    nftables: [{ metainfo: { json_schema_version: 1 } }, { table: { family: 'ip', name: 'f', handle: 1 } }, ...items],
  });
const place = { family: 'ip', table: 'f', handle: 1 };
const input = { chain: { ...place, name: 'input', type: 'filter', hook: 'input', prio: 0, policy: 'accept' } };
const match = (protocol: string, field: string, right: unknown): object => ({
  match: { op: '==', left: { payload: { protocol, field } }, right },
});
const rule = (chain: string, ...expr: readonly object[]): object => ({ rule: { ...place, chain, expr } });
const named = (name: string, elem: readonly string[]): object => ({ set: { ...place, name, type: 'ipv4_addr', elem } });
const drop = { drop: null };
const json = (make: (n: number) => readonly object[]): Grow => ({ 'r.json': (n) => listing(make(n)) });

export const jsonRulesets: Readonly<Record<string, Grow>> = {
  addresses: json((n) => [input, ...list(n, (i) => rule('input', match('ip', 'saddr', address(i)), drop))]),
  'on many lines': {
    'r.json': (n) =>
      listing([input, ...list(n, (i) => rule('input', match('ip', 'saddr', address(i)), drop))]).replaceAll(
        '},{',
        '},\n{',
      ),
  },
  elements: json((n) => [named('s', list(n, address)), input, rule('input', match('ip', 'saddr', '@s'), drop)]),
  'a set in braces': json((n) => [input, rule('input', match('ip', 'saddr', { set: list(n, address) }), drop)]),
  'one set a rule': json((n) => [
    ...list(n, (i) => named(`s${i}`, [address(i)])),
    input,
    ...list(n, (i) => rule('input', match('ip', 'saddr', `@s${i}`), drop)),
  ]),
  chains: json((n) => [
    input,
    ...list(n, (i) => ({ chain: { ...place, name: `c${i}` } })),
    ...list(n, (i) => rule('input', match('ip', 'saddr', address(i)), { jump: { target: `c${i}` } })),
    ...list(n, (i) => rule(`c${i}`, match('tcp', 'dport', i + 1), drop)),
  ]),
  'verdicts by address': json((n) => [
    input,
    rule('input', {
      vmap: { key: { payload: { protocol: 'ip', field: 'saddr' } }, data: { set: list(n, (i) => [address(i), drop]) } },
    }),
  ]),
};
