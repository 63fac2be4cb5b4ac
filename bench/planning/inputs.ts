/** The rulesets that are planned, and the tools that each is measured against. */

export interface PlanningCase {
  readonly name: string;
  readonly size: number;
  /** Files by name. */
  readonly files: Readonly<Record<string, string>>;
  /** What reads the same file into the kernel, or checks that it could: names, and commands whose arguments are paths from `files`. */
  readonly rivals: Readonly<Record<string, readonly string[]>>;
}

const address = (i: number): string => [i >>> 24, (i >>> 16) & 255, (i >>> 8) & 255, i & 255].join('.');
const first = 0x0b000000;

/** Single addresses, prefixes and ranges in turn; no two touch. */
function interval(i: number): string {
  const base = first + i * 8;
  if (i % 3 === 0) return address(base);
  return i % 3 === 1 ? `${address(base)}/30` : `${address(base + 1)}-${address(base + 3)}`;
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

const nftTable = (sets: string, rules: string): string =>
  `table ip f {\n${sets}\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n${rules}\t}\n}\n`;

const dump = (rules: string): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`;

/** Whatever was loaded before is replaced or gone: the next round loads into the same namespace. */
const emptied = (load: string): readonly string[] => [
  'sh',
  '-c',
  `ipset destroy 2>/dev/null; nft flush ruleset; ${load}`,
];

export function planningCases(elements: number, rules: number): PlanningCase[] {
  const separator = ',\n\t\t\t     ';
  const intervals = Array.from({ length: elements }, (_, i) => interval(i)).join(separator);
  const set = `\tset bad {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { ${intervals} }\n\t}\n\n`;
  return [
    {
      name: 'iptables rules',
      size: rules,
      files: { 'rules.v4': dump(lines(rules, (i) => `-A INPUT -s ${address(first + i * 77)}/32 -j DROP\n`)) },
      rivals: {
        'iptables-nft-restore': ['iptables-nft-restore', 'rules.v4'],
        'iptables-legacy-restore': ['iptables-legacy-restore', 'rules.v4'],
      },
    },
    {
      name: 'nft rules',
      size: rules,
      files: {
        'rules.nft': nftTable(
          '',
          lines(rules, (i) => `\t\tip saddr ${address(first + i * 77)} drop\n`),
        ),
      },
      rivals: { 'nft -f': emptied('nft -f rules.nft') },
    },
    {
      name: 'ipset elements',
      size: elements,
      files: {
        'ipset.v4': dump('-A INPUT -m set --match-set bad src -j DROP\n'),
        'bad.ipset': `create bad hash:net family inet hashsize 65536 maxelem ${2 * elements}\n${lines(elements, (i) => `add bad ${address(first + i * 77)}\n`)}`,
      },
      rivals: { 'ipset restore': emptied('ipset restore <bad.ipset') },
    },
    {
      name: 'elements of an nft interval set',
      size: elements,
      files: { 'set.nft': nftTable(set, '\t\tip saddr @bad drop\n') },
      rivals: { 'nft -f': emptied('nft -f set.nft') },
    },
  ];
}
