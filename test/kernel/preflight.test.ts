/** Facts and checks of a live namespace: each check once violated for real. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Check, CheckCode } from '../../src/host/preflight.js';
import type { HostFacts } from '../../src/model/host.js';
import { bundled } from './bundle.js';
import { repository, withNamespaces, type Net, type RunOptions } from './namespace.js';
import { until } from './watch/until.js';

const hostRun = bundled(repository, 'test/kernel/fixture/host-run.ts');

interface Answer {
  readonly facts: HostFacts;
  readonly checks: readonly Check[];
  readonly error?: string;
}

interface Bench {
  readonly net: Net;
  readonly ns: string;
  readonly peer: string;
  readonly bpffs: string;
  readonly ip: (...args: string[]) => Promise<unknown>;
  readonly ask: (devices?: readonly string[], options?: RunOptions) => Promise<Answer>;
  readonly check: (code: CheckCode, options?: RunOptions) => Promise<Check>;
}

async function onBench(t: ExecutionContext, body: (bench: Bench) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'eth0');
    const bpffs = net.bpffs();
    const ask: Bench['ask'] = async (devices = ['eth0'], options = {}) => {
      const { stdout } = await net.node(ns, 'test/kernel/fixture/host-run.ts', [bpffs, 'native', ...devices], options);
      return JSON.parse(stdout) as Answer;
    };
    const check: Bench['check'] = async (code, options) => {
      const found = (await ask(['eth0'], options)).checks.find((each) => each.code === code);
      if (found === undefined) throw new Error(`no check ${code}`);
      return found;
    };
    await body({ net, ns, peer, bpffs, ask, check, ip: (...args) => net.exec(ns, 'ip', args) });
  });
}

test('a plain veth passes every check', async (t) => {
  await onBench(t, async ({ ask }) => {
    const { checks } = await ask();
    t.deepEqual(
      // The /sys of the test shows the devices of another namespace.
      checks.filter(({ code, status }) => status !== 'holds' && code !== 'receive-order'),
      [],
    );
    t.is(new Set(checks.map(({ code }) => code)).size, 17);
  });
});

test('receive packet steering', async (t) => {
  await onBench(t, async ({ net, ns, bpffs }) => {
    const script = [hostRun, bpffs, 'native', 'eth0'];
    const run = `mount -t sysfs sysfs /sys && echo "$0" >/sys/class/net/eth0/queues/rx-0/rps_cpus && exec ${process.execPath} "$@"`;
    const steered = async (mask: string): Promise<string | undefined> => {
      const { stdout } = await net.exec(ns, 'unshare', ['-m', 'sh', '-c', run, mask, ...script]);
      return (JSON.parse(stdout) as Answer).checks.find(({ code }) => code === 'receive-order')?.status;
    };
    t.is(await steered('2'), 'violated');
    t.is(await steered('0'), 'holds');
  });
});

test('facts: addresses, broadcasts, prefixes, other tables, forwarding', async (t) => {
  await onBench(t, async ({ net, ns, ip, ask }) => {
    await ip('addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await ip('addr', 'add', '2001:db8::1/64', 'dev', 'eth0');
    await ip('route', 'add', 'local', '198.51.100.0/24', 'dev', 'lo', 'table', '77');
    await ip('route', 'add', 'local', 'default', 'dev', 'lo', 'table', '78');
    const { facts } = await ask();
    const has = (prefix: string, type: string, table = 255): boolean | undefined =>
      facts.localRoutes?.some((route) => route.prefix === prefix && route.type === type && route.table === table);
    t.true(has('192.0.2.1/32', 'local'));
    t.true(has('192.0.2.255/32', 'broadcast'));
    t.true(has('127.0.0.0/8', 'local'));
    t.true(has('2001:db8::1/128', 'local'));
    t.true(has('ff00::/8', 'multicast'));
    t.true(has('198.51.100.0/24', 'local', 77));
    t.true(has('0.0.0.0/0', 'local', 78));
    t.deepEqual(facts.forwarding, { ip: false, ip6: false });
    t.false(facts.ipsec);
    const device = facts.devices.find(({ name }) => name === 'eth0');
    t.like(device, { kind: 'veth', master: null, mtu: 1500, upper: [], ifindex: net.ifindex(ns, 'eth0') });
    t.true(device!.mac > 0);

    await net.exec(ns, 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding']);
    t.deepEqual((await ask()).facts.forwarding, { ip: true, ip6: false });
    await net.exec(ns, 'sh', [
      '-c',
      'echo 0 > /proc/sys/net/ipv4/conf/eth0/forwarding; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
    ]);
    t.deepEqual((await ask()).facts.forwarding, { ip: false, ip6: true });
    const anycast = (await ask()).facts.localRoutes?.filter(({ type }) => type === 'anycast');
    t.true(anycast?.some(({ prefix }) => prefix === '2001:db8::/128'));
  });
});

test('facts: how sources are routed', async (t) => {
  await onBench(t, async ({ net, ns, ip, ask }) => {
    await ip('link', 'add', 'eth9', 'type', 'veth', 'peer', 'name', 'peer9');
    for (const device of ['eth9', 'peer9']) await ip('link', 'set', device, 'up');
    await ip('addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await ip('addr', 'add', '10.0.0.1/8', 'dev', 'eth9');
    await ip('addr', 'add', '2001:db8::1/64', 'dev', 'eth0', 'nodad');
    await ip('route', 'add', 'blackhole', '198.18.0.0/24', 'metric', '7');
    await ip('route', 'add', 'default', 'nexthop', 'via', '192.0.2.2', 'nexthop', 'via', '10.0.0.2');
    await ip('route', 'add', '203.0.113.0/24', 'via', '192.0.2.2', 'tos', '0x10', 'table', '9');
    await ip('-6', 'route', 'add', 'unreachable', '2001:db8:1::/48');
    const { routing } = (await ask()).facts;
    const has = (prefix: string): unknown => routing?.routes?.find((route) => route.prefix === prefix);
    const main = { table: 254, metric: 0 };
    t.deepEqual(has('192.0.2.0/24'), {
      family: 4,
      prefix: '192.0.2.0/24',
      type: 'unicast',
      ...main,
      devices: ['eth0'],
    });
    t.like(has('0.0.0.0/0'), { type: 'unicast', devices: ['eth0', 'eth9'] });
    t.deepEqual(has('198.18.0.0/24'), {
      family: 4,
      prefix: '198.18.0.0/24',
      type: 'blackhole',
      ...main,
      metric: 7,
      devices: [],
    });
    t.like(has('203.0.113.0/24'), { table: 9, only: 'tos' });
    t.like(has('2001:db8:1::/48'), { family: 6, type: 'unreachable', devices: [] });
    t.is(has('192.0.2.1/32'), undefined, 'the host’s own are told elsewhere');
    t.deepEqual(routing?.rules, { ip: [], ip6: [] });
    t.deepEqual(routing?.answers, { ip: false, ip6: false });
    t.false(routing?.skipsLinkDown);

    await ip('rule', 'add', 'fwmark', '7', 'lookup', '9');
    const settings = ['ipv4/conf/lo/forwarding', 'ipv4/conf/eth9/ignore_routes_with_linkdown'];
    await net.exec(ns, 'sh', ['-c', settings.map((path) => `echo 1 > /proc/sys/net/${path}`).join('; ')]);
    const changed = (await ask()).facts;
    t.deepEqual(changed.routing?.rules, { ip: ['from all fwmark 0x7 lookup 9'], ip6: [] });
    t.deepEqual(changed.routing?.answers, { ip: true, ip6: false });
    t.true(changed.routing?.skipsLinkDown);
    t.deepEqual(changed.forwarding, { ip: false, ip6: false }, 'that lo forwards is no forwarding');
  });
});

test('plain-routes: a rule, next hops of several devices, two ways to an IPv6 prefix', async (t) => {
  await onBench(t, async ({ ip, check }) => {
    const status = async (): Promise<string[]> => [
      (await check('plain-routes-ip')).status,
      (await check('plain-routes-ip6')).status,
    ];
    await ip('link', 'add', 'eth9', 'type', 'veth', 'peer', 'name', 'peer9');
    for (const device of ['eth9', 'peer9']) await ip('link', 'set', device, 'up');
    await ip('addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await ip('addr', 'add', '10.0.0.1/8', 'dev', 'eth9');
    t.deepEqual(await status(), ['holds', 'holds']);
    await ip('rule', 'add', 'from', '10.0.0.0/8', 'lookup', '9');
    t.deepEqual(await status(), ['violated', 'holds']);
    await ip('rule', 'del', 'from', '10.0.0.0/8', 'lookup', '9');
    await ip('route', 'add', 'default', 'nexthop', 'via', '192.0.2.2', 'nexthop', 'via', '10.0.0.2');
    t.regex((await check('plain-routes-ip')).detail, /the route to 0\.0\.0\.0\/0 leads out of several devices/);
    await ip('route', 'del', 'default');
    await ip('-6', 'route', 'add', '2001:db8::/48', 'dev', 'eth0', 'metric', '1');
    await ip('-6', 'route', 'add', '2001:db8::/48', 'dev', 'eth9', 'metric', '2');
    t.deepEqual(await status(), ['holds', 'violated']);
  });
});

test('not-lower-device: bridge port', async (t) => {
  await onBench(t, async ({ ip, check }) => {
    await ip('link', 'add', 'br0', 'type', 'bridge');
    await ip('link', 'set', 'eth0', 'master', 'br0');
    const found = await check('not-lower-device');
    t.is(found.status, 'violated');
    t.regex(found.detail, /eth0 belongs to br0: name br0 instead, or take it out \(`ip link set eth0 nomaster`\)/);
  });
});

test('not-lower-device: macvlan here, and one moved away', async (t) => {
  await onBench(t, async ({ ip, check, peer, net }) => {
    await ip('link', 'add', 'mv0', 'link', 'eth0', 'type', 'macvlan');
    t.like(await check('not-lower-device'), { status: 'violated', detail: 'macvlan mv0 stands on eth0' });
    await ip('link', 'set', 'mv0', 'netns', peer);
    await net.exec(peer, 'ip', ['link', 'set', 'mv0', 'up']);
    const moved = await check('not-lower-device');
    t.is(moved.status, 'violated');
    t.regex(moved.detail, /eth0 also receives for [0-9a-f:]{17}: a macvlan of another namespace stands on it/);
  });
});

test('no-tc-ingress: a filter at clsact', async (t) => {
  await onBench(t, async ({ net, ns, check }) => {
    await net.exec(ns, 'tc', ['qdisc', 'add', 'dev', 'eth0', 'clsact']);
    t.is((await check('no-tc-ingress')).status, 'holds');
    await net.exec(ns, 'tc', [
      'filter',
      'add',
      'dev',
      'eth0',
      'ingress',
      'protocol',
      'all',
      'u32',
      'match',
      'u32',
      '0',
      '0',
    ]);
    const found = await check('no-tc-ingress');
    t.is(found.status, 'violated');
    t.regex(found.detail, /tc filter show dev eth0 ingress/);
  });
});

test('no-foreign-xdp: somebody else’s yes, our own no', async (t) => {
  await onBench(t, async ({ net, ns, check, bpffs }) => {
    const run = (where: string): Promise<unknown> =>
      net.node(ns, 'test/kernel/fixture/apply-run.ts', [
        JSON.stringify({ command: 'apply', devices: ['eth0'], bpffs: where, state: net.directory() }),
      ]);
    await run(bpffs);
    t.is((await check('no-foreign-xdp')).status, 'holds');
    await net.node(ns, 'test/kernel/fixture/apply-run.ts', [
      JSON.stringify({ command: 'detach', devices: ['eth0'], bpffs, state: net.directory() }),
    ]);
    await run(net.bpffs());
    const found = await check('no-foreign-xdp');
    t.is(found.status, 'violated');
    t.regex(
      found.detail,
      /XDP program \d+ "offload_xdp" runs on eth0 \(native mode\), attached by a link, which \S+\/link holds/,
    );
  });
});

test('source-routing needs both switches', async (t) => {
  await onBench(t, async ({ net, ns, check }) => {
    const set = (device: string, value: number): Promise<unknown> =>
      net.exec(ns, 'sh', ['-c', `echo ${value} > /proc/sys/net/ipv4/conf/${device}/accept_source_route`]);
    await set('all', 0);
    await set('eth0', 1);
    t.is((await check('source-routing')).status, 'holds');
    await set('all', 1);
    t.is((await check('source-routing')).status, 'violated');
    await set('eth0', 0);
    t.is((await check('source-routing')).status, 'holds');
  });
});

test('route-rules: another rule first', async (t) => {
  await onBench(t, async ({ ip, check }) => {
    await ip('rule', 'add', 'prio', '5', 'lookup', 'main');
    t.is((await check('route-rules')).status, 'holds');
    await ip('rule', 'del', 'prio', '0');
    await ip('rule', 'add', 'prio', '10', 'lookup', 'local');
    t.is((await check('route-rules')).status, 'violated');
    await ip('-6', 'rule', 'del', 'prio', '0');
    t.is((await check('route-rules')).status, 'violated');
  });
});

test('no-ipsec: a state, an inbound policy', async (t) => {
  await onBench(t, async ({ ip, check }) => {
    await ip(
      'xfrm',
      'policy',
      'add',
      'src',
      '192.0.2.0/24',
      'dst',
      '198.51.100.0/24',
      'dir',
      'out',
      'tmpl',
      'proto',
      'esp',
      'mode',
      'tunnel',
    );
    t.is((await check('no-ipsec')).status, 'holds');
    await ip(
      'xfrm',
      'policy',
      'add',
      'src',
      '192.0.2.0/24',
      'dst',
      '198.51.100.0/24',
      'dir',
      'in',
      'tmpl',
      'proto',
      'esp',
      'mode',
      'tunnel',
    );
    t.is((await check('no-ipsec')).status, 'violated');
  });
});

test('device-exists and a kernel check end it early', async (t) => {
  await onBench(t, async ({ ask }) => {
    const { checks } = await ask(['eth0', 'eth7']);
    t.deepEqual(
      checks.map(({ code }) => code),
      ['privilege', 'kernel-features', 'device-exists'],
    );
    t.like(checks[2], { status: 'violated', detail: 'there is no device eth7 (there are: eth0)' });
    const loopback = await ask(['lo']);
    t.like(loopback.checks[2], { status: 'violated', detail: 'lo carries no Ethernet frames' });
  });
});

test('privilege: uid 0 without capabilities', async (t) => {
  await onBench(t, async ({ net, ns, bpffs }) => {
    const script = [hostRun, bpffs, 'native', 'eth0'];
    const drop = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, ...script];
    const { stdout } = await net.exec(ns, 'setpriv', drop);
    t.like((JSON.parse(stdout) as Answer).checks[0], { code: 'privilege', status: 'violated' });
  });
});

test('missing tools: said which, and what follows', async (t) => {
  await onBench(t, async ({ net, ns, bpffs }) => {
    const path = net.directory();
    // A mount namespace without /usr/sbin, and a PATH that holds what the test puts there.
    const bare = async (): Promise<Answer> => {
      const hide = `mount -t tmpfs tmpfs /usr/sbin && PATH=${path} exec ${process.execPath} "$@"`;
      const script = [hostRun, bpffs, 'native', 'eth0'];
      return JSON.parse((await net.exec(ns, 'unshare', ['-m', 'sh', '-c', hide, 'sh', ...script])).stdout) as Answer;
    };
    t.regex((await bare()).error ?? '', /`ip` is not installed.*\n {2}hint: install iproute2/);
    symlinkSync('/usr/bin/ip', join(path, 'ip'));
    const { checks } = await bare();
    const detail = (code: CheckCode): string =>
      checks.find((check) => check.code === code && check.status === 'unchecked')?.detail ?? '';
    t.regex(detail('lro-off'), /ethtool is not installed/);
    t.regex(detail('no-tc-ingress'), /tc is not installed/);
  });
});

const datagram = `const s = require('dgram').createSocket('udp4'); s.bind(process.argv[1], () => s.send('x', 9, '192.0.2.1', () => s.close()))`;

test('connections of other zones, and not those of the default zone, which the kernel tells of each', async (t) => {
  await onBench(t, async ({ net, ns, peer, ip, check }) => {
    await ip('addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await net.exec(peer, 'ip', ['addr', 'add', '192.0.2.2/24', 'dev', 'eth0']);
    const tracked = (zone: string): string =>
      `table inet own {\n chain early { type filter hook prerouting priority -300; ${zone}\n }\n chain in { type filter hook input priority 0; ct state new accept; }\n}\n`;
    const load = (text: string): Promise<unknown> => net.exec(ns, 'nft', ['-f', '-'], { input: text });
    const seen = async (): Promise<string> => (await net.exec(ns, 'cat', ['/proc/net/nf_conntrack'])).stdout;
    /** Datagrams from `port` until the kernel tells of their connection. */
    const send = (port: number): Promise<void> =>
      until(
        async () => {
          await net.exec(peer, process.execPath, ['-e', datagram, String(port)]);
          return (await seen()).includes(`sport=${port} `);
        },
        () => 'the connection is told of',
      );
    await load(tracked(''));
    await send(4001);
    t.is((await check('default-zone')).status, 'holds');
    await load(`flush ruleset\n${tracked('ct zone set 7;')}`);
    await send(4002);
    const zoned = await check('default-zone');
    t.is(zoned.status, 'violated');
    t.regex(zoned.detail, /other zones: plan with --no-conntrack/);
  });
});
