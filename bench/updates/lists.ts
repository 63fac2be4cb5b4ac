/** Lists of 100,000 lines that are replaced as a whole: what people have, and what is hard to plan. */
import { dotted } from '../traffic/sources.js';
import { replaced } from './names.js';
import { rawTable } from './ways.js';

export interface List {
  readonly name: string;
  /** Of so many lines, by name of the file. */
  readonly texts: (lines: number) => Readonly<Record<string, string>>;
}

/** 16.0.0.0/4. */
export const listFirst = 0x10000000;

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');
const source = (i: number): string => dotted(listFirst + i * 3);
/** Far from that of the line before. */
const port = (i: number): number => 1 + ((i * 7919) % 65_521);
const either = (i: number): string => (i % 2 === 0 ? 'tcp' : 'udp');

/** iptables lines by what they ask for. */
const iptables = (name: string, asked: (i: number) => string, sets = ''): List =>
  iptablesRules(name, (i) => `${asked(i)} -j DROP`, sets);

const iptablesRules = (name: string, rule: (i: number) => string, sets = ''): List => ({
  name,
  texts: (count) => ({
    'rules.v4': rawTable(lines(count, (i) => `-A PREROUTING ${rule(i)}\n`)),
    ...(sets !== '' && { 'sets.ipset': sets }),
  }),
});

const nft = (name: string, family: 'ip' | 'inet', asked: (i: number) => string): List => ({
  name,
  texts: (count) => {
    const rules = lines(count, (i) => `${asked(i)} drop\n`);
    const chain = `chain c {\ntype filter hook prerouting priority raw;\n${rules}}`;
    return { 'rules.nft': `table ${family} bench {\n${chain}\n}\n` };
  },
});

const sets = 1000;
const setTexts = Array.from(
  { length: sets },
  (_, i) => `create s${i} hash:ip family inet\nadd s${i} ${source(i * 2)}\nadd s${i} ${source(i * 2 + 1)}\n`,
).join('');

export const lists: readonly List[] = [
  iptables(replaced.sources, (i) => `-s ${source(i)}/32`),
  iptables(replaced.ports, (i) => `-s ${source(i)}/32 -p tcp -m tcp --dport ${port(i)}`),
  iptables(replaced.protocols, (i) => `-s ${source(i)}/32 -p ${either(i)} -m ${either(i)} --dport ${port(i)}`),
  iptables(
    replaced.comments,
    (i) => `-s ${source(i)}/32 -p tcp -m tcp --dport ${port(i)} -m comment --comment "ticket ${i}"`,
  ),
  iptables(
    replaced.turns,
    (i) => `-s ${source(i)}/32${['', ` -p tcp -m tcp --dport ${port(i)}`, ` -p icmp -m icmp --icmp-type 8`][i % 3]!}`,
  ),
  iptables(replaced.negatedPorts, (i) => `-s ${source(i)}/32 -p tcp -m tcp ! --dport ${port(i)}`),
  iptables(replaced.negatedSources, (i) => `! -s ${source(i)}/32 -p tcp -m tcp --dport ${port(i)}`),
  iptables(
    replaced.sets,
    (i) => `-p tcp -m set --match-set s${(i * 7) % sets} src -m tcp --dport ${port(i)}`,
    setTexts,
  ),
  iptablesRules(replaced.accepts, (i) => `-s ${source(i)}/32 -p tcp -m tcp --dport ${port(i)} -j ACCEPT`),
  iptablesRules(
    replaced.logs,
    (i) => `-s ${source(i >> 1)}/32 -j ${i % 2 === 0 ? `LOG --log-prefix "ticket ${i}: "` : 'DROP'}`,
  ),
  nft(replaced.nftPorts, 'ip', (i) => `ip saddr ${source(i)} tcp dport ${port(i)}`),
  nft(
    replaced.nftTurns,
    'inet',
    (i) =>
      `ip saddr ${source(i)}${['', ` tcp dport ${port(i)}`, ` udp sport ${port(i)} counter packets ${i} bytes ${i * 60}`][i % 3]!}`,
  ),
  nft(replaced.nftInetPorts, 'inet', (i) => `${either(i)} dport ${1 + (i >> 1)}`),
  nft(replaced.nftPairs, 'ip', (i) => `ip saddr { ${source(i * 2)}, ${source(i * 2 + 1)} }`),
];
