/** `offload tail` and the sources of `offload status`, as a user runs them, under a small flood. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import { listeners } from '../../src/compile/abi.js';
import { pinsOf } from '../../src/load/bpffs.js';
import { withDescriptor } from '../../src/load/descriptor.js';
import { loadNative } from '../../src/load/native.js';
import schema from '../../src/report/tail.schema.json' with { type: 'json' };
import { command } from '../command.js';
import { type Finished, type Net, withNamespaces } from './namespace.js';
import { until } from './watch/until.js';

const isTailLine = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

const rules = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 198.18.0.7/32 -m comment --comment "the \u202efirst" -j DROP
-A PREROUTING -s 198.18.0.8/32 -j DROP
COMMIT
`;

interface Host {
  readonly net: Net;
  readonly ns: string;
  readonly peer: string;
  readonly directory: string;
  readonly where: readonly string[];
  readonly offload: (...args: string[]) => Promise<Finished>;
  readonly start: (...args: string[]) => Running;
}

interface StatusLike {
  readonly devices: readonly { readonly rules: readonly { readonly rule: string; readonly packets: number }[] }[];
}

/** A command that still runs. */
interface Running {
  readonly child: ChildProcess;
  /** What has been printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** Resolves when what is printed matches; fails when the command ends before that. */
  readonly printed: (pattern: RegExp, stream?: 'stdout' | 'stderr') => Promise<void>;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

function running(child: ChildProcess): Running {
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (chunk: Buffer) => {
      output[stream] += chunk.toString();
      for (const look of waiting) look();
    });
  const ended = new Promise<number | NodeJS.Signals | null>((done) =>
    child.once('close', (code, signal) => done(signal ?? code)),
  );
  const printed: Running['printed'] = (pattern, stream = 'stdout') =>
    new Promise((done, fail) => {
      const look = (): void => {
        if (!pattern.test(output[stream])) return;
        waiting.delete(look);
        done();
      };
      waiting.add(look);
      look();
      void ended.then((code) => fail(new Error(`it ended (${code}): ${JSON.stringify(output)}`)));
    });
  return { child, output, printed, ended };
}

/** A host with two devices, and a peer on both that floods the first from one address in three packets of four. */
async function withHost(t: { log: (...values: string[]) => void }, body: (host: Host) => Promise<void>): Promise<void> {
  await withNamespaces(t, async (net) => {
    const [ns, peer] = [net.namespace('host'), net.namespace('peer')];
    for (const i of [0, 1]) {
      net.veth(ns, `eth${i}`, peer, `up${i}`);
      await net.exec(ns, 'ip', ['addr', 'add', `192.0.${i + 2}.25/24`, 'dev', `eth${i}`]);
      await net.exec(peer, 'ip', ['addr', 'add', `192.0.${i + 2}.1/24`, 'dev', `up${i}`]);
    }
    for (const last of [7, 8]) await net.exec(peer, 'ip', ['addr', 'add', `198.18.0.${last}/32`, 'dev', 'up0']);
    const directory = net.directory();
    writeFileSync(join(directory, 'rules.v4'), rules);
    const where = ['--bpffs', net.bpffs(), '--state', join(directory, 'state')];
    const args = (given: readonly string[]): readonly string[] => [command, ...given, ...where];
    await body({
      net,
      ns,
      peer,
      directory,
      where,
      offload: (...given) => net.exec(ns, process.execPath, args(given), { mayFail: true }),
      start: (...given) => running(net.start(ns, process.execPath, args(given))),
    });
  });
}

/** Until the end of the test: 4 packets a millisecond, three of them from .7, to each address. Resolves when it has begun. */
async function flood({ net, peer }: Host, ...to: readonly string[]): Promise<void> {
  const code = `const dgram = require('dgram');
    const bind = (from) => new Promise((done) => { const s = dgram.createSocket('udp4'); s.bind(4000, from, () => done(s)); });
    Promise.all([bind('198.18.0.7'), bind('198.18.0.8')]).then(([a, b]) => {
      a.send('attack', 53, ${JSON.stringify(to[0])}, () => console.log('begun'));
      setInterval(() => {
        for (const to of ${JSON.stringify(to)}) for (const s of [a, a, a, b]) s.send('attack', 53, to, () => {});
      }, 1);
    });`;
  await running(net.start(peer, process.execPath, ['-e', code])).printed(/begun/);
}

const attach = async ({ offload, directory }: Host, ...args: string[]): Promise<Finished> => {
  const done = await offload(join(directory, 'rules.v4'), ...args);
  if (done.code !== 0) throw new Error(done.stderr);
  return done;
};

test.serial('nothing attached, nothing to listen to, and a wrong rate', async (t) => {
  await withHost(t, async (host) => {
    const nothing = await host.offload('tail');
    t.is(nothing.code, 3);
    t.regex(
      nothing.stderr,
      /^offload: no filter of offload is attached to any device here\n {2}hint: attach one first/,
    );
    await attach(host, '--dev', 'eth0', '--no-samples');
    const deaf = await host.offload('tail');
    t.is(deaf.code, 3);
    t.regex(deaf.stderr, /attached with --no-samples\n {2}hint: attach again without that option/);
    t.is((await host.offload('status', '--top')).code, 3);
    t.regex((await host.offload('tail', '--dev', 'eth1')).stderr, /no filter of offload is attached to eth1\n/);
    for (const rate of ['5', '0/s', '1/0', 'x', '-1/s'])
      t.is((await host.offload('tail', '--rate', rate)).code, 1, rate);
  });
});

test.serial('lines with packet and rule, as text and as JSON; a signal ends it', async (t) => {
  await withHost(t, async (host) => {
    await attach(host, '--dev', 'eth0');
    await flood(host, '192.0.2.25');
    const text = await host.offload('tail', '--count', '5', '--rate', 'all');
    t.is(text.code, 0);
    const lines = text.stdout.trimEnd().split('\n');
    t.is(lines.length, 5);
    for (const line of lines)
      t.regex(
        line,
        /^\d\d:\d\d:\d\d\.\d{6} eth0 IPv4 198\.18\.0\.[78] → 192\.0\.2\.25 udp 4000 → 53 \(ttl 64, length 34\) {2}ip raw PREROUTING [12] {2}-s 198\.18\.0\.[78]\/32 /,
      );
    t.false(/[\u001b\u202e]/.test(text.stdout));
    t.regex(text.stderr, /^offload: samples of what is dropped on eth0; .*\noffload: 5 samples\n$/);

    const json = host.start('tail', '--format', 'json', '--rate', '50/s');
    await json.printed(/(.*\n){20}/);
    json.child.kill('SIGTERM');
    t.is(await json.ended, 0);
    t.regex(json.output.stderr, /offload: \d+ samples\n$/);
    for (const line of json.output.stdout.trimEnd().split('\n')) {
      const sample = JSON.parse(line) as Record<string, unknown>;
      t.true(isTailLine(sample), JSON.stringify(isTailLine.errors));
      t.like(sample, { device: 'eth0', length: 48, element: null });
      t.regex(String(sample['frame']), /^[0-9a-f]{96}$/);
      t.true(Math.abs(Date.now() - Date.parse(String(sample['time']))) < 60_000);
      const last = String(sample['rule']).endsWith('1') ? 7 : 8;
      t.regex(String(sample['packet']), new RegExp(`^IPv4 198\\.18\\.0\\.${last} → `));
    }
  });
});

test.serial(
  'of many lines, whose addresses stand among the counters, samples and status name the right ones',
  async (t) => {
    await withHost(t, async (host) => {
      const { directory, offload } = host;
      const others = Array.from({ length: 20_000 }, (_, i) => `-A PREROUTING -s 10.${i >> 8}.${i & 255}.77/32 -j DROP`);
      const listed = [...others.slice(0, 12_345), '-A PREROUTING -s 198.18.0.7/32 -j DROP', ...others.slice(12_345)];
      const text = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${listed.join('\n')}\nCOMMIT\n`;
      writeFileSync(join(directory, 'rules.v4'), text);
      await attach(host, '--dev', 'eth0');
      await flood(host, '192.0.2.25');
      const { stdout } = await offload('tail', '--count', '3', '--format', 'json');
      for (const line of stdout.trimEnd().split('\n'))
        t.like(JSON.parse(line), { rule: 'ip raw PREROUTING 12346', text: '-A PREROUTING -s 198.18.0.7/32 -j DROP' });
      const status = JSON.parse((await offload('status', '--format', 'json')).stdout) as StatusLike;
      const hit = status.devices[0]!.rules.filter(({ packets }) => packets > 0);
      t.deepEqual(hit.map(({ rule }) => rule), ['ip raw PREROUTING 12346']); // prettier-ignore
    });
  },
);

test.serial('a file that tcpdump reads, with the rules as comments', async (t) => {
  await withHost(t, async (host) => {
    const { net, ns, directory, offload } = host;
    await attach(host, '--dev', 'eth0');
    await flood(host, '192.0.2.25');
    const file = join(directory, 'drops.pcapng');
    t.is((await offload('tail', '--count', '20', '--write', file)).code, 0);
    t.is(statSync(file).mode & 0o777, 0o600);
    const { stdout } = await net.exec(ns, 'tcpdump', ['-nn', '-r', file]);
    t.is(stdout.trimEnd().split('\n').length, 20);
    t.regex(stdout, /IP 198\.18\.0\.[78]\.4000 > 192\.0\.2\.25\.53: /);
    const bytes = readFileSync(file);
    t.true(bytes.includes('ip raw PREROUTING 1  -s 198.18.0.7/32 -m comment --comment "the \\u{202e}first" -j DROP'));
    const piped = await net.exec(ns, 'sh', [
      '-c',
      `"$@" --count 3 --write - 2>/dev/null | tcpdump -nn -r - 2>/dev/null`,
      'sh',
      process.execPath,
      command,
      'tail',
      ...host.where,
    ]);
    t.is(piped.stdout.trimEnd().split('\n').length, 3);
    const nowhere = await offload('tail', '--write', '/nowhere/file');
    t.is(nowhere.code, 3);
    t.regex(nowhere.stderr, /the samples cannot be written to \/nowhere\/file: ENOENT/);
    const full = await offload('tail', '--write', '/dev/full');
    t.is(full.code, 3);
    t.regex(full.stderr, /cannot be written to \/dev\/full: ENOSPC/);
  });
});

test.serial('a pipe that is closed, a filter that is replaced, a device that goes away', async (t) => {
  await withHost(t, async (host) => {
    const { net, ns, where } = host;
    await attach(host, '--dev', 'eth0');
    await flood(host, '192.0.2.25');
    const head = await net.exec(ns, 'sh', [
      '-c',
      `"$@" | head -n 2; echo ended`,
      'sh',
      process.execPath,
      command,
      'tail',
      ...where,
    ]);
    t.regex(head.stdout, /^.* PREROUTING .*\n.* PREROUTING .*\nended\n$/);

    const tail = host.start('tail', '--dev', 'eth0', '--dev', 'eth1');
    await tail.printed(/no filter of offload is attached to eth1\n/, 'stderr');
    await tail.printed(/PREROUTING/);
    await attach(host, '--dev', 'eth0');
    await tail.printed(/eth0: the filter was replaced; going on with the new one\n/, 'stderr');
    const before = tail.output.stdout.length;
    await tail.printed(new RegExp(`^[^]{${before + 1}}`));
    await attach(host, '--dev', 'eth1');
    await tail.printed(/eth1: a filter was attached\n/, 'stderr');
    t.is((await host.offload('detach', '--dev', 'eth0')).code, 0);
    await tail.printed(/eth0: the filter is gone\n/, 'stderr');
    await net.exec(ns, 'ip', ['link', 'del', 'eth1']);
    t.is(await tail.ended, 0);
    t.regex(tail.output.stderr, /eth1: the filter is gone\noffload: \d+ samples\n$/);
  });
});

/** Rings that the program on eth0 holds. */
function rings({ where: [, bpffs = ''] }: Host): number {
  const native = loadNative();
  const pin = join(pinsOf(bpffs, 'eth0'), 'maps', 'samples');
  return withDescriptor(native, native.openPinned(pin), (map) => {
    const places = Array.from({ length: listeners }, (_, i) => new Uint8Array(Uint32Array.of(i).buffer));
    return places.filter((place) => native.lookupElement(map, place) !== null).length;
  });
}

test.serial('what a killed one leaves is cleared away by whoever comes next', async (t) => {
  await withHost(t, async (host) => {
    const killed = async (): Promise<void> => {
      const tail = host.start('tail');
      await tail.printed(/samples of what is dropped on eth0/, 'stderr');
      tail.child.kill('SIGKILL');
      await tail.ended;
    };
    const watcher = host.start('watch', join(host.directory, 'rules.v4'), '--dev', 'eth0', '--lease', '2');
    await watcher.printed(/followed from now on/, 'stderr');
    await killed();
    t.is(rings(host), 1, 'it has left one');
    await until(
      () => rings(host) === 0,
      () => 'the watcher clears it away',
    );
    watcher.child.kill('SIGTERM');
    t.is(await watcher.ended, 0);

    await killed();
    t.is(rings(host), 1);
    const status = async (): Promise<boolean> => {
      t.is((await host.offload('status')).code, 0);
      return rings(host) === 0;
    };
    await until(status, () => 'status clears it away');
  });
});

test.serial('devices that share their maps: each its own', async (t) => {
  await withHost(t, async (host) => {
    await attach(host, '--dev', 'eth0', '--dev', 'eth1');
    await flood(host, '192.0.2.25', '192.0.3.25');
    const devices = async (...args: string[]): Promise<readonly string[]> => {
      const { stdout } = await host.offload('tail', '--format', 'json', '--count', '40', ...args);
      const found = stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { device: string }).device);
      return [...new Set(found)].sort();
    };
    t.deepEqual(await devices(), ['eth0', 'eth1']);
    t.deepEqual(await devices('--dev', 'eth1'), ['eth1']);
  });
});

test.serial('the sources of what is dropped, once and while it is watched', async (t) => {
  await withHost(t, async (host) => {
    await attach(host, '--dev', 'eth0');
    t.regex(
      (await host.offload('status', '--top', '1')).stdout,
      /\nNothing was sampled in the last 3 seconds: no sources to show\.\n$/,
    );
    await flood(host, '192.0.2.25');
    const { stdout } = await host.offload('status', '--top', '5', '--format', 'json');
    const { topSources } = JSON.parse(stdout) as {
      topSources: { samples: number; sources: { source: string; samples: number; share: number }[] };
    };
    t.deepEqual(topSources.sources.map(({ source }) => source), ['198.18.0.7', '198.18.0.8']); // prettier-ignore
    t.true(topSources.samples >= 100, stdout);
    // Three of four, by hundreds of samples.
    t.true(Math.abs(topSources.sources[0]!.share - 0.75) < 0.15, stdout);
    const text = await host.offload('status', '--top', '1');
    t.regex(
      text.stdout,
      /\nSources of what is dropped, by a sample of \d+ packets in the last 3 seconds\n {2}share +per second +source\n +\d\d % +~[\d,]+ +198\.18\.0\.7\n$/,
    );
    const watch = host.start('status', '--watch', '1');
    await watch.printed(/Sources of what is dropped.*\n.*\n.* 198\.18\.0\.7\n.* 198\.18\.0\.8\n/);
    watch.child.kill('SIGINT');
    t.is(await watch.ended, 'SIGINT');
    t.is((await host.offload('status', '--top', '--format', 'prometheus')).code, 1);
  });
});
