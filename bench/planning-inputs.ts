/** The rulesets of the planning benchmark, and the tool that each is measured against. */

export interface PlanningCase {
  readonly name: string;
  /** Files by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Command that reads the same without changing anything, its arguments being paths from `files`; null: there is none. */
  readonly rival: readonly string[] | null;
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

export function planningCases(elements: number, rules: number): PlanningCase[] {
  const set = `\tset bad {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { ${Array.from({ length: elements }, (_, i) => interval(i)).join(',\n\t\t\t     ')} }\n\t}\n\n`;
  return [
    {
      name: `nft interval set, ${elements} elements`,
      files: { 'set.nft': nftTable(set, '\t\tip saddr @bad drop\n') },
      rival: ['nft', '-c', '-f', 'set.nft'],
    },
    {
      name: `iptables, ${rules} rules`,
      files: { 'rules.v4': dump(lines(rules, (i) => `-A INPUT -s ${address(first + i * 77)}/32 -j DROP\n`)) },
      rival: ['iptables-nft-restore', '--test', 'rules.v4'],
    },
    {
      name: `nft, ${rules} rules`,
      files: {
        'rules.nft': nftTable(
          '',
          lines(rules, (i) => `\t\tip saddr ${address(first + i * 77)} drop\n`),
        ),
      },
      rival: ['nft', '-c', '-f', 'rules.nft'],
    },
    {
      name: `ipset, ${rules} elements`,
      files: {
        'ipset.v4': dump('-A INPUT -m set --match-set bad src -j DROP\n'),
        'bad.ipset': `create bad hash:net family inet hashsize 65536 maxelem ${2 * rules}\n${lines(rules, (i) => `add bad ${address(first + i * 77)}\n`)}`,
      },
      rival: null,
    },
  ];
}
