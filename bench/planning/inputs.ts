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

const nftTable = (family: 'ip' | 'ip6', sets: string, rules: string): string =>
  `table ${family} f {\n${sets}\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n${rules}\t}\n}\n`;

const dump = (rules: string): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`;

/** Whatever was loaded before is replaced or gone: the next round loads into the same namespace. */
const emptied = (load: string): readonly string[] => [
  'sh',
  '-c',
  `ipset destroy 2>/dev/null; nft flush ruleset; ${load}`,
];

/** A rule that drops what is in a set, as `nft list ruleset` writes the two. */
function nftSet(family: 'ip' | 'ip6', type: string, count: number, element: (i: number) => string): string {
  const elements = Array.from({ length: count }, (_, i) => element(i)).join(',\n\t\t\t     ');
  return nftTable(
    family,
    `\tset bad {\n\t\ttype ${type}\n\t\telements = { ${elements} }\n\t}\n\n`,
    `\t\t${family} saddr @bad drop\n`,
  );
}

/** In any order. */
const scattered = (i: number): number => Math.imul(i, 0x9e3779b1) >>> 0;
const address6 = (i: number): string => {
  const words = [scattered(i) >>> 16, scattered(i) & 65535, i >>> 16];
  return `2001:db8:${words.map((word) => word.toString(16)).join(':')}::${(i & 65535).toString(16)}`;
};

export interface PlanningSizes {
  readonly elements: number;
  /** Of one set, more than anybody has. */
  readonly most: number;
  readonly rules: number;
}

export function planningCases({ elements, most, rules }: PlanningSizes): PlanningCase[] {
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
          'ip',
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
      files: { 'set.nft': nftSet('ip', 'ipv4_addr\n\t\tflags interval', elements, interval) },
      rivals: { 'nft -f': emptied('nft -f set.nft') },
    },
    {
      name: 'IPv6 elements of an nft set',
      size: elements,
      files: { 'set6.nft': nftSet('ip6', 'ipv6_addr', elements, address6) },
      rivals: { 'nft -f': emptied('nft -f set6.nft') },
    },
    {
      name: 'elements of one nft set',
      size: most,
      files: { 'most.nft': nftSet('ip', 'ipv4_addr', most, (i) => address(first + i * 77)) },
      rivals: {},
    },
  ];
}
