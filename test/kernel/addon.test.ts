/** Every call of the addon that needs no device; those that do are in addon-link.test.ts. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants as files,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { LoadError, explaining, isNativeError } from '../../src/load/load-error.js';
import type { LoadedFds, NativeApi, NativeError } from '../../src/load/native-api.js';
import { loadNative } from '../../src/load/native.js';
import { buildFixture } from './fixture/build.js';
import { withNamespaces, type Net } from './namespace.js';

const native = loadNative();
const pass = rodata(2);

function rodata(verdict: number, ifindex = 0): Uint8Array {
  return new Uint8Array(new Uint32Array([verdict, ifindex]).buffer);
}

function nativeError(call: () => unknown): NativeError {
  try {
    call();
  } catch (error) {
    if (isNativeError(error)) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

const closeAll = (fds: LoadedFds): void => [fds.program, ...Object.values(fds.maps)].forEach((fd) => native.close(fd));

async function withFixture(
  t: Parameters<typeof withNamespaces>[0],
  body: (fds: LoadedFds, net: Net) => Promise<void> | void,
): Promise<void> {
  await withNamespaces(t, async (net) => {
    const fds = await native.load(buildFixture(net.directory()), 'fixture', pass, [
      { name: 'tables', valueSize: 100_000 },
    ]);
    try {
      await body(fds, net);
    } finally {
      closeAll(fds);
    }
  });
}

const frames = (...all: readonly Uint8Array[]): Parameters<NativeApi['testRun']>[2] => {
  let end = 0;
  return { bytes: Buffer.concat(all), ends: Uint32Array.from(all, (frame) => (end += frame.length)) };
};

test('libbpf tells its version', (t) => {
  t.regex(native.libbpfVersion(), /^\d+\.\d+$/);
});

test('load sets sizes, leaves rodata out and gives every map', async (t) => {
  await withFixture(t, (fds) => {
    t.deepEqual(Object.keys(fds.maps).sort(), ['addresses', 'counters', 'tables']);
    t.like(native.mapInfo(fds.maps['tables']!), { name: 'tables', valueSize: 100_000, maxEntries: 1, keySize: 4 });
    const info = native.programInfo(fds.program);
    t.is(info.name, 'fixture');
    t.regex(info.tag, /^[0-9a-f]{16}$/);
    t.true(info.translatedBytes > 0 && info.mapIds.length === 4);
    const again = native.programById(info.id);
    t.is(native.programInfo(again).id, info.id);
    native.close(again);
    const map = native.mapById(native.mapInfo(fds.maps['counters']!).id);
    t.is(native.mapInfo(map).name, 'counters');
    native.close(map);
  });
});

test('rodata decides and its size must fit', async (t) => {
  await withNamespaces(t, async (net) => {
    const object = buildFixture(net.directory());
    const drop = await native.load(object, 'fixture', rodata(1), []);
    t.deepEqual([...(await native.testRun(drop.program, 0, frames(new Uint8Array(60))))], [1]);
    closeAll(drop);
    const error = await t.throwsAsync(native.load(object, 'fixture', new Uint8Array(4), []));
    t.regex(error.message, /set rodata \(8 bytes in the object, 4 given\)/);
    t.regex(String(error.stack), /addon\.test/, 'who called it');
  });
});

test('a map is shared by its descriptor', async (t) => {
  await withFixture(t, async (fds, net) => {
    const reuse = [{ name: 'tables', reuseFd: fds.maps['tables']! }];
    const second = await native.load(buildFixture(net.directory()), 'fixture', pass, reuse);
    native.writeMappable(fds.maps['tables']!, 0, Uint8Array.of(0xff));
    t.deepEqual([...(await native.testRun(second.program, 0, frames(new Uint8Array(60))))], [1]);
    t.is(native.mapInfo(second.maps['tables']!).id, native.mapInfo(fds.maps['tables']!).id);
    closeAll(second);
  });
});

test('unknown programs, maps and rubbish are refused with their step', async (t) => {
  await withNamespaces(t, async (net) => {
    const object = buildFixture(net.directory());
    const errors = await Promise.all([
      t.throwsAsync(native.load(object, 'nothing', pass, [])),
      t.throwsAsync(native.load(object, 'fixture', pass, [{ name: 'nothing', maxEntries: 1 }])),
      t.throwsAsync(native.load(Buffer.from('no object'), 'fixture', pass, [])),
    ]);
    t.like(errors[0], { code: 'ENOENT', step: 'find program nothing' });
    t.like(errors[1], { code: 'ENOENT', step: 'find map nothing' });
    t.like(errors[2], { step: 'open object', message: 'open object: BPF object format invalid (E4001)' });
  });
});

test('a reject brings the verifier log, and its telling lines reach the message', async (t) => {
  await withNamespaces(t, async (net) => {
    const object = buildFixture(net.directory());
    const error = await t.throwsAsync(
      explaining('cannot load', () => native.load(object, 'rejected', pass, [])),
      {
        instanceOf: LoadError,
      },
    );
    t.regex(error.verifierLog ?? '', /invalid access to packet/);
    t.regex(error.message, /^cannot load: load program: .*\n( {2}\| .*\n)*.*invalid access to packet/);
    t.notRegex(error.message, /processed \d+ insns/);
  });
});

test('mappable bytes: any offset, bounds', async (t) => {
  await withFixture(t, (fds) => {
    const map = fds.maps['tables']!;
    const bytes = Uint8Array.from({ length: 9_000 }, (_, i) => i % 251);
    native.writeMappable(map, 5_001, bytes);
    t.deepEqual(native.readMappable(map, 5_001, bytes.length), bytes);
    t.deepEqual([...native.readMappable(map, 4_999, 4)], [0, 0, 0, 1]);
    t.is(native.readMappable(map, 99_999, 1).length, 1);
    t.is(nativeError(() => native.writeMappable(map, 99_999, new Uint8Array(10))).code, 'ERANGE');
    t.is(nativeError(() => native.readMappable(map, -1, 1)).code, 'ERANGE');
    t.true(nativeError(() => native.readMappable(fds.maps['counters']!, 0, 8)).errno > 0);
  });
});

test('batches into a hash map', async (t) => {
  await withFixture(t, (fds) => {
    const map = fds.maps['addresses']!;
    const keys = new Uint8Array(Uint32Array.from({ length: 100 }, (_, i) => i).buffer);
    native.updateBatch(map, keys, keys, 100);
    native.updateBatch(map, new Uint8Array(0), new Uint8Array(0), 0);
    t.is(nativeError(() => native.updateBatch(map, keys, keys, 99)).code, 'EINVAL');
    const more = new Uint8Array(Uint32Array.of(1_000).buffer);
    t.is(nativeError(() => native.updateBatch(map, more, more, 1)).code, 'E2BIG');
  });
});

test('test runs: verdict of every frame, per-CPU sums, clearing', async (t) => {
  await withFixture(t, async (fds) => {
    const verdicts = await native.testRun(
      fds.program,
      0,
      frames(new Uint8Array(14), new Uint8Array(60), new Uint8Array(9_000)),
    );
    t.deepEqual([...verdicts], [2, 2, 2]);
    const counters = fds.maps['counters']!;
    const sums = native.readPerCpu(counters, 0, 4, 2);
    t.is(sums.length, 8);
    t.is(sums[2], 3n);
    t.true(sums[3]! >= 74n);
    t.deepEqual([...native.readPerCpu(counters, 1, 1, 2)], [sums[2], sums[3]]);
    native.clearPerCpu(counters);
    t.deepEqual([...native.readPerCpu(counters, 1, 1, 2)], [0n, 0n]);
    t.is(nativeError(() => native.readPerCpu(counters, 0, 5, 2)).code, 'ERANGE');
    t.is(nativeError(() => native.readPerCpu(counters, 0, 4, 1)).code, 'EINVAL');
    t.is(nativeError(() => native.clearPerCpu(fds.maps['addresses']!)).code, 'EINVAL');
    t.is((await native.testRun(fds.program, 0, frames())).length, 0);

    const short = await t.throwsAsync(native.testRun(fds.program, 0, frames(new Uint8Array(60), new Uint8Array(13))));
    t.like(short, { code: 'EINVAL', step: 'test run, frame 1 (shorter than an Ethernet header)' });
    const timed = await native.testRunTimed(fds.program, 0, new Uint8Array(60), 1_000);
    t.is(timed.verdict, 2);
    t.true(timed.nanoseconds >= 0);
  });
});

test('pins, locks and a bpffs of its own', async (t) => {
  await withFixture(t, (fds, net) => {
    const bpffs = net.bpffs();
    const path = join(bpffs, 'prog');
    native.pin(fds.program, path);
    t.is(nativeError(() => native.pin(fds.program, path)).code, 'EEXIST');
    const opened = native.openPinned(path);
    t.is(native.programInfo(opened).id, native.programInfo(fds.program).id);
    native.close(opened);
    t.is(nativeError(() => native.openPinned(join(bpffs, 'none'))).code, 'ENOENT');

    const lock = native.lock(bpffs);
    t.is(nativeError(() => native.lock(bpffs)).code, 'EAGAIN');
    native.close(lock);
    native.close(native.lock(bpffs));
    t.is(nativeError(() => native.close(-1)).code, 'EBADF');
    t.true(existsSync(path));
  });
});

test('wrong argument types are exceptions, not crashes', (t) => {
  const loose = native as unknown as Record<string, (...values: unknown[]) => unknown>;
  t.throws(() => loose['close']!('x'), { instanceOf: TypeError });
  t.throws(() => loose['writeMappable']!(1, 0, 'x'), { instanceOf: TypeError });
  t.throws(() => loose['testRun']!(1, 0, { bytes: new Uint8Array(1), ends: Uint32Array.of(2) }), {
    message: /ends out of order/,
  });
  t.throws(() => loose['load']!(new Uint8Array(1), 'x', null, 1), { instanceOf: TypeError });
});

/** A pipe with a name, open at both ends: writing to it makes it readable. */
function pipe(net: Net): number {
  const path = join(net.directory(), 'pipe');
  execFileSync('mkfifo', [path]);
  return openSync(path, files.O_RDWR | files.O_NONBLOCK);
}

/** Resolves when the event loop has had its turn a few times. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((done) => setImmediate(done));
};

test('pollFd calls back for as long as there is something to read', async (t) => {
  await withNamespaces(t, async (net) => {
    const fd = pipe(net);
    let calls = 0;
    let arrived: (() => void) | null = null;
    const poll = native.pollFd(fd, () => {
      calls++;
      arrived?.();
    });
    const called = (): Promise<void> => new Promise((done) => (arrived = done));
    await turns();
    t.is(calls, 0);
    writeSync(fd, 'x');
    await called();
    // Not read: again.
    await called();
    t.is(readSync(fd, Buffer.alloc(10)), 1);
    await turns();
    const before = calls;
    await turns();
    t.is(calls, before);
    writeSync(fd, 'y');
    await called();
    poll.close();
    poll.close();
    const atClose = calls;
    await turns();
    t.is(calls, atClose);
    closeSync(fd);
  });
});

test('pollFd outlives the descriptor it was given, refuses files, and lets the process end once it is closed', async (t) => {
  await withNamespaces(t, async (net) => {
    const fd = pipe(net);
    const other = openSync(`/proc/self/fd/${fd}`, files.O_WRONLY | files.O_NONBLOCK);
    const called = new Promise<void>((done) => {
      const poll = native.pollFd(fd, () => {
        poll.close();
        done();
      });
    });
    closeSync(fd);
    writeSync(other, 'x');
    await called;
    closeSync(other);
    const file = openSync('package.json', 'r');
    t.is(nativeError(() => native.pollFd(file, () => undefined)).code, 'EPERM');
    closeSync(file);
    t.is(nativeError(() => native.pollFd(99_999, () => undefined)).code, 'EBADF');
    t.throws(() => native.pollFd(0, 1 as never), { instanceOf: TypeError });
    const script = `
      const native = require('./src/load/native/build/Release/offload.node');
      const poll = native.pollFd(0, () => { poll.close(); console.log('read'); if (process.argv[1]) throw new Error('thrown in it'); });
      native.pollFd(0, () => undefined);
      setTimeout(() => process.exit(0), 50);
    `;
    const ns = net.namespace();
    t.is((await net.exec(ns, process.execPath, ['-e', script], { input: 'x' })).stdout, 'read\n');
    const thrown = await net.exec(ns, process.execPath, ['-e', script, 'throw'], { input: 'x', mayFail: true });
    t.is(thrown.code, 1);
    t.regex(thrown.stderr, /thrown in it/);
    const ends = script.replace(/native\.pollFd\(0, \(\) => undefined\);\s+setTimeout.*/, '');
    t.is((await net.exec(ns, process.execPath, ['-e', ends], { input: 'x', timeout: 10_000 })).stdout, 'read\n');
  });
});

type Run = Parameters<NativeApi['runTool']>;

const shell = (
  script: string,
  input = '',
  milliseconds = 60_000,
  most = 1e6,
): [string[], string[], string[], Buffer, number, number] => [
  ['/nowhere/sh', '/', '/bin/sh'],
  ['sh', '-c', script],
  ['WORD=spoken'],
  Buffer.from(input),
  milliseconds,
  most,
];

for (const [way, run] of [
  ['runTool', (...args: Run) => Promise.resolve().then(() => native.runTool(...args))],
  ['runToolBeside', (...args: Run) => native.runToolBeside(...args)],
] as const) {
  test(`${way}: input, both outputs, environment, exit code and CPU`, async (t) => {
    const ended = await run(...shell('echo "$WORD $HOME"; cat; echo bad >&2; exit 7', 'told'));
    t.deepEqual([ended.stdout.toString(), ended.stderr.toString()], ['spoken \ntold', 'bad\n']);
    t.deepEqual([ended.code, ended.signal], [7, null]);
    const busy = await run(...shell('i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'));
    t.true(busy.cpu > ended.cpu, `${busy.cpu} and ${ended.cpu} s`);
  });

  test(`${way}: more than pipes hold, in and out at once, and input that nobody reads`, async (t) => {
    const much = 'x'.repeat(300_000);
    t.is((await run(...shell('cat', much))).stdout.toString(), much);
    t.deepEqual(await run(...shell('exec <&-; echo done', much)).then(({ code, stdout }) => [code, String(stdout)]), [
      0,
      'done\n',
    ]);
  });

  test.serial(`${way}: a signal, no time, too much output, no such program`, async (t) => {
    t.is((await run(...shell('kill -USR1 $$'))).signal, constants.signals.SIGUSR1);
    // Node ignores it, its children do not.
    t.is((await run(...shell('kill -PIPE $$'))).signal, constants.signals.SIGPIPE);
    const code = async (...args: Run): Promise<string> => {
      const error = await t.throwsAsync<NativeError>(run(...args));
      return error.code;
    };
    t.is(await code(...shell('exec sleep 100', '', 50)), 'ETIMEDOUT');
    t.is(await code(...shell('yes')), 'ENOBUFS');
    t.is(await code(['/nowhere/sh'], ['sh'], [], Buffer.of(), 1000, 1000), 'ENOENT');
    t.is(readFileSync('/proc/thread-self/children', 'latin1'), '', 'none is left');
  });

  test(`${way}: what is long goes to a file, all of it and in order`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'offload-addon-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const much = Array.from({ length: 40_000 }, (_, i) => `${i}\n`).join('');
    for (const held of [0, much.length - 1, much.length]) {
      const file = openSync(join(folder, `${held}`), 'wx+');
      const { stdout, stderr, written } = await run(...shell('cat; echo said >&2', much), held, file);
      const isHeld = held === much.length;
      t.deepEqual([stdout.toString(), written], isHeld ? [much, 0] : ['', much.length]);
      t.is(stderr.toString(), 'said\n');
      t.is(readFileSync(join(folder, `${held}`), 'latin1'), isHeld ? '' : much);
      closeSync(file);
    }
    const full = openSync('/dev/full', 'w');
    const error = await t.throwsAsync<NativeError>(run(...shell('cat', much), 1000, full));
    t.deepEqual([error.code, error.step], ['ENOSPC', 'write output']);
    closeSync(full);
  });

  test(`${way}: no descriptor of this process is inherited`, async (t) => {
    const fds = [openSync('/dev/null', 'r'), native.createRing('ring', 4096)];
    const { stdout } = await run(...shell('ls /proc/self/fd'));
    const inherited = stdout.toString().split('\n');
    t.true(inherited.includes('2'));
    t.deepEqual(
      fds.filter((fd) => inherited.includes(String(fd))),
      [],
    );
    for (const fd of fds) native.close(fd);
  });
}
