/** The filter before somebody else's XDP program: what it passes they get, what it drops they never see. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { command } from '../command.js';
import { attackers, connect, delivered, hostAddress, stranger } from './attack.js';
import { buildCaller, buildTheirs } from './fixture/build.js';
import { type Finished, type Net, withNamespaces } from './namespace.js';

const [bad, second] = attackers;

const dump = (...sources: string[]): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n${sources.map((source) => `-A INPUT -s ${source} -j DROP\n`).join('')}COMMIT\n`;

/** What their program has seen: frames, UDP to port 9, answered, dropped. */
interface Seen {
  readonly frames: number;
  readonly port9: number;
  readonly answered: number;
  readonly dropped: number;
}

interface Host {
  readonly net: Net;
  readonly ns: string;
  readonly peer: string;
  readonly bpffs: string;
  /** Pin of their program. */
  readonly theirs: string;
  readonly rules: (text: string) => string;
  readonly offload: (...args: string[]) => Promise<Finished>;
  readonly bpftool: (...args: string[]) => Promise<string>;
  readonly arrive: (from: string, bytes?: number) => Promise<number>;
  readonly seen: () => Promise<Seen>;
  /** Id and name of what runs on the device itself; null: nothing. */
  readonly onDevice: () => Promise<{ readonly mode: number; readonly id: number; readonly name: string } | null>;
}

async function withTheirs(t: ExecutionContext, frags: boolean, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    await connect(net, ns, peer);
    const [directory, bpffs] = [net.directory(), net.bpffs()];
    const bpftool: Host['bpftool'] = async (...args) => (await net.exec(ns, 'bpftool', args)).stdout;
    const [theirs, maps] = [join(bpffs, 'theirs'), join(bpffs, 'maps')];
    await bpftool('prog', 'load', buildTheirs(directory, frags), theirs, 'pinmaps', maps);
    // A veth takes what XDP sends back where its other end has a program too; and nobody fills in checksums on that way.
    await bpftool('prog', 'load', buildCaller(directory, true), join(bpffs, 'pass'));
    await net.exec(peer, 'bpftool', ['net', 'attach', 'xdpdrv', 'pinned', join(bpffs, 'pass'), 'dev', 'up0']);
    await net.exec(peer, 'ethtool', ['-K', 'up0', 'tx', 'off']);
    const where = ['--bpffs', bpffs, '--state', join(directory, 'state')];
    await body({
      net,
      ns,
      peer,
      bpffs,
      theirs,
      bpftool,
      rules: (text) => {
        writeFileSync(join(directory, 'rules.v4'), text);
        return join(directory, 'rules.v4');
      },
      offload: (...args) => net.exec(ns, process.execPath, [command, ...args, ...where], { mayFail: true }),
      arrive: (from, bytes = 1) => delivered(net, ns, peer, from, { bytes }),
      seen: async () => {
        const entries = JSON.parse(await bpftool('-j', 'map', 'dump', 'pinned', join(maps, 'seen'))) as {
          readonly value: readonly string[];
        }[];
        const counts = entries.map(({ value }) => Buffer.from(value.map(Number)).readUInt32LE(0));
        const [frames = 0, port9 = 0, answered = 0, dropped = 0] = counts;
        return { frames, port9, answered, dropped };
      },
      onDevice: async () => {
        const { stdout } = await net.exec(ns, 'ip', ['-j', '-d', 'link', 'show', 'dev', 'eth0']);
        const [link] = JSON.parse(stdout) as {
          xdp?: { readonly mode: number; readonly prog: { readonly id: number; readonly name: string } };
        }[];
        return link?.xdp === undefined ? null : { mode: link.xdp.mode, id: link.xdp.prog.id, name: link.xdp.prog.name };
      },
    });
  });
}

const attachTheirs = ({ bpftool, theirs }: Host, how = 'xdpdrv'): Promise<string> =>
  bpftool('net', 'attach', how, 'pinned', theirs, 'dev', 'eth0');

/** Datagrams to a port of the host, and how many come back from it. */
async function answers({ net, peer }: Host, port: number): Promise<number> {
  const code = `const s = require('dgram').createSocket('udp4');
    let back = 0;
    s.on('message', () => back++);
    s.bind(0, '${stranger}', async () => {
      for (let i = 0; i < 5; i++) await new Promise((r) => s.send('x', ${port}, '${hostAddress}', r));
      for (let i = 0; i < 40 && back < 5; i++) await new Promise((r) => setTimeout(r, 25));
      console.log(back);
      s.close();
    });`;
  return Number((await net.exec(peer, process.execPath, ['-e', code])).stdout);
}

for (const frags of [true, false])
  for (const place of ['native', 'generic', 'nowhere'] as const)
    test(`their program, ${frags ? 'for' : 'not for'} frames of several buffers, runs ${place}`, async (t) => {
      await withTheirs(t, frags, async (host) => {
        const { net, ns, peer, theirs, rules, offload, arrive, seen, onDevice } = host;
        if (place !== 'nowhere') await attachTheirs(host, place === 'native' ? 'xdpdrv' : 'xdpgeneric');
        const was = await onDevice();
        const before = ['--dev', 'eth0', '--before', theirs, ...(place === 'generic' ? ['--mode', 'generic'] : [])];
        const file = rules(dump(bad));
        const attached = await offload(file, ...before);
        t.is(attached.code, 0, attached.stderr);
        t.regex(
          attached.stdout,
          /what the filter drops, "theirs" would have\s+passed to the stack as it is\s+\[before-theirs\]/,
        );
        t.is((await onDevice())?.name, 'offload_before');

        const first = await seen();
        t.is(first.port9, 0, 'nothing of the verification');
        t.deepEqual([await arrive(bad), await arrive(stranger)], [0, 5]);
        t.is((await seen()).port9, 5, 'of what is passed, and of nothing else');
        t.is(await answers(host, 7), 5);
        t.is((await seen()).answered, 5);
        t.is(await answers(host, 13), 0);
        t.is((await seen()).dropped, 5);
        const status = await offload('status');
        t.regex(
          status.stdout,
          /^eth0: (native|generic) XDP, program \d+, hands what it passes to program \d+ "theirs" since/,
        );
        t.regex((await offload(file, ...before, '--if-changed')).stdout, /^Unchanged on eth0/);

        // The other object: conntrack is asked.
        rules(dump(stranger).replace('-A', '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n-A'));
        const replaced = await offload(file, ...before);
        t.regex(replaced.stdout, /^Replaced on eth0/, replaced.stderr);
        t.deepEqual([await arrive(bad), await arrive(stranger)], [5, 0]);
        t.is((await seen()).port9, 10);
        t.regex((await offload('status')).stdout, /dropped 10 packets/, 'counters go on');

        t.is((await offload('detach', '--dev', 'eth0')).stdout, 'eth0: detached\n');
        t.deepEqual(await onDevice(), was, 'as it was');
        t.is(await arrive(stranger), 5);
        t.is((await seen()).port9, was === null ? 10 : 15);
        t.is((await offload('status')).stdout, 'Nothing is attached.\n');
        t.is((await net.exec(peer, 'ip', ['link', 'show', 'up0'])).code, 0, ns);
      });
    });

test('whatever the filter does not drop is handed on: frames that it cannot read, tags, other families', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { net, ns, peer, theirs, rules, offload, arrive, seen } = host;
    for (const [name, device] of [[ns, 'eth0'], [peer, 'up0']] as const)
      await net.exec(name, 'ip', ['link', 'set', 'dev', device, 'mtu', '9000']); // prettier-ignore
    await attachTheirs(host);
    // Drops all IPv4 but what is allowed.
    const file = rules('*filter\n:INPUT DROP [0:0]\nCOMMIT\n');
    t.is((await offload(file, '--dev', 'eth0', '--before', theirs, '--allow', `${second}/32`)).code, 0);
    t.deepEqual([await arrive(stranger, 8000), await arrive(second, 8000)], [0, 5], 'frames of several buffers');
    const frames = [
      'ffffffffffff0200000000018100000a08004500', // a tag
      'ffffffffffff02000000000186dd600000000000', // IPv6, cut short
      'ffffffffffff0200000000010806000108000604', // ARP, cut short
      '0200000000ff020000000001080045000014', // another station
      'ffffffffffff02000000000108004f00001400000000401100000000000000000000', // options that are not there
    ];
    const before = await seen();
    await net.node(peer, 'test/kernel/fixture/send-frames.ts', ['up0', ...frames.map((hex) => hex.padEnd(120, '0'))]);
    for (let i = 0; i < 100 && (await seen()).frames < before.frames + frames.length; i++) await setTimeout(50);
    t.true((await seen()).frames >= before.frames + frames.length);
  });
});

/** Datagrams of a stranger to port 9, numbered, until a line comes; then how many there were. */
const flow = `
  const s = require('dgram').createSocket('udp4');
  let sent = 0, on = true;
  s.bind(0, '${stranger}', function next() {
    if (on) s.send('x', 9, '${hostAddress}', (error) => { if (!error) sent++; });
    setTimeout(next, 1);
  });
  process.stdin.once('data', () => { on = false; setTimeout(() => { console.log(sent); process.exit(); }, 200); });
`;

test('attached, replaced and taken off under a live flow, no packet misses their program, and none is lost', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { net, ns, peer, theirs, rules, offload, seen } = host;
    await attachTheirs(host);
    const arrived = async (): Promise<number> =>
      Number(/^Udp: \d+ (\d+)/m.exec((await net.exec(ns, 'cat', ['/proc/net/snmp'])).stdout)?.[1]);
    const began = await arrived();
    const child = net.start(peer, process.execPath, ['-e', flow]);
    let said = '';
    child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
    for (let i = 0; i < 6; i++) {
      const done = await offload(
        rules(dump(bad, i % 2 ? second : '198.51.100.9')),
        '--dev',
        'eth0',
        '--before',
        theirs,
      );
      t.is(done.code, 0, done.stderr);
      if (i % 3 === 2) t.is((await offload('detach', '--dev', 'eth0')).code, 0);
    }
    child.stdin?.write('\n');
    for (let i = 0; i < 100 && said === ''; i++) await setTimeout(50);
    const sent = Number(said);
    t.true(sent > 1000, `${sent} sent`);
    for (let i = 0; i < 20 && (await arrived()) - began < sent; i++) await setTimeout(50);
    t.deepEqual([(await seen()).port9, (await arrived()) - began], [sent, sent]);
  });
});

test('undone unless confirmed, and their program is on its device again', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { theirs, rules, offload, onDevice } = host;
    await attachTheirs(host);
    const was = await onDevice();
    const { stdout } = await offload(rules(dump(bad)), '--dev', 'eth0', '--before', theirs, '--confirm', '1');
    t.regex(stdout, /^Attached to eth0/);
    for (let i = 0; i < 300 && (await onDevice())?.id !== was?.id; i++) await setTimeout(100);
    t.deepEqual(await onDevice(), was);
  });
});

test('their next version, at the same pin, is handed to from the next run on; and it is what gets the device back', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { net, ns, bpffs, theirs, rules, offload, bpftool, onDevice } = host;
    await attachTheirs(host);
    const before = [rules(dump(bad)), '--dev', 'eth0', '--before', theirs];
    t.is((await offload(...before)).code, 0);
    await net.exec(ns, 'rm', [theirs]);
    await bpftool(
      'prog',
      'load',
      join(before[0]!, '../theirs.bpf.o'),
      theirs,
      'map',
      'name',
      'seen',
      'pinned',
      join(bpffs, 'maps/seen'),
    );
    t.regex((await offload(...before, '--if-changed')).stdout, /^Replaced on eth0/);
    const [id] = /^\d+/.exec(await bpftool('prog', 'show', 'pinned', theirs)) ?? [];
    t.regex((await offload('status')).stdout, new RegExp(`hands what it passes to program ${id ?? '?'} "theirs"`));
    t.is((await offload('detach', '--all')).stdout, 'eth0: detached\n');
    t.is((await onDevice())?.id, Number(id));
  });
});

test('several devices, on one of which their program runs: both hand to it, and each gets back what it had', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { net, ns, peer, theirs, rules, offload, arrive, seen, onDevice } = host;
    net.veth(ns, 'eth1', peer, 'up1');
    await attachTheirs(host);
    const was = await onDevice();
    const both = ['--dev', 'eth0', '--dev', 'eth1'];
    for (const verb of ['Attached to', 'Replaced on'])
      t.regex((await offload(rules(dump(bad)), ...both, '--before', theirs)).stdout, new RegExp(`^${verb} eth0, eth1`));
    t.is((await offload('status')).stdout.match(/hands what it passes to program \d+ "theirs"/g)?.length, 2);
    t.deepEqual([await arrive(bad), await arrive(stranger)], [0, 5]);
    t.is((await seen()).port9, 5);
    t.is((await offload('detach', '--dev', 'eth0')).stdout, 'eth0: detached\n');
    t.deepEqual(await onDevice(), was);
    t.regex(
      (await offload('status')).stdout,
      /^eth1: .*hands what it passes to program \d+ "theirs"/,
      'the other goes on',
    );
    t.is((await offload('detach', '--all')).stdout, 'eth1: detached\n');
    t.notRegex((await net.exec(ns, 'ip', ['link', 'show', 'dev', 'eth1'])).stdout, /xdp/);
  });
});

test('refusals name what is in the way, and change nothing', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { net, ns, bpffs, theirs, rules, offload, bpftool, onDevice } = host;
    const file = rules(dump(bad));
    const refused = async (code: number, message: RegExp, ...args: string[]): Promise<void> => {
      const { code: got, stdout, stderr } = await offload(file, '--dev', 'eth0', ...args);
      t.is(got, code, `${stdout}${stderr}`);
      t.regex(stderr, message);
    };
    const before = ['--before', theirs];
    await refused(1, /wants the path of a pin/, '--before', 'theirs');
    await refused(1, /choose one of them/, ...before, '--chain', theirs);
    await refused(1, /--before leaves all rules in netfilter/, ...before, '--residual', `${file}.residual`);
    await refused(3, /cannot open .*nothing/, '--before', join(bpffs, 'nothing'));
    await refused(3, /that is no XDP program/, '--before', join(bpffs, 'maps/seen'));

    // Another one than runs there.
    await bpftool('prog', 'load', join(file, '../theirs.bpf.o'), join(bpffs, 'other'));
    await bpftool('net', 'attach', 'xdpdrv', 'pinned', join(bpffs, 'other'), 'dev', 'eth0');
    const was = await onDevice();
    await refused(3, /XDP program \d+ "theirs" \(native mode\) runs on eth0 already/, ...before);
    await refused(3, /have it called by offload: --before PIN/);
    await refused(
      3,
      /"theirs", whose place the filter would take on eth0, runs in native mode/,
      '--before',
      join(bpffs, 'other'),
      '--mode',
      'generic',
    );
    t.deepEqual(await onDevice(), was);
    await bpftool('net', 'detach', 'xdpdrv', 'dev', 'eth0');

    // Held by a link, of somebody who is alive.
    await net.node(ns, 'test/kernel/fixture/hold-link.ts', ['eth0', theirs, join(bpffs, 'their-link')]);
    await refused(
      3,
      /"theirs" runs on eth0, attached by a link, which .*their-link holds: nobody else can put/,
      ...before,
    );
    await net.exec(ns, 'rm', [join(bpffs, 'their-link')]);

    t.is((await offload(file, '--dev', 'eth0', ...before)).code, 0);
    await refused(3, /hands what it passes to program \d+, which would get nothing any more/);
    await attachTheirs(host).catch(() => undefined);
    t.regex((await offload('status')).stdout, /hands what it passes/, 'a link is not taken over');
    t.is((await offload('detach', '--all')).stdout, 'eth0: detached\n');
    t.is(await onDevice(), null);
  });
});

test('what others have put on the device in its place stays there', async (t) => {
  await withTheirs(t, true, async (host) => {
    const { bpffs, theirs, rules, offload, bpftool, onDevice } = host;
    await attachTheirs(host);
    const file = rules(dump(bad));
    t.is((await offload(file, '--dev', 'eth0', '--before', theirs)).code, 0);
    await bpftool('prog', 'load', join(file, '../theirs.bpf.o'), join(bpffs, 'other'));
    await bpftool('net', 'attach', 'xdpdrv', 'pinned', join(bpffs, 'other'), 'dev', 'eth0', 'overwrite');
    const other = await onDevice();
    t.is((await offload('status')).stdout, 'Nothing is attached.\n');
    t.regex((await offload('detach', '--dev', 'eth0')).stdout, /^eth0: the device was gone already/);
    t.deepEqual(await onDevice(), other);
  });
});
