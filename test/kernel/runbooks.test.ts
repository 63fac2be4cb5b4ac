/** Every command of docs/runbooks, run as it stands there, in order, on a host that is attacked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { attackers, connect, delivered, knock, stranger, underAttack } from './attack.js';
import { repository, withNamespaces } from './namespace.js';
import { privateHost, type PrivateHost } from './private-host.js';

/** Shell blocks of a page, in order. */
const blocksOf = (page: string): string[] =>
  [...readFileSync(join(repository, 'docs/runbooks', page), 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].map(
    ([, text]) => text ?? '',
  );

interface Scene {
  readonly t: ExecutionContext;
  readonly host: PrivateHost;
  /** How many of five datagrams arrive. */
  readonly arrive: (from: string) => Promise<number>;
  /** Begins a connection to port 22. */
  readonly knock: (from: string) => Promise<void>;
}

interface Step {
  /** Of the block, so that a page that is changed is not taken for another. */
  readonly begins: string;
  readonly before?: (scene: Scene) => Promise<unknown>;
  readonly underAttack?: true;
  readonly prints?: readonly RegExp[];
  readonly after?: (scene: Scene) => Promise<unknown>;
}

const [single, network] = attackers;

async function follow(
  t: ExecutionContext,
  page: string,
  steps: readonly Step[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const blocks = blocksOf(page);
  t.deepEqual(
    blocks.map((block, i) => block.slice(0, steps[i]?.begins.length)),
    steps.map(({ begins }) => begins),
    'the page has other commands than this test knows of',
  );
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    await connect(net, ns, peer);
    const host = await privateHost(net, ns);
    const scene: Scene = {
      t,
      host,
      arrive: (from) => delivered(net, ns, peer, from),
      knock: (from) => knock(net, peer, from),
    };
    for (const [i, step] of steps.entries()) {
      await step.before?.(scene);
      const run = (): Promise<{ stdout: string; stderr: string }> => host.shell(blocks[i] ?? '', { env });
      const { stdout, stderr } = step.underAttack ? await underAttack(net, peer, run) : await run();
      for (const expected of step.prints ?? []) t.regex(stdout, expected, `${step.begins}\n${stderr}`);
      await step.after?.(scene);
    }
  });
}

const expectArrivals =
  (expected: Readonly<Record<string, number>>) =>
  async ({ t, arrive }: Scene): Promise<void> => {
    for (const [from, count] of Object.entries(expected)) t.is(await arrive(from), count, from);
  };

test('attack.md', async (t) => {
  await follow(t, 'attack.md', [
    { begins: 'nft -f -' },
    { begins: 'offload --live --dev eth0 --confirm', prints: [/^Attached to eth0/, /Within 60 seconds/] },
    { begins: 'offload confirm', prints: [/confirmed/] },
    { begins: 'mkdir -p /etc/offload', prints: [/^Unchanged on eth0/] },
    { begins: 'offload status', prints: [/^eth0: native XDP/] },
    { begins: 'timeout 10 tcpdump', underAttack: true },
    { begins: 'offload replay', prints: [/Not dropped by XDP, by source\n[^]*198\.51\.100\.7/] },
    { begins: 'offload explain', prints: [/198\.51\.100\./] },
    { begins: 'nft add element' },
    {
      begins: 'offload --live --attach',
      prints: [/^Replaced on eth0/],
      after: expectArrivals({ [single]: 0, [network]: 0, [stranger]: 5 }),
    },
    { begins: 'offload status', underAttack: true, prints: [/inet attack early 1 +ip saddr @blocked/] },
    { begins: 'nft list chain', underAttack: true, prints: [/counter packets 0 bytes 0 drop/] },
    { begins: 'timeout 2 tcpdump', underAttack: true, prints: [/gone/] },
    { begins: 'offload tail', underAttack: true, prints: [/198\.51\.100\.7\b[^]*inet attack early 1/] },
    { begins: 'offload explain', prints: [/inet attack early 1/, /drop/i] },
    {
      begins: 'nft delete element',
      prints: [/^Replaced on eth0/],
      after: expectArrivals({ [single]: 5, [network]: 5 }),
    },
    { begins: 'offload detach', prints: [/^eth0: detached/] },
  ]);
});

/** What XDP does with a SYN to port 22: its drops are those that the counters of the program grow by. */
const ssh =
  (expected: Readonly<Record<string, 'drop' | 'pass'>>) =>
  async ({ t, host, knock }: Scene): Promise<void> => {
    for (const [from, verdict] of Object.entries(expected)) {
      const before = await dropped(host);
      await knock(from);
      t.is((await dropped(host)) > before ? 'drop' : 'pass', verdict, from);
    }
  };

async function dropped(host: PrivateHost): Promise<number> {
  const { devices } = JSON.parse((await host.shell('offload status --format json')).stdout) as {
    devices: { drops: { packets: number } }[];
  };
  return devices[0]?.drops.packets ?? 0;
}

const drops = 'iptables-nft -A INPUT -s 198.51.100.7 -j DROP; iptables-nft -A INPUT -s 198.51.100.64/26 -j DROP';
const attach = (more = ''): string => `offload --live --dev eth0 --install-residual ${more}`;

test('locked-out.md', async (t) => {
  const attached = expectArrivals({ [single]: 0, [stranger]: 5 });
  await follow(t, 'locked-out.md', [
    {
      begins: 'offload detach --all\n',
      before: async (scene) => {
        await scene.host.shell(`${drops}; ${attach('--confirm 600')}`);
        await attached(scene);
      },
      prints: [/netfilter has its own rules again: filter\neth0: detached/],
      after: async ({ t, host }) =>
        t.regex((await host.shell('iptables-nft-save')).stdout, /-A INPUT -s 198\.51\.100\.7\/32 -j DROP/),
    },
    {
      begins: 'offload detach --all --force',
      before: async ({ t, host }) => {
        await host.shell(`${attach()}; iptables-nft -A INPUT -s 192.0.2.77 -j DROP`);
        t.not((await host.exec('offload', ['detach', '--all'], { mayFail: true })).code, 0);
      },
      prints: [/eth0: detached/],
      after: async ({ t, host }) =>
        t.regex((await host.shell('cat /var/lib/offload/changed-*')).stdout, /192\.0\.2\.77/),
    },
    {
      begins: 'rm -r /sys/fs/bpf/offload',
      before: async (scene) => {
        await scene.host.shell('offload --live --dev eth0; iptables-nft -F');
        await attached(scene);
        await scene.host.exec('ip', ['link', 'set', 'dev', 'eth0', 'xdp', 'off'], { mayFail: true });
        await attached(scene);
      },
      after: expectArrivals({ [single]: 5, [stranger]: 5 }),
    },
    {
      begins: 'ip link show',
      after: async ({ t, host }) => t.notRegex((await host.shell('ip link show dev eth0')).stdout, /xdp/),
    },
    {
      begins: 'offload --live --dev eth0 --confirm 600',
      before: ({ host }) => host.shell(drops),
      prints: [/^Attached to eth0/, /ip filter INPUT 1/],
    },
    { begins: 'offload verify', prints: [/ 0 differences: /] },
    { begins: 'offload detach --all', prints: [/eth0: detached/] },
  ]);
});

/** As ./setup --for-tests unpacks it. */
const fail2ban = '/opt/offload/build/fail2ban';

test('fail2ban.md, with fail2ban', async (t) => {
  const unpack = `cp -a ${fail2ban}/etc/fail2ban /etc/ && mkdir -p /run/fail2ban /var/lib/fail2ban`;
  await follow(
    t,
    'fail2ban.md',
    [
      { begins: 'mkdir -p /etc/fail2ban/action.d', before: ({ host }) => host.shell(unpack) },
      { begins: 'cat >/etc/fail2ban/action.d/iptables.local' },
      { begins: 'mkdir -p /etc/fail2ban/jail.d' },
      {
        begins: 'fail2ban-client set sshd banip',
        prints: [
          /^Attached to eth0/m,
          /partial[^]*\[fragments\]\n +inet f2b-table f2b-chain 1 +tcp dport 22 ip saddr @addr-set-sshd drop/,
        ],
        after: ssh({ [single]: 'drop', [network]: 'pass' }),
      },
      { begins: 'offload confirm' },
      {
        begins: 'fail2ban-client set sshd banip',
        prints: [/^Replaced on eth0/m],
        after: ssh({ [single]: 'drop', [network]: 'drop' }),
      },
      {
        begins: 'fail2ban-client set sshd unbanip',
        prints: [/^Replaced on eth0/m],
        after: ssh({ [single]: 'pass', [network]: 'drop' }),
      },
    ],
    {
      PATH: `/opt/offload/bin:${fail2ban}/usr/bin:${process.env['PATH'] ?? ''}`,
      PYTHONPATH: `${fail2ban}/usr/lib/python3/dist-packages`,
    },
  );
});

test('crowdsec.md', async (t) => {
  await follow(t, 'crowdsec.md', [
    { begins: 'nft -f -' },
    {
      begins: 'offload --live',
      prints: [/^Attached to eth0/, /partial[^]*\[set-timeout\]\n +ip crowdsec crowdsec-chain 1/, /confirmed/],
      after: expectArrivals({ [single]: 0, [network]: 5, [stranger]: 5 }),
    },
    {
      begins: 'nft add element',
      prints: [/^Replaced on eth0/],
      after: expectArrivals({ [single]: 0, [network]: 0, [stranger]: 5 }),
    },
  ]);
});
