/** Rulesets out of thin air, from a seed: every match and target that both back ends load, in any table, chain and order. */
import type { FirewallCase } from './firewall-case.js';
import { iptablesList } from './random-lists.js';
import { createRandom, type Random } from './random.js';

interface Dialect {
  readonly version: 4 | 6;
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly sets: readonly string[];
}

const ip: Dialect = {
  version: 4,
  sources: [
    '203.0.113.0/24',
    '203.0.113.77/32',
    '192.0.2.0/25',
    '192.0.2.9/32',
    '198.18.0.0/15',
    '198.51.100.0/28',
    '0.0.0.0/1',
    '224.0.0.0/4',
  ],
  destinations: [
    '192.0.2.1/32',
    '192.0.2.255/32',
    '203.0.113.48/28',
    '198.51.100.0/24',
    '192.0.2.0/24',
    '127.0.0.0/8',
    '224.0.0.0/4',
  ],
  sets: [
    'A src',
    'A dst',
    'N src',
    'N src',
    'P dst,dst',
    'P src,src',
    'NP src,dst',
    'NP src,src',
    'T dst',
    'T src',
    'L src',
    'X src,dst,dst',
    'S dst,dst,src',
    'I src,src',
    'I src,dst',
    'M src,src',
    'LX src,dst,dst',
  ],
};
const ip6: Dialect = {
  version: 6,
  sources: ['2001:db8:77::/48', '2001:db8:1::9/128', '2001:db8::/32', 'fe80::/10', '2001:db8:5::/64', '::/1'],
  destinations: ['2001:db8:1::1/128', '2001:db8:2::/64', '2001:db8:99::/48', 'ff00::/8', 'ff02::1/128'],
  sets: ['A6 src', 'A6 dst', 'N6 src', 'N6 dst', 'P6 dst,dst', 'T src', 'T dst', 'X6 src,dst,dst', 'I6 src,src'],
};

const sets = `create A hash:ip family inet
add A 203.0.113.77
add A 192.0.2.9
add A 198.51.100.3
create N hash:net family inet
add N 203.0.113.0/24
add N 203.0.113.64/26 nomatch
add N 203.0.113.80/28
add N 192.0.2.128/25
create P hash:ip,port family inet
add P 192.0.2.1,tcp:80
add P 192.0.2.1,udp:53
add P 203.0.113.50,tcp:443
create NP hash:net,port family inet
add NP 203.0.113.0/24,tcp:22
add NP 203.0.113.0/26,udp:53
add NP 192.0.2.0/24,tcp:8080
create T bitmap:port range 0-65535
add T 20-25
add T 8080
create L list:set size 8
add L A
add L N
create X hash:ip,port,ip family inet
add X 203.0.113.77,tcp:80,192.0.2.1
add X 192.0.2.9,udp:53,192.0.2.1
add X 192.0.2.9,icmp:8/0,192.0.2.1
create S hash:ip,port,net family inet
add S 192.0.2.1,tcp:22,203.0.113.0/24
add S 192.0.2.1,tcp:22,203.0.113.64/26 nomatch
add S 192.0.2.1,udp:53,192.0.2.0/24
create I hash:net,iface family inet
add I 203.0.113.0/24,eth0
add I 203.0.113.64/26,eth1
add I 192.0.2.0/25,eth0
add I 192.0.2.8/29,eth0 nomatch
create M bitmap:ip,mac range 192.0.2.0/24
add M 192.0.2.9,02:00:00:00:00:02
create LX list:set size 8
add LX X
add LX A
create X6 hash:ip,port,ip family inet6
add X6 2001:db8:1::9,tcp:80,2001:db8:1::1
create I6 hash:net,iface family inet6
add I6 2001:db8:77::/48,eth0
add I6 2001:db8:77:1::/64,eth1
create A6 hash:ip family inet6
add A6 2001:db8:1::9
add A6 2001:db8:77::1
create N6 hash:net family inet6
add N6 2001:db8:77::/48
add N6 2001:db8:77:1::/64 nomatch
create P6 hash:ip,port family inet6
add P6 2001:db8:1::1,tcp:80
`;

const ports = ['22', '53', '80', '443', '1024:65535', '0:1023', '8000:8080', '123'];
const not = (random: Random): string => (random.chance(0.15) ? '! ' : '');

function transport(random: Random, { version }: Dialect): string {
  const port = (): string => `${not(random)}--${random.pick(['dport', 'dport', 'sport'])} ${random.pick(ports)}`;
  const list = (): string =>
    `-m multiport ${not(random)}--${random.pick(['dports', 'sports', 'ports'])} ${random.pick(['22,80', '53,123,1024:2000', '8080'])}`;
  switch (random.below(9)) {
    case 0:
    case 1:
      return `-p tcp -m tcp ${port()}`;
    case 2:
      return `-p tcp -m tcp --tcp-flags ${random.pick(['FIN,SYN,RST,ACK SYN', 'SYN,FIN SYN,FIN', 'ALL NONE', 'RST RST', 'SYN,ACK ACK'])}`;
    case 3:
    case 4:
      return `-p udp -m udp ${port()}`;
    case 5:
      return `-p ${random.pick(['tcp', 'udp', 'udplite'])} ${list()}`;
    case 6:
      return version === 4
        ? `-p icmp -m icmp ${not(random)}--icmp-type ${random.pick(['8', '3', '3/3', '0', '5'])}`
        : `-p ipv6-icmp -m icmp6 ${not(random)}--icmpv6-type ${random.pick(['128', '1', '135', '134', '3/0'])}`;
    case 7:
      return `${not(random)}-p ${random.pick(['tcp', 'udp', 'udplite', '47', '50', version === 4 ? 'icmp' : 'ipv6-icmp'])}`;
    default:
      return '';
  }
}

function extra(random: Random, dialect: Dialect, table: string, chain: string, stateful: boolean): string {
  const four = dialect.version === 4;
  switch (random.below(stateful ? 14 : 13)) {
    case 0:
      return `-m set ${not(random)}--match-set ${random.pick(dialect.sets)}`;
    case 1:
      return `-m set --match-set ${random.pick(dialect.sets)}`;
    case 2:
      return four
        ? `-m ttl --ttl-${random.pick(['lt 5', 'eq 64', 'gt 200'])}`
        : `-m hl --hl-${random.pick(['lt 5', 'eq 64', 'gt 200'])}`;
    case 3:
      return `-m length ${not(random)}--length ${random.pick(['0:40', '41:60', '100:65535'])}`;
    case 4:
      return `-m dscp ${not(random)}--dscp ${random.pick(['0x0a', '0x2e', '0x00'])}`;
    case 5:
      return `-m addrtype --dst-type ${random.pick(['LOCAL', four ? 'BROADCAST' : 'LOCAL', 'MULTICAST', 'UNICAST'])}`;
    case 6:
      return `-m pkttype ${not(random)}--pkt-type ${random.pick(['unicast', 'broadcast', 'multicast'])}`;
    case 7:
      return four
        ? `-m iprange ${not(random)}--src-range 203.0.113.70-203.0.113.99`
        : '-m iprange --src-range 2001:db8:1::2-2001:db8:1::ffff';
    case 8:
      return ['PREROUTING', 'INPUT', 'FORWARD'].includes(chain) ? '-m mac --mac-source 02:00:00:00:00:02' : '';
    case 9:
      return four && random.chance(0.5) ? `${not(random)}-f` : '';
    case 10:
      return '-m limit --limit 1/hour --limit-burst 5';
    case 11:
      return `-m mark ${not(random)}--mark ${random.pick(['0x7', '0x8/0x8', '0x0/0x3'])}`;
    case 13:
      return table === 'raw'
        ? ''
        : `-m conntrack ${not(random)}--ctstate ${random.pick(['NEW', 'INVALID', 'RELATED,ESTABLISHED', 'UNTRACKED'])}`;
    default:
      return '';
  }
}

function verdict(random: Random, table: string, chain: string, below: readonly string[]): string {
  const others = [
    '-j LOG',
    '-j RETURN',
    '-j RETURN',
    `-j MARK --set-xmark ${random.pick(['0x7/0xffffffff', '0x8/0x8', '0x0/0x3'])}`,
  ];
  if (random.chance(0.5)) return '-j DROP';
  if (random.chance(0.35)) return '-j ACCEPT';
  if (below.length > 0 && random.chance(0.6)) return `${random.chance(0.25) ? '-g' : '-j'} ${random.pick(below)}`;
  if (table === 'filter' && (chain === 'INPUT' || chain === 'FORWARD') && random.chance(0.3)) return '-j REJECT';
  return random.pick(others);
}

/** rpfilter loads in PREROUTING of raw and mangle only. */
const rpfilter = (random: Random): string =>
  ['-m rpfilter', ...['--loose', '--validmark', '--accept-local', '--invert'].filter(() => random.chance(0.4))].join(
    ' ',
  );

function rule(
  random: Random,
  dialect: Dialect,
  table: string,
  chain: string,
  below: readonly string[],
  stateful: boolean,
): string {
  const address = [
    random.chance(0.5) ? `${not(random)}-s ${random.pick(dialect.sources)}` : '',
    random.chance(0.25) ? `${not(random)}-d ${random.pick(dialect.destinations)}` : '',
    random.chance(0.15) ? `${not(random)}-i ${random.pick(['eth0', 'eth0', 'eth1', 'lo', 'eth+'])}` : '',
    chain === 'FORWARD' && random.chance(0.15) ? `-o ${random.pick(['eth0', 'eth1'])}` : '',
  ];
  const parts = [
    ...address,
    chain === 'PREROUTING' && random.chance(0.15) ? rpfilter(random) : '',
    random.chance(0.6) ? transport(random, dialect) : '',
    random.chance(0.35) ? extra(random, dialect, table, chain, stateful) : '',
  ];
  return [`-A ${chain}`, ...parts, verdict(random, table, chain, below)].filter((part) => part !== '').join(' ');
}

const hooks: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

function table(random: Random, dialect: Dialect, name: string, stateful: boolean): string {
  const base = hooks[name] as readonly string[];
  const user = name === 'filter' || random.chance(0.3) ? ['one', 'two', 'three'].slice(0, random.below(4)) : [];
  const policy = (chain: string): string =>
    (chain === 'INPUT' || chain === 'FORWARD') && random.chance(0.25) ? 'DROP' : 'ACCEPT';
  const used = [...base.filter((chain) => chain !== 'OUTPUT' && chain !== 'POSTROUTING'), ...user];
  // a chain jumps to later ones only: no loops
  const below = (chain: string): readonly string[] => user.slice(user.indexOf(chain) + 1);
  const few = (chain: string): string[] =>
    Array.from({ length: random.below(name === 'filter' ? 9 : 5) }, () =>
      rule(random, dialect, name, chain, below(chain), stateful),
    );
  const list = (chain: string): string[] => {
    const own = random.chance(0.12) ? iptablesList(dialect.version, random) : [];
    return own.map((line) => `-A ${chain} ${line}`);
  };
  const rules = used.flatMap((chain) => [...few(chain), ...list(chain), ...few(chain).slice(0, 3)]);
  return [
    `*${name}`,
    ...base.map((chain) => `:${chain} ${policy(chain)} [0:0]`),
    ...user.map((chain) => `:${chain} - [0:0]`),
    ...rules,
    'COMMIT',
  ].join('\n');
}

export function randomCase(seed: number): FirewallCase {
  const random = createRandom(seed);
  const stateful = random.chance(0.3);
  const dump = (dialect: Dialect): string =>
    `${['raw', 'mangle', 'filter']
      .filter((name) => name === 'filter' || random.chance(0.5))
      .map((name) => table(random, dialect, name, stateful))
      .join('\n')}\n`;
  return { name: `random-${seed}`, v4: dump(ip), v6: dump(ip6), sets, nft: null, forwarding: random.chance(0.7) };
}
