/**
 * Lookups while sets change: millions of packets whose elements are never touched are decided alike throughout, by the kernel's own counts,
 * and those whose elements come and go are decided as before or as after.
 */
import test, { type ExecutionContext } from 'ava';
import { compileWithLayout } from '../../src/compile/compile.js';
import { passReasons } from '../../src/compile/abi.js';
import { spareFor } from '../../src/compile/spare.js';
import { Descriptor } from '../../src/load/descriptor.js';
import { loadNative } from '../../src/load/native.js';
import { mapTables } from '../../src/load/table-mapping.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { SetId } from '../../src/model/set.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import type { SetChange } from '../../src/update/set-change.js';
import { createUpdater, type Updater } from '../../src/update/updater.js';
import { deviceMac, frameOf, synPacket, type PacketSpec } from '../compile/frame.js';
import { loadImage, type Loaded } from '../compile/loaded.js';
import { Random } from '../compile/random.js';
import { webServer } from '../plan/plan-text.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const repeats = 200_000;
const now = Math.floor(Date.now() / 1000);

interface Subject {
  readonly family: 4 | 6;
  readonly type: string;
  readonly options: string;
  readonly sides: string;
  /** Elements in the set from the start, and ones that come and go. */
  readonly kept: number;
  readonly moving: number;
  /** Batches of changes, at most: each added element of a set with counters takes one. */
  readonly batches: number;
  /** No two are neighbours. */
  readonly apart?: true;
  /** What is asked before buckets are; absent: it does not matter. */
  readonly asked?: 'filter' | 'where-map';
  /** Room for so many more elements than are kept, and no more; absent: for all of them. */
  readonly room?: number;
}

const many = 1_000_000;
const subjects: Readonly<Record<string, Subject>> = {
  'IPv4 addresses': { family: 4, type: 'hash:ip', options: '', sides: 'src', kept: 6000, moving: 3500, batches: many },
  'a few IPv4 addresses': { family: 4, type: 'hash:ip', options: '', sides: 'src', kept: 3, moving: 200, batches: many },
  'so many that a filter is asked first': { family: 4, type: 'hash:ip', options: '', sides: 'src', kept: 130_000, moving: 3500, batches: many, apart: true, asked: 'filter' },
  'with counters, so many that a filter is asked first': { family: 4, type: 'hash:ip', options: ' counters', sides: 'src', kept: 70_000, moving: 1500, batches: 120, asked: 'filter' },
  'so many that each /24 is asked for first': { family: 4, type: 'hash:ip', options: '', sides: 'src', kept: 430_000, moving: 3500, batches: many, asked: 'where-map' },
  'in a full table': { family: 4, type: 'hash:ip', options: ' timeout 0', sides: 'src', kept: 40, moving: 400, batches: many, room: 160 },
  'in a full table of one label': { family: 4, type: 'hash:ip', options: '', sides: 'src', kept: 40, moving: 400, batches: many, room: 160 },
  'with counters': { family: 4, type: 'hash:ip', options: ' counters', sides: 'src', kept: 2000, moving: 1500, batches: 120 },
  'with timeouts': { family: 4, type: 'hash:ip', options: ' timeout 0', sides: 'src', kept: 6000, moving: 3500, batches: many },
  'IPv6 addresses': { family: 6, type: 'hash:ip', options: '', sides: 'src', kept: 6000, moving: 1500, batches: many },
  'address and port': { family: 4, type: 'hash:ip,port', options: '', sides: 'src,dst', kept: 6000, moving: 1500, batches: many },
  'IPv6 address and port': { family: 6, type: 'hash:ip,port', options: '', sides: 'src,dst', kept: 600, moving: 1500, batches: many },
}; // prettier-ignore

/** Element `i`: some neighbours, some far apart, IPv6 under many different 32 bits. */
const wordsOf = ({ family, apart }: Pick<Subject, 'family' | 'apart'>, i: number): number[] =>
  family === 4
    ? [
        apart
          ? Math.imul(i, 0x9e3779b2) >>> 0
          : (0x0b000000 | (Math.imul(i >>> 2, 0x9e3779b1) & 0xfffffc) | (i & 3)) >>> 0,
      ]
    : [0x20010000 + (i % 97), Math.imul(i, 0x85ebca6b) >>> 0, 0, i];

const textOf = (family: 4 | 6, words: readonly number[]): string =>
  family === 4
    ? [24, 16, 8, 0].map((shift) => (words[0]! >>> shift) & 255).join('.')
    : words.flatMap((word) => [word >>> 16, word & 0xffff]).map((part) => part.toString(16)).join(':'); // prettier-ignore

function changeOf(subject: Subject, op: SetChange['op'], elements: readonly number[]): SetChange {
  const { family, type, options } = subject;
  const words = Uint32Array.from(elements.flatMap((i) => wordsOf(subject, i)));
  const port = new Uint16Array(elements.length).fill(80);
  return {
    set: 'ipset:s' as SetId,
    op,
    ranges: { family, count: elements.length, lo: words, hi: words },
    ...(type === 'hash:ip,port' && {
      ports: { protocol: new Uint8Array(elements.length).fill(6), portLo: port, portHi: port },
    }),
    ...(options.includes('timeout') && {
      expires: Uint32Array.from(elements, (i) => (i % 3 === 0 ? 0 : now + 3600 + (i % 50))),
    }),
  };
}

function packetOf(subject: Pick<Subject, 'family' | 'apart'>, i: number): PacketSpec {
  const { family } = subject;
  return {
    ...synPacket,
    family,
    saddr: wordsOf(subject, i),
    daddr: family === 4 ? [0xc0000201] : [0x20010db8, 0, 0, 1],
  };
}

interface Counts {
  readonly dropped: number;
  readonly passed: number;
  /** For any other reason than that no step matches. */
  readonly otherwise: number;
}

function countsOf(loaded: Loaded): Counts {
  const stats = loaded.stats();
  const passed = Number(stats[passReasons.indexOf('noStep')]);
  const dropped = Number(loaded.counters().reduce((sum, { packets }) => sum + packets, 0n));
  return { dropped, passed, otherwise: Number(stats.reduce((sum, one) => sum + one, 0n)) - passed };
}

async function changeWhile(t: ExecutionContext, subject: Subject, random: Random): Promise<void> {
  const { family, type, options, sides, kept, moving, batches } = subject;
  const suffix = type === 'hash:ip,port' ? ',tcp:80' : '';
  const adds = Array.from({ length: kept }, (_, i) => `add s ${textOf(family, wordsOf(subject, i))}${suffix}\n`).join(
    '',
  );
  const comment = family === 6 ? '# Generated by ip6tables-save\n' : '';
  const table = `${comment}*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n`;
  // Single addresses are told by the filter, unless there are ranges too.
  const network = subject.asked === 'where-map' ? '-A PREROUTING -s 9.0.0.0/8 -j DROP\n' : '';
  const takenAt = now * 1000;
  const { ruleset } = readRuleset([
    { file: 's.save', text: `create s ${type} family ${family === 4 ? 'inet' : 'inet6'}${options}\n${adds}`, takenAt },
    { file: 'rules', text: `${table}${network}-A PREROUTING -m set --match-set s ${sides} -j DROP\nCOMMIT\n`, takenAt },
  ]);
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts: webServer, strict: false, follow: true });
  const { image, layout } = compileWithLayout(plan.prefilter, {
    spare: (prefilter) => ({
      ...spareFor(prefilter, now),
      ...(subject.room !== undefined && { elements: subject.room }),
    }),
  });
  const asked = image.structures.flatMap(({ structure }) =>
    structure === 'filter' || structure === 'where-map' ? [structure] : [],
  );
  if (subject.asked !== undefined) t.deepEqual(asked, [subject.asked]);
  const loaded = await loadImage(image, { mac: deviceMac, position: 0 });
  const native = loadNative();
  const mapping = mapTables(native, new Descriptor(native, loaded.maps['tables']!));
  try {
    const updater = createUpdater(plan, layout, mapping.bytes);
    const state = { inside: new Set<number>(), batches: 0 };
    const run = async (i: number): Promise<Counts> => {
      native.clearCounters(loaded.maps['counters']!);
      native.clearPerCpu(loaded.maps['stats']!);
      const running = { done: false };
      const work = native
        .testRunTimed(loaded.program, 0, frameOf(packetOf(subject, i)), repeats)
        .finally(() => (running.done = true));
      while (!running.done && state.batches < batches) {
        changeSome(t, updater, subject, random, state);
        await new Promise((resume) => setImmediate(resume));
      }
      await work;
      return countsOf(loaded);
    };
    const elsewhere = kept + moving;
    for (const i of [0, kept >> 1, kept - 1]) t.deepEqual(await run(i), { dropped: repeats, passed: 0, otherwise: 0 });
    for (const i of [elsewhere, elsewhere + 1, elsewhere + 100])
      t.deepEqual(await run(i), { dropped: 0, passed: repeats, otherwise: 0 });
    for (let n = 0; n < 3; n++) {
      const { dropped, passed, otherwise } = await run(kept + n);
      t.is(dropped + passed, repeats);
      t.is(otherwise, 0);
    }
    t.log(`${state.batches} batches of changes, seed ${seed}`);
    // Everything is as the last changes left it.
    const specs = Array.from({ length: elsewhere + 100 }, (_, i) => i);
    const verdicts = await loaded.run(specs.map((i) => frameOf(packetOf(subject, i))));
    const wrong = specs.filter((i) => (verdicts[i] === 1) !== (i < kept || state.inside.has(i)));
    t.deepEqual(wrong, []);
  } finally {
    mapping.close();
    loaded.close();
  }
}

/** A batch of elements in, or out; the first of those that come and go more often than others. */
function changeSome(
  t: ExecutionContext,
  updater: Updater,
  subject: Subject,
  random: Random,
  state: { readonly inside: Set<number>; batches: number },
): void {
  const { kept, moving, room } = subject;
  const op = random.chance(0.5) ? 'add' : 'remove';
  const size = room === undefined ? 20 : 1;
  const chosen = new Set(
    Array.from({ length: size }, () => kept + (random.chance(0.2) ? random.below(3) : random.below(moving))),
  );
  const { replan, elements } = updater.apply([changeOf(subject, op, [...chosen])]);
  state.batches++;
  // What does not fit stays outside; what is to leave always can.
  if (room !== undefined && op === 'add' && replan.length > 0) return;
  t.deepEqual(replan, []);
  t.is(elements, chosen.size);
  for (const i of chosen) {
    if (op === 'add') state.inside.add(i);
    else state.inside.delete(i);
  }
}

for (const [name, subject] of Object.entries(subjects))
  test.serial(`packets while sets change: ${name}`, async (t) => {
    await changeWhile(t, subject, new Random(seed));
  });
