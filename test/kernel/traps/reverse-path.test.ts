/**
 * How sources are routed, in all the ways that a routing table has: what rpfilter and nft's fib drop, and what XDP drops of it. Each run also
 * compares original and split packet by packet, and both with the oracle.
 */
import test, { type ExecutionContext } from 'ava';
import { backends } from '../differential/backend.js';
import { ipv4, ipv6 } from '../differential/frame.js';
import type { FirewallCase } from '../differential/firewall-case.js';
import { notesOf } from '../differential/compare.js';
import type { Datagram } from '../differential/pool.js';
import { runCase, type CaseOptions } from '../differential/run-case.js';
import { udp } from '../differential/segment.js';
import { withNamespaces } from '../namespace.js';
import { datagramsOf, dump, firewallOf, placeOf, runTraps, type Named, type TrapRun } from './trap.js';

const from = (name: string, saddr: string, daddr?: string, destination?: number): Named => {
  const link = destination === undefined ? {} : { destination };
  return saddr.includes(':')
    ? { name, frames: [ipv6({ saddr, daddr: daddr ?? '2001:db8:1::1', ...link }, udp(1, 2))] }
    : { name, frames: [ipv4({ saddr, daddr: daddr ?? '192.0.2.1', ...link }, udp(1, 2))] };
};

/** 192.0.2.0/24 is behind eth0, where all this arrives, everything else behind eth1. */
const routes = [
  'route add blackhole 198.18.0.0/24',
  'route add unreachable 198.18.1.0/24',
  'route add prohibit 198.18.2.0/24',
  'route add throw 198.18.3.0/24',
  'route add blackhole 2001:db8:a0::/48',
  'route add unreachable 2001:db8:a1::/48',
  'route add prohibit 2001:db8:a2::/48',
  'route add throw 2001:db8:a3::/48',
];

const broadcast = 0xffffffffffff;
const sources: readonly Named[] = [
  from('same device', '192.0.2.9'),
  from('other device', '203.0.113.7'),
  from('blackhole', '198.18.0.1'),
  from('unreachable', '198.18.1.1'),
  from('prohibit', '198.18.2.1'),
  from('no route', '198.18.3.1'),
  from('own address', '192.0.2.1'),
  from('own address of eth1', '198.51.100.1'),
  from('broadcast address', '192.0.2.255'),
  from('broadcast address of eth1', '198.51.100.255'),
  from('loopback address', '127.0.0.1'),
  from('255.255.255.255', '255.255.255.255'),
  from('multicast address', '224.0.0.9'),
  from('0.0.0.0', '0.0.0.0'),
  from('0.0.0.0 to all', '0.0.0.0', '255.255.255.255', broadcast),
  from('0.0.0.0 to a group', '0.0.0.0', '224.0.0.1', 0x01005e000001),
  from('same device, to a group', '192.0.2.9', '224.0.0.1', 0x01005e000001),
];
const sources6: readonly Named[] = [
  from('same device', '2001:db8:1::9'),
  from('same device, to a group', '2001:db8:1::9', 'ff02::1:ff00:1', 0x3333ff000001),
  from('same device, to link-local', '2001:db8:1::9', 'fe80::1'),
  from('other device', '2001:db8:77::7'),
  from('other device, to a group', '2001:db8:77::7', 'ff02::1:ff00:1', 0x3333ff000001),
  from('blackhole', '2001:db8:a0::1'),
  from('unreachable', '2001:db8:a1::1'),
  from('prohibit', '2001:db8:a2::1'),
  from('no route', '2001:db8:a3::1'),
  from('own address', '2001:db8:1::1'),
  from('own address of eth1', '2001:db8:2::1'),
  from('anycast address', '2001:db8:9::', '2001:db8:1::1'),
  from('link-local', 'fe80::2'),
  from('unspecified', '::'),
  from('unspecified to a group', '::', 'ff02::1:ff00:1', 0x3333ff000001),
];

const prefixOfEth1 = ['addr add 2001:db8:9::1/64 dev eth1 nodad'];

const everywhere = ['blackhole', 'unreachable', 'prohibit', 'no route'];
/** Dropped by the check itself, in netfilter and XDP alike. */
interface Expected {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** Dropped by netfilter; XDP is not sure. */
  readonly left4?: readonly string[];
  readonly left6?: readonly string[];
}

const own4 = ['own address', 'own address of eth1', 'loopback address'];
const own6 = ['own address', 'own address of eth1'];
const broadcast4 = ['broadcast address', 'broadcast address of eth1'];
const elsewhere4 = ['other device', '255.255.255.255', 'multicast address'];
const elsewhere6 = ['other device', 'other device, to a group'];

const firewall = (name: string, v4: string | null, v6: string | null, nft: string | null): FirewallCase => ({
  ...firewallOf(name, v4, v6),
  nft,
  ip: [...routes, ...prefixOfEth1],
});

const xtables = (rules: readonly string[]): string => dump({ raw: rules });
const nft = (rule: string, family = 'inet'): string =>
  `table ${family} t {\n\tchain c {\n\t\ttype filter hook prerouting priority -300; policy accept;\n\t\t${rule}\n\t}\n}\n`;

const early = ({ places }: TrapRun): string[] =>
  Object.entries(places).flatMap(([name, place]) => (place.startsWith('early') ? [name] : []));
const inXdp = ({ verdicts }: TrapRun): string[] =>
  Object.entries(verdicts).flatMap(([name, verdict]) => (verdict === 'drop' ? [name] : []));

/** Order does not matter. */
const same = (t: ExecutionContext, found: readonly string[], expected: readonly string[], what: string): void => {
  t.deepEqual([...found].sort(), [...expected].sort(), what);
};

async function check(
  t: ExecutionContext,
  one: FirewallCase,
  named: readonly Named[],
  dropped: readonly string[],
  left: readonly string[] = [],
  options: Partial<CaseOptions> = {},
): Promise<TrapRun> {
  const run = await runTraps(t, one, named, options);
  same(t, early(run), [...dropped, ...left], 'netfilter drops');
  same(t, inXdp(run), dropped, 'XDP drops');
  return run;
}

const strict: Expected = {
  v4: [...everywhere, ...own4, ...broadcast4, ...elsewhere4],
  v6: [...everywhere, ...own6, ...elsewhere6, 'anycast address'],
  left4: ['0.0.0.0'],
};
const loose: Expected = {
  v4: [...everywhere, ...own4, ...broadcast4],
  v6: [...everywhere, ...own6, 'anycast address'],
};

const legacy: readonly (readonly [options: string, expected: Expected])[] = [
  ['', strict],
  ['--validmark', strict],
  ['--loose', loose],
  [
    '--accept-local',
    {
      v4: [...everywhere, ...broadcast4, ...elsewhere4],
      v6: [...everywhere, ...elsewhere6, 'anycast address'],
      left4: ['0.0.0.0', 'own address of eth1', 'loopback address'],
    },
  ],
  ['--loose --accept-local', { v4: [...everywhere, ...broadcast4], v6: [...everywhere, 'anycast address'] }],
];

/** Each family by one back end, the next options by the other: the match is the same module. */
for (const [i, [options, expected]] of legacy.entries()) {
  const [one, other] = i % 2 === 0 ? backends : [backends[1], backends[0]];
  const rule = `-A PREROUTING -i eth0 -m rpfilter ${options === '' ? '' : `${options} `}--invert -j DROP`;
  test.serial(`IPv4 ${rule}`, (t) =>
    check(t, firewall('rpfilter', xtables([rule]), null, null), sources, expected.v4, expected.left4, { backend: one }),
  );
  test.serial(`IPv6 ${rule}`, (t) =>
    check(t, firewall('rpfilter6', null, xtables([rule]), null), sources6, expected.v6, expected.left6, {
      backend: other,
    }),
  );
}

const fib: readonly (readonly [rule: string, expected: Expected])[] = [
  [
    'fib saddr . iif oif missing drop',
    {
      v4: [...everywhere, ...own4, ...elsewhere4],
      v6: strict.v6,
      left4: ['0.0.0.0', 'broadcast address of eth1'],
      left6: ['unspecified', 'unspecified to a group'],
    },
  ],
  ['fib saddr oif missing drop', { v4: [...everywhere, ...own4], v6: loose.v6 }],
];
const spellings: Readonly<Record<string, string>> = {
  'fib saddr . iif oif missing drop': 'fib saddr . iif oif missing drop',
  'fib saddr . mark . iif oif 0 drop': 'fib saddr . iif oif missing drop',
  'fib saddr . iif oifname != "eth0" drop': 'fib saddr . iif oif missing drop',
  'fib saddr . iif oif exists accept; drop': 'fib saddr . iif oif missing drop',
  'fib saddr oif missing drop': 'fib saddr oif missing drop',
};

for (const [rule, meaning] of Object.entries(spellings)) {
  const expected = new Map(fib).get(meaning) as Expected;
  const text = rule.replace('; ', '\n\t\t');
  test.serial(`IPv4 ${rule}`, (t) =>
    check(t, firewall('fib', null, null, nft(text, 'ip')), sources, expected.v4, expected.left4),
  );
  test.serial(`IPv6 ${rule}`, (t) =>
    check(t, firewall('fib6', null, null, nft(text)), sources6, expected.v6, expected.left6),
  );
}

const invert = '-A PREROUTING -m rpfilter --invert -j DROP';

test.serial('who is routed back returns, the others are dropped', (t) => {
  const rules = ['-A PREROUTING -m rpfilter -j RETURN', '-A PREROUTING -p udp -j DROP'];
  return check(t, firewall('return', xtables(rules), null, null), sources, strict.v4, strict.left4);
});

test.serial('what a guard logs passes, what it does not is dropped', async (t) => {
  const rules = ['-A PREROUTING -m rpfilter --invert -j LOG', '-A PREROUTING -p udp -j DROP'];
  const run = await runTraps(t, firewall('log', xtables(rules), null, null), sources);
  same(t, inXdp(run), ['same device', 'same device, to a group'], 'XDP drops');
  t.is(early(run).length, sources.length);
});

const closed = (run: TrapRun): string | undefined => run.report.reply.rules[0]?.reason.split(':', 1)[0];
const nothing = async (t: ExecutionContext, one: FirewallCase, code: string, named = sources): Promise<TrapRun> => {
  const run = await runTraps(t, one, named);
  t.deepEqual(inXdp(run), [], 'XDP is not sure of any');
  t.true(early(run).length > 0, 'netfilter drops some');
  t.is(closed(run), code);
  return run;
};

test.serial('the default route leads out of the covered device', (t) => {
  const ip = [
    ...routes,
    ...prefixOfEth1,
    'route replace default via 192.0.2.2 dev eth0 onlink',
    'route add 203.0.113.0/24 via 198.51.100.2 dev eth1 onlink',
  ];
  const expected = strict.v4.filter((name) => name === 'other device' || !elsewhere4.includes(name));
  return check(t, { ...firewall('default', xtables([invert]), null, null), ip }, sources, expected);
});

test.serial('a route of several devices: nothing is sure', (t) =>
  nothing(
    t,
    {
      ...firewall('multipath', xtables([invert]), null, null),
      ip: [
        ...routes,
        'route replace default nexthop via 192.0.2.2 dev eth0 onlink nexthop via 198.51.100.2 dev eth1 onlink',
      ],
    },
    'routes-unclear',
  ),
);

test.serial('IPv6 routes to one prefix out of several devices: nothing is sure', (t) =>
  nothing(
    t,
    {
      ...firewall('metrics', null, xtables([invert]), null),
      ip: [...routes, ...prefixOfEth1, 'route add default via fe80::2 dev eth0 metric 5000'],
    },
    'routes-unclear',
    sources6,
  ),
);

test.serial('routing rules: nothing is sure', (t) =>
  nothing(
    t,
    {
      ...firewall('rules', xtables(['-A PREROUTING -m rpfilter --validmark --invert -j DROP']), null, null),
      ip: [
        ...routes,
        'rule add fwmark 7 lookup 100',
        'route add 203.0.113.0/24 via 192.0.2.2 dev eth0 onlink table 100',
      ],
    },
    'routes-unclear',
  ),
);

test.serial('forwarding off: nobody can be asked, until the loopback device forwards', async (t) => {
  const one = { ...firewall('host', xtables([invert]), null, null), forwarding: false };
  await nothing(t, one, 'routes-closed');
  await check(t, { ...one, sysctl: { 'net/ipv4/conf/lo/forwarding': 1 } }, sources, strict.v4, strict.left4);
  const six = { ...firewall('host6', null, xtables([invert]), null), forwarding: false };
  await nothing(t, six, 'routes-closed', sources6);
  const open = { ...six, sysctl: { 'net/ipv6/conf/lo/forwarding': 1 } };
  await check(t, open, sources6, strict.v6);
});

test.serial('routes change while the program runs: it asks the tables as they are', async (t) => {
  const datagrams = datagramsOf(sources);
  const report = await withNamespaces(t, (net) =>
    runCase(net, firewall('live', xtables([invert]), null, null), {
      seed: 1,
      frames: 0,
      flows: [],
      datagrams,
      prepare: async ({ targets }) => {
        const route = ['route', 'replace', 'default', 'via', '192.0.2.2', 'dev', 'eth0', 'onlink'];
        for (const { name } of targets) await net.exec(name, 'ip', route);
      },
    }),
  );
  // The oracle knows the routes as they were; original and split must agree all the same.
  t.deepEqual(
    report.findings.filter(({ kind }) => kind !== 'oracle'),
    [],
  );
  const one = datagrams.find(({ shape }) => shape === 'other device');
  const places = report.runs.map((run) => placeOf(notesOf(run.split, one as Datagram)));
  t.deepEqual(places, ['input', 'input'], 'what was dropped before the change comes through');
});
