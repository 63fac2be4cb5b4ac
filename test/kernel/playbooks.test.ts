/** The playbooks, run by ansible-playbook over a local connection, on a host with mounts of its own that is attacked. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { attackers, connect, delivered, stranger } from './attack.js';
import { localInventory } from './inventory.js';
import { type Finished, repository, withNamespaces } from './namespace.js';
import { privateHost, type PrivateHost } from './private-host.js';

const playbooks = join(repository, 'playbooks');
const [single, network] = attackers;

const rules = `table inet filter {
	set blocked {
		type ipv4_addr
		flags interval, timeout
	}
	chain early {
		type filter hook prerouting priority raw; policy accept;
		ip saddr 198.51.100.99 drop
		ip saddr @blocked counter drop
	}
}
`;

const inventory = localInventory({
  offload_root: '/opt/installed',
  offload_source: '/opt/offload',
  offload_devices: ['eth0'],
  offload_allow: ['203.0.113.0/24'],
  offload_install_residual: true,
  offload_target: '192.0.2.25',
  offload_set: { kind: 'nft', table: 'filter', name: 'blocked' },
});

interface Site {
  readonly host: PrivateHost;
  readonly arrive: (from: string) => Promise<number>;
  /** Runs a playbook; returns what it printed. */
  readonly play: (playbook: string, args?: readonly string[], options?: { readonly mayFail?: true }) => Promise<Played>;
}

interface Played extends Finished {
  /** From the recap. */
  readonly changed: number;
  readonly failed: number;
}

async function onSite(t: ExecutionContext, body: (site: Site) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    await connect(net, ns, peer);
    const host = await privateHost(net, ns);
    await host.exec('tee', ['/root/inventory.yml'], { input: inventory });
    await host.exec('nft', ['-f', '-'], { input: rules });
    const env = { ANSIBLE_CONFIG: '/opt/offload/playbooks/ansible.cfg', ANSIBLE_NOCOLOR: '1', ANSIBLE_PIPELINING: '1' };
    const play: Site['play'] = async (playbook, args = [], { mayFail = false } = {}) => {
      const all = ['-i', '/root/inventory.yml', `/opt/offload/playbooks/${playbook}.yml`, ...args];
      const finished = await host.exec('ansible-playbook', all, { env, timeout: 300_000, mayFail: true });
      const recap = /^here +: ok=\d+ +changed=(\d+) +unreachable=\d+ +failed=(\d+)/m.exec(finished.stdout);
      t.true(mayFail || finished.code === 0, `${playbook}: ${finished.stdout}${finished.stderr}`);
      return { ...finished, changed: Number(recap?.[1]), failed: Number(recap?.[2]) };
    };
    await body({ host, play, arrive: (from) => delivered(net, ns, peer, from) });
  });
}

const rulesNow = async (host: PrivateHost): Promise<string> => (await host.shell('nft list ruleset')).stdout;
const isAttached = async (host: PrivateHost): Promise<boolean> =>
  (await host.shell('ip link show dev eth0')).stdout.includes('xdp');

test('plan, apply, apply again, mitigate, unmitigate, roll back', async (t) => {
  await onSite(t, async ({ host, play, arrive }) => {
    // What ./setup makes of these files is there already, so that it takes no minutes. It is a copy that can be written to: the repository
    // stays as it is.
    await host.shell(`mkdir -p /opt/installed /tmp/copy && mount -t tmpfs tmpfs /tmp/copy && mkdir /tmp/copy/upper /tmp/copy/work
      mount -t overlay overlay -o lowerdir=/opt/offload,upperdir=/tmp/copy/upper,workdir=/tmp/copy/work /opt/installed
      rm /opt/installed/bin/offload && touch -d tomorrow /opt/installed/node_modules/.package-lock.json`);
    await play('apply', ['--tags', 'install']);
    t.regex(
      (await host.shell('/opt/installed/bin/offload --version && ls /opt/installed/.set-up-*')).stdout,
      /set-up-/,
    );

    const original = await rulesNow(host);
    const planned = await play('plan');
    t.regex(planned.stdout, /\+Plan for eth0/, 'the plan, as a diff against the one that was applied: none');
    t.regex(planned.stdout, /^ +"-\\t\\tip saddr 198\.51\.100\.99 drop"/m, 'what netfilter would lose');
    t.false(await isAttached(host));
    t.is(await rulesNow(host), original);
    await play('apply', ['--check']);
    t.is((await host.shell('ls -d /etc/offload /var/lib/offload 2>/dev/null || true')).stdout, '');
    t.false(await isAttached(host));

    const unreachable = await play('apply', ['-e', '{"offload_confirm":2,"offload_probe_ports":[9]}'], {
      mayFail: true,
    });
    t.is(unreachable.failed, 1, unreachable.stdout);
    for (let i = 0; i < 600 && (await isAttached(host)); i++) await setTimeout(100);
    t.false(await isAttached(host), 'nobody could confirm that the host can be reached');
    t.is(await rulesNow(host), original);

    const applied = await play('apply');
    t.true(applied.changed > 0);
    t.true(await isAttached(host));
    t.regex(
      (await host.shell('offload status')).stdout,
      /^eth0: native XDP[^]*Netfilter holds what is left in inet filter/,
    );
    t.notRegex((await host.shell('offload status')).stdout, /Not confirmed/);
    t.deepEqual(JSON.parse((await host.shell('cat /etc/offload/offload.json')).stdout), {
      dev: ['eth0'],
      mode: 'native',
      bpffs: '/sys/fs/bpf',
      state: '/var/lib/offload',
      allow: ['203.0.113.0/24'],
      'install-residual': true,
    });
    t.regex(
      (await host.shell('cat /etc/systemd/system/offload.service')).stdout,
      /ExecStart=\/opt\/installed\/bin\/offload/,
    );

    const again = await play('apply');
    t.is(again.changed, 0, again.stdout);

    t.is(await arrive(single), 5);
    const sources = ['-e', JSON.stringify({ offload_sources: [single, '198.51.100.64/26'] })];
    const mitigated = await play('mitigate', sources);
    t.regex(mitigated.stdout, /XDP drops 198\.51\.100\.7, by inet filter early 2/);
    t.is(await arrive(single), 0);
    t.is(await arrive(network), 0);
    t.is(await arrive(stranger), 5);
    const { devices } = JSON.parse((await host.shell('offload status --format json')).stdout) as {
      devices: { drops: { packets: number } }[];
    };
    t.is(devices[0]?.drops.packets, 10, 'XDP has dropped them');
    t.is((await play('mitigate', sources)).changed, 0, 'they are in the set already');

    await play('unmitigate', sources);
    t.is(await arrive(single), 5);

    t.true((await play('rollback')).changed > 0);
    t.false(await isAttached(host));
    t.is(await rulesNow(host), original);
  });
});

test('what offload watch looks after is left to it', async (t) => {
  await onSite(t, async ({ host, play, arrive }) => {
    const watching = host.exec('offload', ['watch', '--live', '--dev', 'eth0'], { mayFail: true, timeout: 120_000 });
    for (let i = 0; i < 300 && !(await isAttached(host)); i++) await setTimeout(100);
    const here = { offload_root: '/opt/offload', offload_install_residual: false };
    const mitigated = await play('mitigate', ['-e', JSON.stringify({ ...here, offload_sources: [single] })]);
    t.regex(mitigated.stdout, /TASK \[offload : Replace the filter\] \*+\nskipping/);
    t.is(await arrive(single), 0);
    t.regex((await host.shell('offload status')).stdout, /5 +\d+ bytes +inet filter early 2/, 'in XDP');
    const { devices } = JSON.parse((await host.shell('offload status --format json')).stdout) as {
      devices: { watch: { pid: number } }[];
    };
    await host.exec('kill', [String(devices[0]?.watch.pid)]);
    await watching;
  });
});

test('the playbooks are well-formed', async (t) => {
  await withNamespaces(t, async (net) => {
    const names = readdirSync(playbooks).filter((name) => /^[a-z]+\.yml$/.test(name));
    t.deepEqual(names.sort(), ['apply.yml', 'mitigate.yml', 'plan.yml', 'rollback.yml', 'unmitigate.yml']);
    const args = ['-i', join(playbooks, 'inventory.example.yml'), '--syntax-check'];
    const env = { ANSIBLE_CONFIG: join(playbooks, 'ansible.cfg') };
    const files = names.map((name) => join(playbooks, name));
    const { stderr } = await net.exec(net.namespace('host'), 'ansible-playbook', [...args, ...files], { env });
    t.is(stderr, '');
  });
});
