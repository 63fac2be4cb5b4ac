/** nft inputs and what stays of them. The kernel test loads each twice: as text, and where it says so as JSON. */

export interface NftCase {
  readonly title: string;
  readonly text: string;
  readonly devices?: readonly string[];
  /** Included files, by their name beside the input. */
  readonly files?: Readonly<Record<string, string>>;
  readonly expected: string;
  /** It edits what the host has already, so it does not load on an empty one. */
  readonly leans?: true;
}

const hook = 'type filter hook prerouting priority raw; policy accept;';
const fresh = 'flush ruleset\n';

/** A table with a chain of these lines; what the residual puts behind the chain. */
const inChain = (lines: readonly string[], behind = '', family = 'inet'): string =>
  `${fresh}table ${family} t {\n\tchain c {\n\t\t${hook}\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}${behind}\n}\n`;

const held = (lines: readonly string[], name = 'offload_c_1'): string =>
  `\n\n\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}`;

const jump = 'iifname != "eth0" jump offload_c_1';
const a = 'ip saddr 203.0.113.7 drop';
const b = 'ip saddr 203.0.113.8 drop';
const ssh = 'tcp dport 22 accept';

/** A rule to leave at the end of `depth` chains below the base chain; the last one's lines, and what is put behind it. */
const nested = (depth: number, last: string, behind = ''): string => {
  const chains = Array.from({ length: depth }, (_, i) => depth - i).map(
    (n) => `\tchain n${n} {\n\t\t${n === depth ? last : `jump n${n + 1}`}\n\t}${n === depth ? behind : ''}\n`,
  );
  return `${fresh}table inet t {\n${chains.join('')}\tchain c {\n\t\t${hook}\n\t\tjump n1\n\t}\n}\n`;
};

/** More ways than are followed lead to a chain that is also reached by a known one. */
const manyWays = Array.from({ length: 600 }, (_, i) => `10.9.${i >> 8}.${i & 255} : jump bad`).join(', ');
const unfollowed = `${fresh}table inet t {\n\tchain bad {\n\t\tip saddr 10.9.0.0/16 drop\n\t}\n\tchain c {\n\t\t${hook}\n\t\tip protocol 47 jump bad\n\t}\n\tchain i {\n\t\ttype filter hook input priority filter;\n\t\tip saddr vmap { ${manyWays} }\n\t}\n}\n`;

export const nftCases: readonly NftCase[] = [
  { title: 'nothing full: the very text', text: inChain([ssh, a]), expected: inChain([ssh, a]) },
  { title: 'one rule', text: inChain([a, ssh]), expected: inChain([jump, ssh], held([a])) },
  {
    title: 'a run is one jump; comments and layout stay',
    text: inChain([
      '# block list',
      `  ${a}   # the first`,
      '',
      '# and one more',
      'ip saddr 203.0.113.8 counter packets 3 bytes 180 drop comment "it\'s bad"',
      ssh,
    ]),
    expected: inChain(
      ['# block list', `  ${jump}   # the first`, '', '# and one more', ssh],
      held([`  ${a}`, '  ip saddr 203.0.113.8 counter packets 3 bytes 180 drop comment "it\'s bad"']),
    ),
  },
  {
    title: 'handles go with their rules',
    text: inChain([`${a} # handle 4`, `${b} # handle 5`, `${ssh} # handle 6`]),
    expected: inChain([jump, `${ssh} # handle 6`], held([a, b])),
  },
  {
    title: 'rules that a semicolon joins',
    text: inChain([`${a}; ${b}; ${ssh}`]),
    expected: inChain([`${jump};  ${ssh}`], held([a, b])),
  },
  {
    title: 'a table on one line',
    text: `${fresh}table inet t { chain c { ${hook} ${a}; ${ssh}; }; }\n`,
    expected: `${fresh}table inet t { chain c { ${hook} ${jump}; ${ssh}; }\n\n chain offload_c_1 {\n \t${a}\n }; }\n`,
  },
  {
    title: 'a rule about the covered device leaves no trace',
    text: inChain([`iifname "eth0" ${a}`, ssh]),
    expected: inChain([ssh]),
  },
  {
    title: 'both families of inet',
    text: inChain([a, 'ip6 saddr 2001:db8:bad::/48 drop', ssh]),
    expected: inChain([jump, ssh], held([a, 'ip6 saddr 2001:db8:bad::/48 drop'])),
  },
  {
    title: 'several devices',
    text: inChain([a, `iifname "eth1" ${b}`, ssh]),
    devices: ['eth0', 'eth1'],
    expected: inChain(['iifname != { "eth0", "eth1" } jump offload_c_1', ssh], held([a])),
  },
  {
    title: 'a verdict map that only drops leaves, one that also accepts stays',
    text: inChain([
      'ip saddr vmap { 203.0.113.1 : drop, 203.0.113.2 : drop }',
      'ip saddr vmap { 203.0.113.3 : drop, 203.0.113.4 : accept }',
    ]),
    expected: inChain(
      [jump, 'ip saddr vmap { 203.0.113.3 : drop, 203.0.113.4 : accept }'],
      held(['ip saddr vmap { 203.0.113.1 : drop, 203.0.113.2 : drop }']),
    ),
  },
  {
    title: 'a rule about the covered device and another is held for that one',
    text: inChain([
      'iifname { "eth0", "wg0" } ip saddr 203.0.113.7 drop',
      'iifname "eth0" ip saddr 203.0.113.8 drop',
      ssh,
    ]),
    expected: inChain([jump, ssh], held(['iifname { "eth0", "wg0" } ip saddr 203.0.113.7 drop'])),
  },
  {
    title: 'a verdict map by device is held too',
    text: inChain(['iifname . ip saddr vmap { "eth0" . 203.0.113.7 : drop, "wg0" . 203.0.113.7 : drop }', ssh]),
    expected: inChain(
      [jump, ssh],
      held(['iifname . ip saddr vmap { "eth0" . 203.0.113.7 : drop, "wg0" . 203.0.113.7 : drop }']),
    ),
  },
  {
    title: 'a chain that a verdict map with too many ways may lead to stays',
    text: unfollowed,
    expected: unfollowed,
  },
  {
    title: 'chains nested as deep as one more may be',
    text: nested(14, a),
    expected: nested(14, jump.replace('_c_', '_n14_'), held([a], 'offload_n14_1')),
  },
  { title: 'chains nested as deep as the kernel takes', text: nested(15, a), expected: nested(15, a) },
  {
    title: 'a rule over several lines',
    text: inChain(['ip saddr { 203.0.113.1,', '   203.0.113.2 } drop', ssh]),
    expected: inChain([jump, ssh], held(['ip saddr { 203.0.113.1,', '   203.0.113.2 } drop'])),
  },
  {
    title: 'netdev chains stay: they see frames that XDP leaves alone',
    text: `${fresh}table netdev t {\n\tchain c {\n\t\ttype filter hook ingress device "eth0" priority 0;\n\t\t${a}\n\t}\n}\n`,
    expected: `${fresh}table netdev t {\n\tchain c {\n\t\ttype filter hook ingress device "eth0" priority 0;\n\t\t${a}\n\t}\n}\n`,
  },
  {
    title: 'ingress chains of inet stay too',
    text: `${fresh}table inet t {\n\tchain c {\n\t\ttype filter hook ingress device "eth0" priority 0;\n\t\t${a}\n\t}\n}\n`,
    expected: `${fresh}table inet t {\n\tchain c {\n\t\ttype filter hook ingress device "eth0" priority 0;\n\t\t${a}\n\t}\n}\n`,
  },
  {
    title: 'a name that is taken',
    text: inChain([a, 'jump offload_c_1'], held([ssh])),
    expected: inChain(
      ['iifname != "eth0" jump offload_c_2', 'jump offload_c_1'],
      held([a], 'offload_c_2') + held([ssh]),
    ),
  },
  {
    title: "definitions of the chain's own",
    text: inChain([
      'define bad = 203.0.113.7',
      'ip saddr $bad drop',
      'redefine bad = 203.0.113.8',
      'ip saddr $bad drop',
      ssh,
    ]),
    expected: inChain(
      ['define bad = 203.0.113.7', jump, 'redefine bad = 203.0.113.8', ssh],
      held(['define bad = 203.0.113.7', 'ip saddr $bad drop', 'redefine bad = 203.0.113.8', 'ip saddr $bad drop']),
    ),
  },
  {
    title: 'commands add to a chain of their own, each at its place',
    text: `${fresh}add table inet t\nadd chain inet t c { ${hook} }\nadd rule inet t c ${a} # the first\nadd set inet t s { type ipv4_addr; elements = { 203.0.113.9 }; }\nadd rule inet t c ip saddr @s drop\nadd rule inet t c ${ssh}\n`,
    expected: `${fresh}add table inet t\nadd chain inet t c { ${hook} }\nadd chain inet t offload_c_1\nadd rule inet t c ${jump}\nadd rule inet t offload_c_1 ${a} # the first\nadd set inet t s { type ipv4_addr; elements = { 203.0.113.9 }; }\nadd rule inet t offload_c_1 ip saddr @s drop\nadd rule inet t c ${ssh}\n`,
  },
  {
    title: 'inserted rules stand in reverse',
    text: `${inChain([ssh])}insert rule inet t c ${a}; insert rule inet t c iifname "eth0" ${b}\ninsert rule inet t c ${b}\n`,
    expected: `${inChain([ssh])}add chain inet t offload_c_1\ninsert rule inet t c ${jump}\ninsert rule inet t offload_c_1 ${a}; \ninsert rule inet t offload_c_1 ${b}\n`,
  },
  {
    title: 'a chain declared by a command, family and verb left out',
    text: `${fresh}table t\nadd chain t c { ${hook} ${a}; }\nrule t c ${b}\n`,
    expected: `${fresh}table t\nadd chain ip t offload_c_1 {\n\t${a}\n}\nadd chain t c { ${hook} ${jump}; }\nadd chain ip t offload_c_2\nadd rule ip t c iifname != "eth0" jump offload_c_2\nadd rule ip t offload_c_2 ${b}\n`,
  },
  {
    title: 'a chain that a command edits by index stays',
    text: `${inChain([a])}insert rule inet t c index 0 ${b}\n`,
    expected: `${inChain([a])}insert rule inet t c index 0 ${b}\n`,
  },
  {
    title: 'a dump makes and deletes its tables first',
    text: `table ip t {\n\tchain c {\n\t\t${hook}\n\t\t${a}\n\t}\n}\n`,
    expected: `table ip t\ndelete table ip t\n\ntable ip t {\n\tchain c {\n\t\t${hook}\n\t\t${jump}\n\t}\n\n\tchain offload_c_1 {\n\t\t${a}\n\t}\n}\n`,
  },
  {
    title: 'behind the line that names the interpreter',
    text: `#!/usr/sbin/nft -f\n# mine\ntable ip t {\n}\n`,
    expected: `#!/usr/sbin/nft -f\ntable ip t\ndelete table ip t\n\n# mine\ntable ip t {\n}\n`,
  },
  {
    title: 'only the tables that the text does not empty itself',
    text: `table ip t\ndelete table ip t\ntable ip t {\n}\ntable ip6 t {\n}\n`,
    expected: `table ip6 t\ndelete table ip6 t\n\ntable ip t\ndelete table ip t\ntable ip t {\n}\ntable ip6 t {\n}\n`,
  },
  {
    title: 'an addition to what the host has stays as it is',
    text: `add rule inet t c ${a}\n`,
    expected: `add rule inet t c ${a}\n`,
    leans: true,
  },
  {
    title: 'a file with a rule that leaves is written out, its neighbours are not',
    text: inChain(['include "./rules/*.nft" # all of them', ssh]),
    files: {
      'rules/1.nft': 'ip saddr 203.0.113.64/26 drop\n# last\n',
      'rules/2.nft': 'tcp dport 23 accept\n',
      'sets.nft': '',
    },
    expected: inChain(
      [
        '# ./rules/1.nft, written out because rules in it are taken out',
        jump,
        '# last',
        '# end of ./rules/1.nft',
        'include "./rules/2.nft"',
        '# all of them',
        ssh,
      ],
      held(['ip saddr 203.0.113.64/26 drop']),
    ).replaceAll(/^\t\t(iifname|# last|# end|include|# all)/gm, '$1'),
  },
  {
    title: 'a file with sets only is still included',
    text: `define x = 203.0.113.9\n${inChain([a, 'ip saddr @s drop', ssh]).replace('\tchain', '\tinclude "./sets.nft"\n\tchain')}`,
    files: { 'sets.nft': 'set s { type ipv4_addr; elements = { $x }; }\n' },
    expected: `define x = 203.0.113.9\n${inChain([jump, ssh], held([a, 'ip saddr @s drop'])).replace('\tchain', '\tinclude "./sets.nft"\n\tchain')}`,
  },
  {
    title: 'a whole table in a file in a file',
    text: `include "./tables.nft"\n`,
    files: { 'tables.nft': `${fresh}include "./deep/t.nft"\n`, 'deep/t.nft': inChain([a]).replace(fresh, '') },
    expected: `# ./tables.nft, written out because rules in it are taken out\n${fresh}# ./deep/t.nft, written out because rules in it are taken out\n${inChain([jump], held([a])).replace(fresh, '')}# end of ./deep/t.nft\n# end of ./tables.nft\n`,
  },
  {
    title: "a table that only has the names of iptables' own is not left out",
    text: `table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority 0; policy accept;\n\t\t${a}\n\t}\n}\n`,
    expected: `table ip filter\ndelete table ip filter\n\ntable ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority 0; policy accept;\n\t\t${a}\n\t}\n}\n`,
  },
  {
    title: 'a table of iptables-nft is left out of a dump',
    text: `# Warning: table ip filter is managed by iptables-nft, do not touch!\ntable ip filter {\n\tchain INPUT {\n\t\t${a}\n\t}\n}\ntable ip t {\n}\n`,
    expected: `table ip t\ndelete table ip t\n\n# Warning: table ip filter is managed by iptables-nft, do not touch!\n# table ip filter is left to iptables\ntable ip t {\n}\n`,
    leans: true,
  },
];
