/** The filter behind somebody else's XDP program, which calls it from an array of programs: made, attached and looked at by bpftool. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { command } from '../command.js';
import { attackers, connect, delivered, stranger } from './attack.js';
import { buildCaller } from './fixture/build.js';
import { type Finished, type Net, withNamespaces } from './namespace.js';

const [bad] = attackers;

const dump = (...sources: string[]): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n${sources.map((source) => `-A INPUT -s ${source} -j DROP\n`).join('')}COMMIT\n`;

interface Host {
  readonly net: Net;
  readonly ns: string;
  /** Where the other program's maps are pinned: `programs` and `packets`. */
  readonly maps: string;
  readonly rules: (text: string) => string;
  readonly offload: (...args: string[]) => Promise<Finished>;
  readonly bpftool: (...args: string[]) => Promise<string>;
  readonly arrive: (from: string) => Promise<number>;
  /** Places of the array that hold a program. */
  readonly places: () => Promise<readonly number[]>;
}

async function withCaller(t: ExecutionContext, frags: boolean, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    await connect(net, ns, peer);
    const [directory, bpffs] = [net.directory(), net.bpffs()];
    const bpftool: Host['bpftool'] = async (...args) => (await net.exec(ns, 'bpftool', args)).stdout;
    const maps = join(bpffs, 'theirs');
    await bpftool('prog', 'load', buildCaller(directory, frags), join(bpffs, 'caller'), 'pinmaps', maps);
    const where = ['--bpffs', bpffs, '--state', join(directory, 'state')];
    await body({
      net,
      ns,
      maps,
      bpftool,
      rules: (text) => {
        writeFileSync(join(directory, 'rules.v4'), text);
        return join(directory, 'rules.v4');
      },
      offload: (...args) => net.exec(ns, process.execPath, [command, ...args, ...where], { mayFail: true }),
      arrive: (from) => delivered(net, ns, peer, from),
      places: async () =>
        [
          ...(await bpftool('map', 'dump', 'pinned', join(maps, 'programs'))).matchAll(
            /^key: (\d\d) 00 00 00 +value/gm,
          ),
        ].map(([, index]) => Number(index)),
    });
  });
}

const attachTheirs = ({ bpftool, maps }: Host, device = 'eth0'): Promise<string> =>
  bpftool('net', 'attach', 'xdpdrv', 'pinned', join(maps, '../caller'), 'dev', device, 'overwrite');

for (const frags of [true, false])
  test(`called by a program that ${frags ? 'takes' : 'does not take'} frames of several buffers`, async (t) => {
    await withCaller(t, frags, async (host) => {
      const { maps, rules, offload, arrive, places } = host;
      await attachTheirs(host);
      const chain = ['--chain', `${join(maps, 'programs')}:1`];
      const file = rules(dump(bad));
      const attached = await offload(file, '--dev', 'eth0', ...chain);
      t.is(attached.code, 0, attached.stderr);
      t.regex(attached.stdout, /^Attached to eth0/);
      t.regex(
        attached.stdout,
        /what "caller" calls the filter for,\s+it would have passed to the stack\s+\[chain-caller\]/,
      );
      t.deepEqual(await places(), [1]);
      t.deepEqual([await arrive(bad), await arrive(stranger)], [0, 5]);
      t.regex(
        (await offload('status')).stdout,
        /^eth0: native XDP, program \d+, called by program \d+ "caller" \(place 1\)/,
      );
      t.regex((await offload(file, '--dev', 'eth0', ...chain, '--if-changed')).stdout, /^Unchanged on eth0/);

      rules(dump(stranger));
      t.regex((await offload(file, '--dev', 'eth0', ...chain)).stdout, /^Replaced on eth0/);
      t.deepEqual([await arrive(bad), await arrive(stranger)], [5, 0]);
      t.regex((await offload('status')).stdout, /dropped 10 packets/, 'counters go on');

      t.is((await offload('detach', '--dev', 'eth0')).stdout, 'eth0: detached\n');
      t.deepEqual(await places(), []);
      t.is(await arrive(stranger), 5);
      t.regex((await host.net.exec(host.ns, 'ip', ['link', 'show', 'dev', 'eth0'])).stdout, /xdp/, 'theirs stays');
    });
  });

test('undone unless confirmed; and what others have put there stays', async (t) => {
  await withCaller(t, true, async (host) => {
    const { maps, rules, offload, places, bpftool } = host;
    await attachTheirs(host);
    const chain = ['--chain', `${join(maps, 'programs')}:1`];
    const file = rules(dump(bad));
    t.is((await offload(file, '--dev', 'eth0', ...chain, '--confirm', '1')).code, 0);
    for (let i = 0; i < 300 && (await places()).length > 0; i++) await setTimeout(100);
    t.deepEqual(await places(), []);

    t.is((await offload(file, '--dev', 'eth0', ...chain)).code, 0);
    const other = ['value', 'pinned', join(maps, '../caller')];
    await bpftool('map', 'update', 'pinned', join(maps, 'programs'), 'key', '1', '0', '0', '0', ...other);
    t.is((await offload('status')).stdout, 'Nothing is attached.\n');
    t.regex((await offload('detach', '--dev', 'eth0')).stdout, /^eth0: the device was gone already/);
    t.deepEqual(await places(), [1]);
  });
});

test('packets of other devices, where the same program runs, are none of its business', async (t) => {
  await withCaller(t, true, async (host) => {
    const { net, ns, maps, rules, offload, arrive } = host;
    const other = net.namespace('other');
    net.veth(ns, 'eth1', other, 'up0');
    for (const device of ['eth0', 'eth1']) await attachTheirs(host, device);
    await net.exec(ns, 'sh', [
      '-c',
      'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/eth1/rp_filter',
    ]);
    await net.exec(other, 'ip', ['addr', 'add', `${bad}/32`, 'dev', 'up0']);
    await net.exec(other, 'ip', ['route', 'add', '192.0.2.25', 'dev', 'up0']);
    t.is((await offload(rules(dump(bad)), '--dev', 'eth0', '--chain', `${join(maps, 'programs')}:1`)).code, 0);
    t.is(await arrive(bad), 0);
    t.is(await delivered(net, ns, other, bad), 5);
  });
});

test('refusals name what is in the way', async (t) => {
  await withCaller(t, true, async (host) => {
    const { net, ns, maps, rules, offload, bpftool } = host;
    const file = rules(dump(bad));
    const programs = join(maps, 'programs');
    const refused = async (code: number, message: RegExp, ...args: string[]): Promise<void> => {
      const { code: got, stdout, stderr } = await offload(file, '--dev', 'eth0', ...args);
      t.is(got, code, `${stdout}${stderr}`);
      t.regex(stderr, message);
    };
    await refused(3, /no XDP program runs on eth0 that could call from/, '--chain', programs);
    await attachTheirs(host);
    await refused(
      3,
      /XDP program \d+ "caller" runs on eth0 \(native mode\), attached by netlink \(`ip link set dev eth0 xdp off` takes it off\); .*\/caller holds the program: .*--chain PIN:INDEX/,
    );
    await refused(3, /it has 4 places, the last one is 3/, '--chain', `${programs}:4`);
    await refused(3, /that is no array of programs/, '--chain', join(maps, 'packets'));
    await refused(3, /that is no array of programs/, '--chain', join(maps, '../caller'));
    await refused(3, /cannot open .*nothing/, '--chain', join(maps, 'nothing'));
    await refused(1, /wants the path of a pin/, '--chain', 'programs:1');
    await refused(1, /--chain leaves all rules in netfilter/, '--chain', programs, '--residual', `${file}.residual`);
    await refused(1, /--chain is for one device/, '--chain', programs, '--dev', 'lo');
    await bpftool(
      'map',
      'update',
      'pinned',
      programs,
      'key',
      '2',
      '0',
      '0',
      '0',
      'value',
      'pinned',
      join(maps, '../caller'),
    );
    await refused(
      3,
      /place 2 of .* holds program \d+ "caller" already: it is never replaced/,
      '--chain',
      `${programs}:2`,
    );
    const [id] = /^\d+/m.exec(await bpftool('prog', 'show', 'pinned', join(maps, '../caller'))) ?? [];
    t.truthy(id);
    // Another array, of nobody on the device.
    await bpftool(
      'prog',
      'load',
      join(file, '../caller.bpf.o'),
      join(maps, '../second'),
      'pinmaps',
      join(maps, '../others'),
    );
    await refused(
      3,
      new RegExp(`XDP program ${id ?? '?'} "caller" on eth0 does not use`),
      '--chain',
      join(maps, '../others/programs'),
    );
    t.is((await offload('status')).stdout, 'Nothing is attached.\n');

    t.is((await offload(file, '--dev', 'eth0', '--chain', `${programs}:1`)).code, 0);
    await refused(3, /XDP program \d+ "caller" runs on eth0/);
    await refused(3, /stands in array \d+, place 1: it does not move to .*, place 3/, '--chain', `${programs}:3`);
    await net.exec(ns, 'ip', ['link', 'set', 'dev', 'eth0', 'xdp', 'off']);
    t.is((await offload('status')).stdout, 'Nothing is attached.\n', 'nobody calls it any more');
    t.is((await offload('detach', '--all')).stdout, 'eth0: detached\n');
  });
});
