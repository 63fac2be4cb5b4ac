/** The valve of running programs: they drop while their lease runs, and pass everything when it has run out. */
import test, { type ExecutionContext } from 'ava';
import { passReasons } from '../../src/compile/abi.js';
import { compilePrefilter, type CompileOptions } from '../../src/compile/compile.js';
import { ControlMap } from '../../src/load/control-map.js';
import { openLease } from '../../src/load/lease.js';
import { loadImage, type LoadedImage } from '../../src/load/load-image.js';
import { loadNative } from '../../src/load/native.js';
import type { Prefilter, Step, StepProgram } from '../../src/plan/program.js';
import { deviceMac, frameOf, synPacket } from '../compile/frame.js';
import { batch } from '../compile/loaded.js';
import { isRoot } from './namespace.js';

const native = loadNative();
const drop: Step = { when: [], outcome: { kind: 'drop', counter: 0, counted: null } };
const dropAll = (family: 4 | 6): StepProgram => ({ family, atoms: [], steps: [drop] });
const everything: Prefilter = { ip: dropAll(4), ip6: dropAll(6), counters: 1 };
const packets = [
  frameOf(synPacket),
  frameOf({ ...synPacket, family: 6, saddr: [0x20010db8, 0, 0, 2], daddr: [0x20010db8, 0, 0, 1] }),
];
const dropped = [1, 1];
const passed = [2, 2];

async function withPrograms(
  options: CompileOptions,
  devices: number,
  body: (image: LoadedImage) => Promise<void>,
): Promise<void> {
  const targets = Array.from({ length: devices }, (_, position) => ({
    name: `device${position}`,
    ifindex: 0,
    mac: deviceMac,
    position: 0,
  }));
  const image = await loadImage(native, compilePrefilter(everything, options), targets);
  try {
    await body(image);
  } finally {
    image.close();
  }
}

/** Verdicts of each program. */
const verdicts = ({ devices }: LoadedImage): Promise<number[][]> =>
  Promise.all(devices.map(async ({ program }) => [...(await native.testRun(program.fd, 0, batch(packets)))]));

const counted = ({ maps }: LoadedImage): number => Number(native.readCounters(maps.counters.fd, 1)[0]);
const passedByLease = ({ maps }: LoadedImage): number =>
  Number(native.readPerCpu(maps.stats.fd, 0, passReasons.length, 1)[passReasons.indexOf('lease')]);

for (const [name, options] of [
  ['with counters', { leased: true }],
  ['without counters', { leased: true, counters: false }],
  ['with samples', { leased: true, sampled: true }],
] as const) {
  test(`a program drops while its lease runs: ${name}`, async (t) => {
    t.true(isRoot);
    await withPrograms(options, 1, async (image) => {
      const drops = async (expected: boolean, what: string): Promise<void> => {
        const [before, byLease] = [counted(image), passedByLease(image)];
        t.deepEqual(await verdicts(image), [expected ? dropped : passed], what);
        const counts = expected && !('counters' in options) ? 2 : 0;
        t.deepEqual([counted(image) - before, passedByLease(image) - byLease], [counts, expected ? 0 : 2], what);
      };
      await drops(true, 'as it was loaded');
      const lease = openLease(native, image.maps.control);
      t.is(lease.left(), Infinity);
      lease.renew(60);
      t.true(lease.left() > 0 && lease.left() <= 60);
      await drops(true, 'with 60 s left');
      lease.passAll();
      t.is(lease.left(), -Infinity);
      await drops(false, 'told to pass');
      lease.renew(60);
      await drops(true, 'renewed');
      lease.renew(0);
      // Two ticks, at the lowest rate that a kernel can be built with.
      while (lease.left() > -0.02) await new Promise((done) => setTimeout(done, 5));
      await drops(false, 'run out');
      lease.renew(Infinity);
      await drops(true, 'for ever');
      lease.close();
    });
  });
}

test('the last moment of a lease: two ticks late at most, never early', async (t) => {
  await withPrograms({ leased: true }, 1, async (image) => {
    const lease = openLease(native, image.maps.control);
    lease.renew(0.1);
    for (;;) {
      const before = lease.left();
      const [verdict] = await verdicts(image);
      const after = lease.left();
      if (after > 0) t.deepEqual(verdict, dropped);
      if (before < -0.02) {
        t.deepEqual(verdict, passed);
        break;
      }
    }
    lease.close();
  });
});

test('programs that were loaded together share their lease', async (t) => {
  await withPrograms({ leased: true }, 3, async (image) => {
    const lease = openLease(native, image.maps.control);
    t.deepEqual(await verdicts(image), [dropped, dropped, dropped]);
    lease.passAll();
    t.deepEqual(await verdicts(image), [passed, passed, passed]);
    // Whoever else opens it sees the same.
    const other = openLease(native, image.maps.control);
    t.is(other.left(), -Infinity);
    other.renew(60);
    other.close();
    t.deepEqual(await verdicts(image), [dropped, dropped, dropped]);
    lease.close();
  });
});

async function refuses(t: ExecutionContext, options: CompileOptions): Promise<void> {
  await withPrograms(options, 1, async (image) => {
    t.throws(() => openLease(native, image.maps.control), { message: /knows no lease: it drops for as long as/ });
    // Not even then: the program does not look.
    const map = new ControlMap(native, image.maps.control);
    map.dropUntil = 0n;
    t.deepEqual(await verdicts(image), [dropped]);
    map.close();
  });
}
test('a program without a lease has none to renew, and drops', refuses, {});
test('nor has one that is sampled', refuses, { sampled: true });
