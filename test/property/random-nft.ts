/**
 * nft rulesets out of thin air, from a seed, as nft lists them: tables of every family that a packet on its way in meets, named sets and
 * maps, verdict maps, concatenations, intervals, several base chains at a hook. Everything that is made loads (nft 1.0.6, Linux 6.18).
 */
import { nftList } from '../kernel/differential/random-lists.js';
import type { Random } from '../kernel/differential/random.js';

type TableFamily = 'ip' | 'ip6' | 'inet' | 'netdev';

interface Scope {
  readonly random: Random;
  readonly family: TableFamily;
  /** What rules may ask of connections, of routing and of the device that a packet leaves by. */
  readonly hook: 'ingress' | 'prerouting' | 'input' | 'forward' | 'regular';
  readonly stateful: boolean;
  /** Chains that a rule may lead to: later ones only, so that nothing loops. */
  readonly below: readonly string[];
}

const four = ['203.0.113.0/24', '203.0.113.64/26', '203.0.113.77', '192.0.2.0/25', '192.0.2.9', '198.18.0.0/15', '198.51.100.0/28', '0.0.0.0/1']; // prettier-ignore
const own4 = ['192.0.2.1', '192.0.2.255', '203.0.113.48/28', '198.51.100.0/24', '192.0.2.0/24', '224.0.0.0/4'];
const six = ['2001:db8:77::/48', '2001:db8:1::9', '2001:db8::/32', 'fe80::/10', '2001:db8:5::/64'];
const own6 = ['2001:db8:1::1', '2001:db8:2::/64', '2001:db8:99::/48', 'ff00::/8'];
const ports = ['22', '53', '80', '443', '8080', '1024-65535', '0-1023', '8000-8080', '123'];

/** Sets of every table; their elements do not overlap, as nft wants it. */
const sets = (family: TableFamily): string => {
  const v4 = `	set hosts4 {
		type ipv4_addr
		elements = { 203.0.113.77, 192.0.2.9, 198.51.100.3 }
	}
	set nets4 {
		type ipv4_addr
		flags interval
		elements = { 203.0.113.0/26, 203.0.113.80-203.0.113.90, 192.0.2.128/25, 198.18.0.0/15 }
	}
	set pairs4 {
		type ipv4_addr . inet_service
		elements = { 192.0.2.1 . 80, 192.0.2.1 . 53, 203.0.113.50 . 443, 192.0.2.9 . 22 }
	}
	set ranges4 {
		type ipv4_addr . inet_service
		flags interval
		elements = { 203.0.113.0/24 . 22, 192.0.2.0/26 . 1000-2000, 198.18.0.0/15 . 53 }
	}
	map ways4 {
		type ipv4_addr : verdict
		flags interval
		elements = { 203.0.113.64/28 : drop, 192.0.2.9 : accept, 198.18.0.0/16 : drop, 198.51.100.0/28 : continue }
	}
`;
  const v6 = `	set nets6 {
		type ipv6_addr
		flags interval
		elements = { 2001:db8:77::/48, 2001:db8:1::9, 2001:db8:5::10-2001:db8:5::ff }
	}
	set pairs6 {
		type ipv6_addr . inet_service
		elements = { 2001:db8:1::1 . 80, 2001:db8:1::9 . 53 }
	}
`;
  const both = `	set ports {
		type inet_service
		flags interval
		elements = { 19, 20-25, 53, 8080 }
	}
	map services {
		type inet_service : verdict
		elements = { 22 : accept, 23 : drop, 53 : continue, 8080 : drop }
	}
`;
  return (family === 'ip6' ? '' : v4) + (family === 'ip' ? '' : v6) + both;
};

const not = (random: Random): string => (random.chance(0.15) ? '!= ' : '');

function some(random: Random, from: readonly string[]): string {
  const found = new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(from)));
  return [...found].join(', ');
}

/** No two of them overlap. */
const disjoint4 = ['203.0.113.0/28', '203.0.113.77', '192.0.2.9', '198.18.0.0/15', '10.0.0.0/8', '198.51.100.3-198.51.100.9']; // prettier-ignore
const disjoint6 = ['2001:db8:77::/48', '2001:db8:1::9', 'fe80::/10', '2001:db8:5::2-2001:db8:5::ffff'];

function address({ random, family }: Scope): string {
  const isFour = family === 'ip' || (family !== 'ip6' && random.chance(0.65));
  const name = isFour ? 'ip' : 'ip6';
  const [set, nets] = isFour ? [random.pick(['hosts4', 'nets4', 'nets4']), four] : ['nets6', six];
  switch (random.below(9)) {
    case 0:
    case 1:
      return `${name} saddr ${not(random)}${random.pick(nets)}`;
    case 2:
      return `${name} saddr ${not(random)}@${set}`;
    case 3:
      return `${name} daddr ${not(random)}${random.pick(isFour ? own4 : own6)}`;
    case 4:
      return `${name} saddr ${not(random)}{ ${some(random, isFour ? disjoint4 : disjoint6)} }`;
    case 5:
      return `${name} ${random.pick(['daddr', 'saddr'])} . ${random.pick(['tcp', 'udp'])} dport @${isFour ? random.pick(['pairs4', 'ranges4']) : 'pairs6'}`;
    case 6:
      return isFour
        ? `ip saddr . ip daddr ${not(random)}{ 203.0.113.77 . 192.0.2.1, 192.0.2.9 . 203.0.113.50 }`
        : `ip6 saddr ${random.pick(six)}`;
    case 7:
      return isFour ? `ip saddr & 255.255.0.0 == 203.0.0.0` : `ip6 saddr ${not(random)}2001:db8:1::2-2001:db8:1::ffff`;
    default:
      return `${name} saddr ${random.pick(nets)} ${name} daddr ${random.pick(isFour ? own4 : own6)}`;
  }
}

function transport({ random, family }: Scope): string {
  const protocol = random.pick(['tcp', 'tcp', 'udp', 'udp', 'th']);
  const before = protocol === 'th' ? `meta l4proto ${random.pick(['tcp', 'udp', '{ tcp, udp }'])} ` : '';
  const side = random.pick(['dport', 'dport', 'sport']);
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return `${before}${protocol} ${side} ${not(random)}${random.pick(ports)}`;
    case 3:
      return `${before}${protocol} ${side} ${not(random)}{ ${some(random, ['22', '53', '80', '443', '1000-2000', '8080'])} }`;
    case 4:
      return `${random.pick(['tcp', 'udp'])} ${side} ${not(random)}@ports`;
    case 5:
      return random.pick([
        'tcp flags & (fin | syn | rst | ack) == syn',
        'tcp flags syn,fin / syn,fin',
        'tcp flags & (fin | syn | rst | psh | ack | urg) == 0x0',
        'tcp flags syn',
        'tcp flags & (syn | ack) != syn',
        'tcp flags != syn',
      ]);
    case 6:
      return family === 'ip6' || (family !== 'ip' && random.chance(0.4))
        ? `icmpv6 type ${not(random)}${random.pick(['echo-request', '{ nd-neighbor-solicit, nd-router-advert }', '1'])}`
        : `icmp type ${not(random)}${random.pick(['echo-request', '{ echo-reply, destination-unreachable }', 'timestamp-request', 'destination-unreachable icmp code 3'])}`;
    case 7:
      return `meta l4proto ${not(random)}${random.pick(['tcp', 'udp', '{ tcp, udp }', '47', 'icmp', 'ipv6-icmp'])}`;
    case 8:
      return `${random.pick(['tcp', 'udp'])} dport ${random.pick(['< 1024', '> 1023', '<= 53', '>= 8080'])}`;
    default:
      return '';
  }
}

function other({ random, family, hook, stateful }: Scope): string {
  const choices = [
    family === 'ip6' ? 'ip6 hoplimit < 5' : family === 'ip' ? `ip ttl ${random.pick(['< 5', '64', '> 200'])}` : '',
    family === 'ip6' ? 'ip6 dscp cs1' : `ip dscp ${not(random)}${random.pick(['cs1', 'ef', 'cs0'])}`,
    `meta length ${random.pick(['< 40', '41-60', '> 100'])}`,
    `meta pkttype ${not(random)}${random.pick(['host', 'broadcast', 'multicast'])}`,
    `iifname ${not(random)}${random.pick(['"eth0"', '"eth1"', '"eth*"', '"lo"', '{ "eth0", "eth1" }', '{ "eth0", "wg0" }'])}`,
    hook === 'forward' ? `oifname ${random.pick(['"eth0"', '"eth1"'])}` : '',
    family === 'inet' || family === 'netdev' ? `meta protocol ${random.pick(['ip', 'ip6'])}` : '',
    family === 'inet' ? `meta nfproto ${random.pick(['ipv4', 'ipv6'])}` : '',
    'meta mark 0x7',
    'limit rate 1/hour burst 5 packets',
    `ether saddr ${not(random)}02:00:00:00:00:02`,
    hook === 'prerouting' ? `fib saddr${random.pick([' . iif', ''])} oif ${random.pick(['missing', 'exists'])}` : '',
    hook !== 'ingress' && hook !== 'regular' ? `fib daddr type ${not(random)}local` : '',
    ...(stateful && hook !== 'ingress' && family !== 'netdev'
      ? ['ct state new', 'ct state invalid', 'ct state established,related', 'ct state != established'].map(
          (text) => text,
        )
      : []),
  ];
  return random.pick(choices);
}

function verdict({ random, family, hook, below }: Scope): string {
  if (random.chance(0.45)) return 'drop';
  if (random.chance(0.35)) return 'accept';
  if (below.length > 0 && random.chance(0.6)) return `${random.chance(0.25) ? 'goto' : 'jump'} ${random.pick(below)}`;
  const others = ['counter log', 'return', 'return', 'continue', 'counter', 'meta mark set 0x7'];
  if (family !== 'netdev' && (hook === 'input' || hook === 'forward')) others.push('counter reject', 'counter reject');
  return random.pick(others);
}

/** A rule that dispatches. */
function dispatch(scope: Scope): string {
  const { random, family, below } = scope;
  const way = (): string =>
    random.pick(['drop', 'drop', 'accept', 'continue', ...below.map((chain) => `jump ${chain}`)]);
  switch (random.below(5)) {
    case 0:
      return `${random.pick(['tcp', 'udp'])} dport vmap @services`;
    case 1:
      return family === 'ip6' ? `ip6 saddr vmap { 2001:db8:77::/48 : ${way()}, fe80::/10 : ${way()} }` : 'ip saddr vmap @ways4'; // prettier-ignore
    case 2:
      return `tcp dport vmap { 22 : ${way()}, 80 : ${way()}, 1000-2000 : ${way()}, 8080 : drop }`;
    case 3:
      return `meta l4proto . th dport vmap { tcp . 22 : ${way()}, udp . 53 : ${way()}, tcp . 443 : ${way()} }`;
    default:
      return scope.stateful && scope.hook !== 'ingress' && family !== 'netdev'
        ? 'ct state vmap { established : accept, related : accept, invalid : drop }'
        : `meta l4proto vmap { tcp : ${way()}, udp : continue, 47 : drop }`;
  }
}

function rule(scope: Scope): string {
  const { random } = scope;
  if (random.chance(0.15)) return dispatch(scope);
  const parts = [
    random.chance(0.6) ? address(scope) : '',
    random.chance(0.6) ? transport(scope) : '',
    random.chance(0.25) ? other(scope) : '',
    random.chance(0.1) ? 'counter' : '',
    verdict(scope),
  ].filter((part) => part !== '');
  return compatible(parts) ? parts.join(' ') : [parts[0], parts.at(-1)].join(' ');
}

/** nft refuses what can never be: two network or two transport protocols in one rule. */
function compatible(parts: readonly string[]): boolean {
  const text = parts.join(' ');
  const networks = ['ip', 'ip6'].filter((name) => new RegExp(`(^| )${name} (saddr|daddr|ttl|dscp|hoplimit)|(protocol|nfproto) ${name === 'ip' ? 'ip(v4)?' : 'ip(v)?6'}( |$)|${name === 'ip' ? 'icmp type' : 'icmpv6 type'}`).test(text)); // prettier-ignore
  const transports = ['tcp (dport|sport|flags)', 'udp (dport|sport)', 'icmp type', 'icmpv6 type', 'l4proto', 'th '].filter((one) => new RegExp(`(^| )${one}`).test(text)); // prettier-ignore
  return networks.length < 2 && transports.length < (text.includes(' th ') ? 3 : 2);
}

const priorities = {
  ingress: ['-500', '0', '10'],
  prerouting: ['raw', 'raw - 5', 'mangle', '-50', '10'],
  input: ['filter', 'filter', 'filter - 10', 'filter + 10'],
  forward: ['filter', 'filter - 10', '20'],
} as const;

function table(random: Random, family: TableFamily, name: string, stateful: boolean): string {
  const regular = ['one', 'two', 'three'].slice(0, random.below(4));
  const hooks = family === 'netdev' ? (['ingress'] as const) : (['prerouting', 'input', 'forward'] as const);
  const rules = (hook: Scope['hook'], below: readonly string[], most: number): string =>
    [
      ...Array.from({ length: random.below(most) }, () => rule({ random, family, hook, stateful, below })),
      ...(random.chance(0.08)
        ? nftList(family === 'ip6' || (family !== 'ip' && random.chance(0.3)) ? 6 : 4, random)
        : []),
      ...Array.from({ length: random.below(3) }, () => rule({ random, family, hook, stateful, below })),
    ]
      .map((line) => `		${line}\n`)
      .join('');
  const base = hooks
    .filter((hook) => hook === 'ingress' || random.chance(0.75))
    .map((hook) => {
      const device = hook === 'ingress' ? ' device "eth0"' : '';
      const policy = (hook === 'input' || hook === 'forward') && random.chance(0.25) ? 'drop' : 'accept';
      return `	chain ${hook} {\n		type filter hook ${hook}${device} priority ${random.pick(priorities[hook])}; policy ${policy};\n${rules(hook, regular, hook === 'input' ? 9 : 6)}	}\n`;
    });
  // What they are reached from is not known: they ask what every hook can answer.
  const others = regular.map((chain, at) => `	chain ${chain} {\n${rules('regular', regular.slice(at + 1), 5)}	}\n`);
  return `table ${family} ${name} {\n${sets(family)}${others.reverse().join('')}${base.join('')}}\n`;
}

/** One to three tables; the same seed of `random` gives the same text. */
export function randomNft(random: Random): string {
  const stateful = random.chance(0.4);
  const families: TableFamily[] = [
    random.pick(['inet', 'inet', 'ip'] as const),
    ...(random.chance(0.5) ? [random.pick(['ip', 'ip6', 'inet', 'netdev'] as const)] : []),
    ...(random.chance(0.2) ? [random.pick(['ip', 'netdev'] as const)] : []),
  ];
  return families.map((family, at) => table(random, family, `t${at}`, stateful)).join('');
}
