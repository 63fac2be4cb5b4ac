/** Listeners and programs, without a device: what stands in a sample, who gets which, and what is left of a listener that died. */
import { spawn, type ChildProcess } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { control as controlStruct, offsetOf } from '../../src/compile/abi.js';
import { compilePrefilter, type CompileOptions } from '../../src/compile/compile.js';
import { monotonicNow } from '../../src/load/clock.js';
import { ControlMap } from '../../src/load/control-map.js';
import { loadImage, type LoadedImage } from '../../src/load/load-image.js';
import { loadNative } from '../../src/load/native.js';
import type { Prefilter, StepProgram } from '../../src/plan/program.js';
import { Listener } from '../../src/sample/listener.js';
import type { Rate } from '../../src/sample/rate.js';
import { deviceMac, frameOf, synPacket } from '../compile/frame.js';
import { batch } from '../compile/loaded.js';
import { isRoot } from './namespace.js';
import { bundled } from './bundle.js';

const native = loadNative();
const all: Rate = { kind: 'one-in', n: 1 };

/** Drops 198.18.0.1 with counter 3, 198.18.0.2 with counter 5, all of IPv6 with counter 6. */
const lo = Uint32Array.of(0xc6120001, 0xc6120002);
const ip: StepProgram = {
  family: 4,
  atoms: [0, 1].map((i) => ({
    kind: 'addresses',
    field: 'saddr',
    ranges: { family: 4, count: 1, lo: lo.slice(i, i + 1), hi: lo.slice(i, i + 1) },
    counters: null,
  })),
  steps: [3, 5].map((counter, atom) => ({
    when: [{ atom, negate: false }],
    outcome: { kind: 'drop', counter, counted: null },
  })),
};
const ip6: StepProgram = {
  family: 6,
  atoms: [],
  steps: [{ when: [], outcome: { kind: 'drop', counter: 6, counted: null } }],
};
const prefilter: Prefilter = { ip, ip6, counters: 7 };
const from = (last: number, payload = 0): Uint8Array => frameOf({ ...synPacket, saddr: [0xc6120000 + last], payload });
const six = frameOf({ ...synPacket, family: 6, saddr: [0x20010db8, 0, 0, 7], daddr: [0x20010db8, 0, 0, 1] });

async function withProgram(
  t: ExecutionContext,
  options: CompileOptions,
  body: (image: LoadedImage, run: (...frames: readonly Uint8Array[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  t.true(isRoot);
  const target = { name: 'device', ifindex: 0, mac: deviceMac, position: 0 };
  const image = await loadImage(native, compilePrefilter(prefilter, options), [target]);
  const { program } = image.devices[0]!;
  try {
    await body(image, async (...frames) => {
      await native.testRun(program.fd, 0, batch(frames));
    });
  } finally {
    image.close();
  }
}

const listen = (image: LoadedImage, rate: Rate = all, ifindex = 0): Promise<Listener> =>
  Listener.open(native, image.maps, ifindex, rate);

for (const options of [{ sampled: true }, { sampled: true, leased: true }, { sampled: true, counters: false }])
  test.serial(`a sample of each dropped packet, and of no other: ${JSON.stringify(options)}`, async (t) => {
    await withProgram(t, options, async (image, run) => {
      await run(from(1));
      const listener = await listen(image);
      t.deepEqual(listener.read(), [], 'what was dropped before');
      const sent = [from(1), from(9), from(2, 1000), six, from(1, 9000), from(1)];
      const before = BigInt(Date.now()) * 1_000_000n;
      await run(...sent);
      const after = BigInt(Date.now() + 1) * 1_000_000n;
      const samples = listener.read();
      const dropped = sent.filter((_, i) => i !== 1);
      t.deepEqual(
        samples.map(({ length }) => length),
        dropped.map(({ length }) => length),
      );
      for (const [i, sample] of samples.entries()) {
        t.deepEqual([...sample.frame], [...dropped[i]!.subarray(0, 152)], `frame ${i}`);
        t.is(sample.weight, 1);
        t.true(sample.time >= before - 1_000_000n && sample.time <= after, `time ${sample.time - before}`);
      }
      if (options.counters !== false)
        t.deepEqual(
          samples.map(({ place }) => place),
          [3, 5, 6, 3, 3],
        );
      t.deepEqual(listener.read(), []);
      listener.close();
      listener.close();
      await run(from(1));
      const next = await listen(image);
      t.deepEqual(next.read(), [], 'what was dropped with nobody listening');
      next.close();
    });
  });

test.serial('what passes by the lease is not sampled', async (t) => {
  await withProgram(t, { sampled: true, leased: true }, async (image, run) => {
    const control = new ControlMap(native, image.maps.control);
    const listener = await listen(image);
    control.dropUntil = 0n;
    await run(from(1), six);
    t.deepEqual(listener.read(), []);
    control.dropUntil = 2n ** 64n - 1n;
    await run(from(1));
    t.is(listener.read().length, 1);
    listener.close();
    control.close();
  });
});

test.serial('a program without samples says so', async (t) => {
  await withProgram(t, {}, async (image) => {
    await t.throwsAsync(listen(image), { message: /gives no samples of what it drops: .*\n {2}hint: attach again/ });
  });
});

test.serial('chance: as many as it says, whoever they are of', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    const listener = await listen(image, { kind: 'one-in', n: 20 });
    const frames = Array.from({ length: 20_000 }, (_, i) => from(i % 4 === 0 ? 2 : 1));
    await run(...frames);
    const samples = listener.read();
    // 1,000 are expected, with a standard deviation of 31: ten of them.
    t.true(Math.abs(samples.length - 1000) < 310, String(samples.length));
    const second = samples.filter(({ place }) => place === 5).length;
    t.true(Math.abs(second - samples.length / 4) < 160, String(second));
    t.true(samples.every(({ weight }) => Math.abs(weight - 20) < 0.001));
    listener.close();
  });
});

test.serial('a number per second is kept to, until it is renewed', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    const listener = await listen(image, { kind: 'per-second', packets: 100 });
    const frames = Array.from({ length: 50_000 }, () => from(1));
    let last = 0;
    for (let i = 0; i < 5; i++) {
      await run(...frames);
      const taken = listener.read().length;
      t.true(taken <= 20, `${taken} at once`);
      last += taken;
      listener.renew();
    }
    t.true(last > 0);
    listener.close();
  });
});

test.serial('a full ring loses samples and counts them', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    const listener = await listen(image);
    await run(...Array.from({ length: 6000 }, () => from(1)));
    t.is(listener.lost, 6000 - 5461);
    t.is(listener.read().length, 5461);
    await run(from(2));
    t.is(listener.read()[0]?.place, 5);
    listener.close();
    const next = await listen(image);
    t.is(next.lost, 0);
    next.close();
  });
});

test.serial('listeners do not disturb each other; a fifth is told to wait', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    const listeners = await Promise.all([1, 1, 1, 1].map(() => listen(image)));
    await run(from(1), six);
    for (const listener of listeners) t.is(listener.read().length, 2);
    await t.throwsAsync(listen(image), { message: /4 others listen to this filter already/ });
    listeners[2]!.close();
    await run(from(1));
    t.deepEqual([0, 1, 3].map((i) => listeners[i]!.read().length), [1, 1, 1]); // prettier-ignore
    const fifth = await listen(image);
    await run(from(2));
    t.deepEqual(fifth.read().map(({ place }) => place), [5]); // prettier-ignore
    for (const listener of [...listeners, fifth]) listener.close();
  });
});

test.serial('packets of one device, where they are asked for', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    // A test run without a device is one of the loopback device, whose index is 1.
    const [own, other] = [await listen(image, all, 1), await listen(image, all, 2)];
    await run(from(1));
    t.deepEqual(own.read().map(({ ifindex }) => ifindex), [1]); // prettier-ignore
    t.deepEqual(other.read(), []);
    own.close();
    other.close();
  });
});

test.serial('a listener that was held up for too long takes a place again', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    const control = new ControlMap(native, image.maps.control);
    const listener = await listen(image);
    const [place] = control.places;
    // As if three seconds had passed: the program finds it dead, and somebody else takes the place.
    const was = place!.until;
    t.true(place!.replaceUntil(was, monotonicNow() - 20_000_000n));
    await run(from(1));
    t.deepEqual(listener.read(), []);
    const other = await listen(image);
    listener.renew();
    await run(from(2));
    t.deepEqual([listener.read().length, other.read().length], [1, 1]);
    other.close();
    await run(from(2));
    t.is(listener.read().length, 1);
    listener.close();
    t.true(control.places.every(({ until }) => until === 0n || until === place!.until));
    control.close();
  });
});

/** A process that listens until it is killed. */
function listening(pinned: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bundled(process.cwd(), 'test/kernel/fixture/listen-run.ts'), pinned]);
  return new Promise((done, fail) => {
    child.stdout.once('data', () => done(child));
    child.once('exit', () => fail(new Error('it ended')));
  });
}

test.serial('kill -9: programs stop to give samples by themselves', async (t) => {
  await withProgram(t, { sampled: true }, async (image, run) => {
    const { control, samples } = image.maps;
    const map = new ControlMap(native, control);
    const ids = [control, samples].map(({ fd }) => native.mapInfo(fd).id);
    const child = await listening(JSON.stringify(ids));
    t.teardown(() => child.kill('SIGKILL'));
    const flags = (): number =>
      new Uint16Array(native.readMappable(control.fd, offsetOf(controlStruct, 'listening'), 8).slice().buffer).filter(
        Boolean,
      ).length;
    t.is(flags(), 1);
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
    t.is(flags(), 1);
    while (map.places[0]!.until > monotonicNow() - 10_000_000n) {
      // Long before its time is up: a packet that comes when it is would end it here already.
      if (map.places[0]!.until > monotonicNow() + 1_500_000_000n) await run(from(1));
      await new Promise((done) => setTimeout(done, 50));
    }
    t.is(flags(), 1);
    // The first packet after that.
    await run(from(1));
    t.is(flags(), 0);
    const next = await listen(image);
    await run(from(1));
    t.is(next.read().length, 1);
    next.close();
    map.close();
  });
});
