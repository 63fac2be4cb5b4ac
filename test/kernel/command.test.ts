/** The command on a real kernel: attach, count, replace, refuse, detach. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command } from '../command.js';
import { type Finished, type Net, withNamespaces } from './namespace.js';
import { delivered } from './attack.js';

const rules = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 198.18.0.7/32 -j DROP
-A INPUT -s 198.18.0.8/32 -j DROP
COMMIT
`;

interface Host {
  readonly net: Net;
  readonly ns: string;
  readonly peer: string;
  readonly directory: string;
  readonly offload: (...args: string[]) => Promise<Finished>;
}

/** A host with one device, and a peer that has good and bad addresses. */
async function withHost(t: { log: (...values: string[]) => void }, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'up0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.25/24', 'dev', 'eth0']);
    await net.exec(ns, 'ip', ['route', 'add', '198.18.0.0/15', 'dev', 'eth0']);
    for (const address of ['192.0.2.1/24', '198.18.0.7/32', '198.18.0.8/32']) {
      await net.exec(peer, 'ip', ['addr', 'add', address, 'dev', 'up0']);
    }
    const directory = net.directory();
    writeFileSync(join(directory, 'rules.v4'), rules);
    const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
    const offload = (...args: string[]): Promise<Finished> =>
      net.exec(ns, process.execPath, [command, ...args, ...where], { mayFail: true });
    await body({ net, ns, peer, directory, offload });
  });
}

/** Sends datagrams from an address to a closed port and returns how many reached the host's UDP. */
const arrived = ({ net, ns, peer }: Host, from: string, datagrams = 5): Promise<number> =>
  delivered(net, ns, peer, from, { datagrams });

interface Status {
  readonly passed: number;
  readonly drops: { readonly packets: number };
  readonly rules: readonly { readonly rule: string; readonly packets: number }[];
}

async function statusOf({ offload }: Host): Promise<Status | undefined> {
  const { stdout } = await offload('status', '--format', 'json');
  return (JSON.parse(stdout) as { devices: Status[] }).devices[0];
}

test('attach, count by rule, replace, detach', async (t) => {
  await withHost(t, async (host) => {
    const file = join(host.directory, 'rules.v4');
    const residual = join(host.directory, 'residual.v4');
    t.is(await arrived(host, '198.18.0.7'), 5, 'nothing is attached yet');

    const attached = await host.offload(file, '--dev', 'eth0', '--residual', residual);
    t.is(attached.code, 0, attached.stderr);
    t.regex(attached.stdout, /^Attached to eth0 \(native XDP\), verified with [\d,]+ frames: no difference\./);
    t.true(existsSync(residual));
    t.is(await arrived(host, '198.18.0.7', 4), 0);
    t.is(await arrived(host, '198.18.0.8', 2), 0);
    t.is(await arrived(host, '192.0.2.1'), 5);

    const status = await statusOf(host);
    t.is(status?.drops.packets, 6);
    t.deepEqual(
      status?.rules.map(({ rule, packets }) => [rule, packets]),
      [
        ['ip filter INPUT 1', 4],
        ['ip filter INPUT 2', 2],
      ],
    );
    t.regex((await host.offload('status')).stdout, /4 +116 bytes {2}ip filter INPUT 1 {2}-s 198\.18\.0\.7\/32 -j DROP/);

    const moved = '-A INPUT -s 203.0.113.1/32 -j DROP\n-A INPUT -s 198.18.0.7';
    writeFileSync(file, rules.replace(/^-A INPUT -s 198\.18\.0\.8.*\n/m, '').replace('-A INPUT -s 198.18.0.7', moved));
    const replaced = await host.offload(file, '--dev', 'eth0');
    t.regex(replaced.stdout, /^Replaced on eth0/, replaced.stderr);
    t.is(await arrived(host, '198.18.0.7', 3), 0);
    t.is(await arrived(host, '198.18.0.8'), 5);
    const after = await statusOf(host);
    t.is(after?.drops.packets, 9, 'what was counted before the replacement counts on');
    t.is(
      after?.rules.find(({ rule }) => rule === 'ip filter INPUT 2')?.packets,
      7,
      'for the rule, wherever it stands now',
    );
    t.true((after?.passed ?? 0) > (status?.passed ?? Infinity));

    t.is((await host.offload('detach', '--dev', 'eth0')).stdout, 'eth0: detached\n');
    t.is(await arrived(host, '198.18.0.7'), 5);
    t.is((await host.offload('status')).stdout, 'Nothing is attached.\n');
  });
});

test('a violated assumption refuses, unless it is taken as given', async (t) => {
  await withHost(t, async (host) => {
    const file = join(host.directory, 'rules.v4');
    const residual = join(host.directory, 'residual.v4');
    for (const device of ['all', 'eth0']) {
      await host.net.exec(host.ns, 'sysctl', ['-qw', `net.ipv4.conf.${device}.accept_source_route=1`]);
    }
    const refused = await host.offload(file, '--dev', 'eth0', '--residual', residual);
    t.is(refused.code, 4, refused.stderr);
    t.is(refused.stdout, '');
    t.regex(refused.stderr, /\[source-routing\].*--assume source-routing/s);
    t.false(existsSync(residual), 'a residual belongs to a filter that is attached');
    t.is(await arrived(host, '198.18.0.7'), 5);

    const assumed = await host.offload(file, '--dev', 'eth0', '--assume', 'source-routing');
    t.is(assumed.code, 0, assumed.stderr);
    t.is(await arrived(host, '198.18.0.7'), 0);
    t.is((await host.offload(file, '--dev', 'eth0', '--assume', 'no-such-code')).code, 1);
  });
});

test('what this host cannot do is exit 3, and a plan for a device touches nothing', async (t) => {
  await withHost(t, async (host) => {
    const file = join(host.directory, 'rules.v4');
    const missing = await host.offload(file, '--dev', 'eth9');
    t.is(missing.code, 3);
    t.regex(missing.stderr, /there is no device eth9 \(there are: eth0\)/);
    const dry = await host.offload(file, '--dev', 'eth0', '--dry-run');
    t.is(dry.code, 0, dry.stderr);
    t.is(await arrived(host, '198.18.0.7'), 5);
  });
});

test('planning needs no privilege, attaching says that it does', async (t) => {
  await withHost(t, async ({ net, ns, directory }) => {
    await net.exec(ns, 'chmod', ['-R', 'a+rX', directory]);
    const as = (...args: string[]): Promise<Finished> =>
      net.exec(
        ns,
        'setpriv',
        ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, command, ...args],
        { mayFail: true },
      );
    const planned = await as(join(directory, 'rules.v4'));
    t.is(planned.code, 0, planned.stderr);
    t.regex(planned.stdout, /^Plan for eth0/);
    const attached = await as(join(directory, 'rules.v4'), '--dev', 'eth0');
    t.is(attached.code, 3, attached.stderr);
    t.regex(attached.stderr, /run (it )?as root/);
  });
});
