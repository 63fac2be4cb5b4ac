/** Apply, replace, refuse, detach, on veth pairs with real traffic. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { delivered } from './attack.js';
import { buildTheirs } from './fixture/build.js';
import type { Run } from './fixture/apply-run.js';
import { withNamespaces, type Net } from './namespace.js';

/** What the commands answer, as far as the tests look at it. */
interface Entry {
  readonly kind: string;
  readonly programId: number;
  readonly seat: { readonly id: number };
  readonly replaced: boolean;
  readonly digest: string;
  readonly packets: number;
  readonly pinned: readonly string[];
  readonly left: number;
}

type Answer = readonly [Entry, Entry] & { readonly error: string };

interface Bench {
  readonly net: Net;
  readonly ns: string;
  readonly peer: string;
  readonly bpffs: string;
  readonly state: string;
  /** Runs the fixture; the answer. */
  readonly run: (run: Partial<Run> & Pick<Run, 'command'>, ns?: string) => Promise<Answer>;
  /** Whether an IPv4 packet from the peer arrives. */
  readonly arrives: () => Promise<boolean>;
}

/** What detaching the one device said. */
async function detached(run: Bench['run'], options: Partial<Run> = {}): Promise<string | undefined> {
  return ((await run({ command: 'detach', ...options })) as unknown as readonly string[])[0];
}

async function onBench(t: ExecutionContext, body: (bench: Bench) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    net.veth(ns, 'eth0', peer, 'eth0');
    await net.exec(ns, 'ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'eth0']);
    await net.exec(peer, 'ip', ['addr', 'add', '192.0.2.2/24', 'dev', 'eth0']);
    const [bpffs, state] = [net.bpffs(), net.directory()];
    const run: Bench['run'] = async (wanted, where = ns) => {
      const all: Run = { devices: ['eth0'], bpffs, state, ...wanted };
      const { stdout } = await net.node(where, 'test/kernel/fixture/apply-run.ts', [JSON.stringify(all)], {
        mayFail: true,
      });
      return JSON.parse(stdout === '' ? '{"killed":true}' : stdout) as Answer;
    };
    const arrives: Bench['arrives'] = async () =>
      (await delivered(net, ns, peer, '192.0.2.2', { datagrams: 1, to: '192.0.2.1' })) === 1;
    await body({ net, ns, peer, bpffs, state, run, arrives });
  });
}

test('attach, count, replace, detach', async (t) => {
  await onBench(t, async ({ run, arrives, bpffs, state }) => {
    t.true(await arrives());
    const [applied] = await run({ command: 'apply', digest: 'one' });
    t.like(applied, { mode: 'native', replaced: false });
    t.false(await arrives());
    t.deepEqual(readdirSync(join(bpffs, 'offload/eth0')).sort(), ['link', 'maps', 'prog']);
    t.deepEqual(readdirSync(join(bpffs, 'offload/eth0/maps')).sort(), [
      'control',
      'counters',
      'samples',
      'stats',
      'tables',
    ]);
    t.is(statSync(join(bpffs, 'offload')).mode & 0o777, 0o700);
    t.is(statSync(state).mode & 0o777, 0o700);
    const [status] = await run({ command: 'status' });
    t.like(status, { kind: 'attached', mode: 'native', programId: applied.programId, digest: 'one' });
    t.deepEqual(status.pinned, ['eth0']);
    // A datagram and the frame of the verification: only the datagram counts.
    t.is(status.packets, 1);

    const [again] = await run({ command: 'apply', drops: false, digest: 'two' });
    t.like(again, { replaced: true });
    t.true(await arrives());
    t.like((await run({ command: 'status' }))[0], {
      seat: { id: status.seat.id },
      programId: again.programId,
      digest: 'two',
    });
    t.deepEqual(readdirSync(state), [`eth0.${again.programId}.json`]);

    t.is(await detached(run), 'detached');
    t.like((await run({ command: 'status' }))[0], { kind: 'none' });
    t.false(existsSync(join(bpffs, 'offload/eth0')));
    t.is(await detached(run), 'nothing');
  });
});

test('a refused verification, a failed step or a full state leave the old filter', async (t) => {
  await onBench(t, async ({ run, arrives, bpffs, state, net, ns }) => {
    t.like(await run({ command: 'apply', refuse: true }), { error: 'refused by the test' });
    t.true(await arrives());
    t.deepEqual(readdirSync(join(bpffs, 'offload')), []);

    const [before] = await run({ command: 'apply', drops: false, digest: 'old' });
    for (const failAt of ['pinned', 'recorded', 'attached'] as const) {
      t.like(await run({ command: 'apply', failAt }), { error: 'failed by the test' });
      t.like((await run({ command: 'status' }))[0], { programId: before.programId, digest: 'old' }, failAt);
      t.deepEqual(readdirSync(join(bpffs, 'offload/eth0')).sort(), ['link', 'maps', 'prog']);
    }
    writeFileSync(join(state, 'file'), '');
    const unwritable = await run({ command: 'apply', state: join(state, 'file') });
    t.regex(unwritable.error, /cannot be kept in .*(ENOTDIR|EEXIST)/);
    const full = net.directory();
    await net.exec(ns, 'mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', full]);
    net.cleanup(() => void spawnSync('umount', [full]));
    writeFileSync(join(full, 'filler'), Buffer.alloc(4096));
    const noSpace = await run({ command: 'apply', state: full });
    t.regex(noSpace.error, /ENOSPC.*\n {2}hint: free some space/);
    t.like((await run({ command: 'status' }))[0], { programId: before.programId, digest: 'old' });
    t.true(await arrives());
  });
});

test('kill -9 at every step leaves the old or the new filter, and the next run works', async (t) => {
  await onBench(t, async ({ run, bpffs, state }) => {
    const steps = ['locked', 'loaded', 'verified', 'pinned', 'recorded', 'attached', 'promoted', 'committed'] as const;
    const attachedAt = steps.indexOf('attached');
    for (const [i, killAt] of steps.entries()) {
      // From nothing.
      t.like(await run({ command: 'apply', killAt, digest: 'new' }), { killed: true }, killAt);
      const [fresh] = await run({ command: 'status' });
      t.is(fresh.kind, i >= attachedAt ? 'attached' : 'none', `fresh, killed at ${killAt}`);
      if (i >= attachedAt) t.is(fresh.digest, 'new');
      // Over an old filter.
      const [old] = await run({ command: 'apply', digest: 'old' });
      t.like(await run({ command: 'apply', killAt, digest: 'new' }), { killed: true });
      const [status] = await run({ command: 'status' });
      t.is(status.digest, i >= attachedAt ? 'new' : 'old', `killed at ${killAt}`);
      t.is(status.programId === old.programId, i < attachedAt);
      // The next run settles what is left, then all of it goes away.
      const [last] = await run({ command: 'apply', digest: 'last' });
      t.deepEqual(readdirSync(join(bpffs, 'offload/eth0')).sort(), ['link', 'maps', 'prog']);
      t.deepEqual(readdirSync(state), [`eth0.${last.programId}.json`]);
      t.is(await detached(run), 'detached');
    }
  });
});

test('killed at every step, or failing, in the place of somebody else’s program: it or the filter is on the device, and it gets that back', async (t) => {
  await onBench(t, async ({ net, ns, run, bpffs }) => {
    const before = join(bpffs, 'theirs');
    await net.exec(ns, 'bpftool', ['prog', 'load', buildTheirs(net.directory(), true), before]);
    await net.exec(ns, 'bpftool', ['net', 'attach', 'xdpdrv', 'pinned', before, 'dev', 'eth0']);
    const onDevice = async (): Promise<string> =>
      /prog\/xdp id \d+ name (\w+)/.exec(
        (await net.exec(ns, 'ip', ['-d', 'link', 'show', 'dev', 'eth0'])).stdout,
      )?.[1] ?? 'none';
    const pins = (): readonly string[] =>
      readdirSync(join(bpffs, 'offload/eth0'))
        .map((name) => name.replace(/-\d+-\d+$/, ''))
        .sort();
    const steps = ['loaded', 'pinned', 'recorded', 'attached', 'promoted', 'committed'] as const;
    const attachedAt = steps.indexOf('attached');
    for (const [i, killAt] of steps.entries()) {
      t.like(await run({ command: 'apply', before, killAt, digest: 'new' }), { killed: true }, killAt);
      t.is(await onDevice(), i >= attachedAt ? 'offload_before' : 'theirs', `fresh, killed at ${killAt}`);
      // What is left of it is taken off, or settled by the next run.
      if (i % 2 === 0) t.is(await detached(run), i >= attachedAt ? 'detached' : 'nothing', killAt);
      if (i % 2 === 0) t.is(await onDevice(), 'theirs', killAt);
      const [old] = await run({ command: 'apply', before, digest: 'old' });
      t.is(await onDevice(), 'offload_before');
      t.like(await run({ command: 'apply', before, killAt, digest: 'new' }), { killed: true });
      const [status] = await run({ command: 'status' });
      t.is(status.programId === old.programId, i < attachedAt, `killed at ${killAt}`);
      t.like((await run({ command: 'apply', before, digest: 'last' }))[0], { replaced: true });
      t.deepEqual(pins(), ['maps', 'prog', 'replaced', 'theirs']);
      t.is(await detached(run), 'detached');
      t.is(await onDevice(), 'theirs');
    }
    t.is((await run({ command: 'apply', before, failAt: 'attached' })).error, 'failed by the test');
    t.is(await onDevice(), 'theirs');
    const [old] = await run({ command: 'apply', before });
    t.is((await run({ command: 'apply', before, failAt: 'attached' })).error, 'failed by the test');
    t.is((await run({ command: 'status' }))[0].programId, old.programId);
    // Other namespaces have devices of that name, too.
    const other = net.namespace('other');
    net.veth(other, 'eth0', net.namespace('third'), 'eth0');
    t.like((await run({ command: 'status' }, other))[0], { kind: 'elsewhere' });
    t.regex(
      (await run({ command: 'detach' }, other)).error,
      /another network namespace, which cannot be given back from here/,
    );
    t.is(await detached(run), 'detached');
    t.is(await onDevice(), 'theirs');
  });
});

test('somebody else’s program, another mode and a bridge are refused', async (t) => {
  await onBench(t, async ({ net, ns, run, bpffs }) => {
    const other = net.bpffs();
    await run({ command: 'apply', bpffs: other });
    const foreign = await run({ command: 'apply' });
    t.regex(foreign.error, /^XDP program \d+ "offload_xdp" \(native mode\) runs on eth0 already/);
    const generic = await run({ command: 'apply', mode: 'generic', bpffs: other });
    t.regex(generic.error, /runs in native mode.*\n.*add `--mode native`, or run `offload detach --dev eth0` first/);
    t.is(await detached(run, { bpffs: other }), 'detached');
    t.like((await run({ command: 'apply', mode: 'generic' }))[0], { mode: 'generic' });
    t.like((await run({ command: 'status' }))[0], { mode: 'generic' });
    await net.exec(ns, 'ip', ['link', 'add', 'br0', 'type', 'bridge']);
    t.regex(
      (await run({ command: 'apply', devices: ['br0'] })).error,
      /cannot attach to br0 in native mode.*EOPNOTSUPP\)\n.*--mode generic/,
    );
    t.regex((await run({ command: 'apply', devices: ['nothing'] })).error, /there is no device nothing/);
    t.deepEqual(readdirSync(join(bpffs, 'offload')), ['eth0']);
  });
});

test('a device and a VLAN device that is covered through it: whose filter is there is told', async (t) => {
  await onBench(t, async ({ net, ns, run, bpffs }) => {
    const vlan = { devices: ['v10'], through: 'eth0' } as const;
    const attached = async (): Promise<boolean> =>
      /xdp/.test((await net.exec(ns, 'ip', ['link', 'show', 'dev', 'eth0'])).stdout);
    await run({ command: 'apply' });
    t.regex(
      (await run({ command: 'apply', ...vlan })).error,
      /^eth0 has room for one XDP program, and the filter of eth0 is there.*--mode generic; or run `offload detach --dev eth0` first/s,
    );
    t.is(await detached(run), 'detached');
    t.like((await run({ command: 'apply', ...vlan }))[0], { replaced: false });
    t.true(await attached());
    for (const more of [{}, { devices: ['other'], through: 'eth0' }])
      t.regex((await run({ command: 'apply', ...more })).error, /^eth0 has room .* the filter of v10 is there/);
    t.deepEqual(readdirSync(join(bpffs, 'offload')), ['v10']);
    t.is(await detached(run, { devices: ['v10'] }), 'detached');
    t.false(await attached());
  });
});

test('a device that went away, came back or was renamed', async (t) => {
  await onBench(t, async ({ net, ns, peer, run }) => {
    await run({ command: 'apply' });
    await net.exec(ns, 'ip', ['link', 'del', 'eth0']);
    t.like((await run({ command: 'status' }))[0], { kind: 'severed' });
    net.veth(ns, 'eth0', peer, 'eth0');
    t.like((await run({ command: 'apply' }))[0], { replaced: false });
    await net.exec(ns, 'ip', ['link', 'del', 'eth0']);
    t.is(await detached(run), 'stale');

    net.veth(ns, 'eth0', peer, 'eth0');
    await run({ command: 'apply' });
    await net.exec(ns, 'ip', ['link', 'set', 'eth0', 'down']);
    await net.exec(ns, 'ip', ['link', 'set', 'eth0', 'name', 'wan0']);
    net.veth(ns, 'eth0', peer, 'eth1');
    t.regex(
      (await run({ command: 'apply' })).error,
      /belong to another device \(index \d+\), renamed or of another network namespace/,
    );
    t.is(await detached(run), 'detached');
  });
});

test('a device of the same name and index in another namespace is not ours', async (t) => {
  await onBench(t, async ({ peer, run }) => {
    await run({ command: 'apply' });
    t.is((await run({ command: 'status' }, peer))[0].kind, 'elsewhere');
    t.regex((await run({ command: 'apply' }, peer)).error, /belong to another device/);
  });
});

test('several devices, one of which fails, change back; names with dots', async (t) => {
  await onBench(t, async ({ net, ns, peer, run, bpffs }) => {
    net.veth(ns, 'eth1.5', peer, 'eth1');
    const both = ['eth0', 'eth1.5'];
    const [first, second] = await run({ command: 'apply', devices: both, digest: 'one' });
    t.not(first.programId, second.programId);
    t.deepEqual((await run({ command: 'status', devices: both }))[1].pinned, both);
    t.is(await detached(run, { devices: ['eth1.5'] }), 'detached');

    await net.exec(ns, 'ip', ['link', 'add', 'br0', 'type', 'bridge']);
    t.regex((await run({ command: 'apply', devices: ['eth0', 'br0'] })).error, /br0/);
    t.like((await run({ command: 'status' }))[0], { programId: first.programId, digest: 'one' });
    t.regex((await run({ command: 'apply', devices: ['eth1.5', 'br0'] })).error, /br0/);
    t.like((await run({ command: 'status', devices: ['eth1.5'] }))[0], { kind: 'none' });
    t.deepEqual(readdirSync(join(bpffs, 'offload/eth0')).sort(), ['link', 'maps', 'prog']);
  });
});

test('a directory that is no bpffs becomes one; a file does not', async (t) => {
  await onBench(t, async ({ net, run, state }) => {
    const directory = join(net.directory(), 'bpf');
    net.cleanup(() => void spawnSync('umount', [directory]));
    t.like((await run({ command: 'apply', bpffs: directory }))[0], { replaced: false });
    t.like((await run({ command: 'status', bpffs: directory }))[0], { kind: 'attached' });
    t.is(statSync(directory).mode & 0o777, 0o700);
    t.is(await detached(run, { bpffs: directory }), 'detached');
    writeFileSync(join(state, 'file'), '');
    const { error } = await run({ command: 'apply', bpffs: join(state, 'file') });
    t.regex(error, /pins cannot be kept under .*\n {2}hint: name another directory with --bpffs/);
  });
});

test('two runs at once: one waits for the other', async (t) => {
  await onBench(t, async ({ run }) => {
    const results = await Promise.all([
      run({ command: 'apply', linger: 1_500 }),
      run({ command: 'apply', linger: 1_500 }),
    ]);
    t.deepEqual(results.map(([each]) => each.replaced).sort(), [false, true]);
  });
});

test('a lease on devices that share it: set before anything is attached, renewed by another process', async (t) => {
  await onBench(t, async ({ net, ns, peer, run, arrives }) => {
    net.veth(ns, 'eth1', peer, 'eth1');
    const both = ['eth0', 'eth1'];
    await run({ command: 'apply', devices: both, lease: -1 });
    t.true(await arrives());
    t.is((await run({ command: 'status' }))[0].packets, 0);
    // By the other device's pins.
    t.like(await run({ command: 'renew', devices: ['eth1'], lease: 600 }), [{ left: null }]);
    t.false(await arrives());
    const [{ left }] = await run({ command: 'renew', lease: 0 });
    t.true(left > 500 && left <= 600);
    // Meanwhile a process has started: longer than a tick.
    t.true(await arrives());
    t.is((await run({ command: 'status' }))[0].packets, 1);
    await run({ command: 'renew', lease: 600 });
    t.false(await arrives());
    // A filter that replaces it has its own.
    await run({ command: 'apply', devices: both });
    t.false(await arrives());
    t.regex((await run({ command: 'renew', lease: 1 })).error, /knows no lease/);
  });
});
