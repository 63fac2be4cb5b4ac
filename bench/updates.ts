/** What changes of a running prefilter cost in its process: elements of a large set in place, and all of a large ruleset replaced. */
import { readFileSync } from 'node:fs';
import { compilePrefilter, compileWithLayout } from '../src/compile/compile.js';
import { counter, sizeOf } from '../src/compile/abi.js';
import type { Image } from '../src/compile/image.js';
import { spareFor } from '../src/compile/spare.js';
import { readClockZero } from '../src/load/clock.js';
import { Descriptor } from '../src/load/descriptor.js';
import type { LoadedFds } from '../src/load/native-api.js';
import { loadNative } from '../src/load/native.js';
import { mapTables } from '../src/load/table-mapping.js';
import type { HostFacts } from '../src/model/host.js';
import { readRuleset } from '../src/model/read-ruleset.js';
import type { Ruleset } from '../src/model/ruleset.js';
import type { SetId } from '../src/model/set.js';
import { planRuleset } from '../src/plan/plan-ruleset.js';
import type { SetChange } from '../src/update/set-change.js';
import { createUpdater, type Updater } from '../src/update/updater.js';

const device = { mac: 0x020000000001, position: 0 };
const facts: HostFacts = {
  forwarding: { ip: false, ip6: false },
  localRoutes: [{ family: 4, prefix: '192.0.2.1/32', type: 'local', table: 255 }],
  devices: [],
  ipsec: false,
};
const options = { devices: ['eth0'], facts, strict: false, follow: true };

const dotted = (i: number): string => [i >>> 24, (i >>> 16) & 255, (i >>> 8) & 255, i & 255].join('.');
const first = 0x0b000000;
/** Scattered, and never twice the same. */
const address = (i: number): number => (first + i * 77) >>> 0;

function rulesetOf(files: Readonly<Record<string, string>>): Ruleset {
  return readRuleset(Object.entries(files).map(([file, text]) => ({ file, text, takenAt: Date.now() }))).ruleset;
}

const rules = (lines: string): string => `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines}COMMIT\n`;

function load(image: Image): Promise<LoadedFds> {
  const native = loadNative();
  const valueSize = Math.max(64, Math.ceil((image.counters * sizeOf(counter)) / 64) * 64);
  return native.load(readFileSync('build/bpf/prefilter.bpf.o'), 'offload_xdp', image.rodata(device, readClockZero()), [
    { name: 'tables', valueSize: image.tables.length },
    { name: 'counters', maxEntries: native.possibleCpus(), valueSize },
  ]);
}

const close = ({ program, maps }: LoadedFds): void =>
  [program, ...Object.values(maps)].forEach((fd) => loadNative().close(fd));

function changeOf(op: SetChange['op'], from: number, count: number): SetChange {
  const words = Uint32Array.from({ length: count }, (_, i) => address(from + i));
  return { set: 'ipset:bad' as SetId, op, ranges: { family: 4, count, lo: words, hi: words } };
}

/** Milliseconds. Throws when a change did not take place. */
function timed(updater: Updater, op: SetChange['op'], from: number, count: number): number {
  const began = process.hrtime.bigint();
  const { elements, replan } = updater.apply([changeOf(op, from, count)]);
  const took = Number(process.hrtime.bigint() - began) / 1e6;
  if (elements !== count || replan.length > 0) throw new Error(`not in place: ${replan[0]?.reason ?? ''}`);
  return took;
}

export interface UpdateSamples {
  /** Milliseconds a change of one element, and of `many`. */
  readonly addOne: number[];
  readonly removeOne: number[];
  readonly addMany: number[];
  readonly removeMany: number[];
}

export interface UpdateSizes {
  readonly elements: number;
  readonly many: number;
  readonly rounds: number;
  /** The set counts packets of each element. */
  readonly counters: boolean;
}

/** Elements of a set, its prefilter loaded: what goes in each round comes out again. */
export async function updateSamples({ elements, many, rounds, counters }: UpdateSizes): Promise<UpdateSamples> {
  const adds = Array.from({ length: elements }, (_, i) => `add bad ${dotted(address(i))}\n`).join('');
  const ruleset = rulesetOf({
    'sets.save': `create bad hash:ip family inet maxelem ${2 * elements}${counters ? ' counters' : ''}\n${adds}`,
    'rules.v4': rules('-A PREROUTING -m set --match-set bad src -j DROP\n'),
  });
  const plan = planRuleset(ruleset, options);
  const now = Math.floor(Date.now() / 1000);
  const { image, layout } = compileWithLayout(plan.prefilter, { spare: (prefilter) => spareFor(prefilter, now) });
  const native = loadNative();
  const fds = await load(image);
  native.writeMappable(fds.maps['tables']!, 0, image.tables);
  const mapping = mapTables(native, new Descriptor(native, fds.maps['tables']!));
  try {
    const updater = createUpdater(plan, layout, mapping.bytes);
    const samples: UpdateSamples = { addOne: [], removeOne: [], addMany: [], removeMany: [] };
    for (let round = 0; round < rounds; round++) {
      const from = elements + round * (many + 1);
      samples.addOne.push(timed(updater, 'add', from, 1));
      samples.addMany.push(timed(updater, 'add', from + 1, many));
      samples.removeOne.push(timed(updater, 'remove', from, 1));
      samples.removeMany.push(timed(updater, 'remove', from + 1, many));
    }
    return samples;
  } finally {
    mapping.close();
    close(fds);
  }
}

export interface ReplaceSamples {
  /** Milliseconds: ruleset to plan, plan to image, image into the kernel, the change of the link. */
  readonly plan: number[];
  readonly compile: number[];
  readonly load: number[];
  readonly attach: number[];
  readonly whole: number[];
}

/** All of a ruleset of so many rules planned, compiled, loaded and put in the place of what runs on the device. */
export async function replaceSamples(count: number, rounds: number, ifindex: number): Promise<ReplaceSamples> {
  const lines = (from: number): string =>
    Array.from({ length: count }, (_, i) => `-A PREROUTING -s ${dotted(address(from + i))}/32 -j DROP\n`).join('');
  const native = loadNative();
  const samples: ReplaceSamples = { plan: [], compile: [], load: [], attach: [], whole: [] };
  const running = await load(compilePrefilter(planRuleset(rulesetOf({ 'rules.v4': rules('') }), options).prefilter));
  const link = native.linkCreate(running.program, ifindex, 4);
  const held = [running];
  try {
    for (let round = 0; round < rounds; round++) {
      const ruleset = rulesetOf({ 'rules.v4': rules(lines(round)) });
      const times = [process.hrtime.bigint()];
      const lap = (): void => void times.push(process.hrtime.bigint());
      const plan = planRuleset(ruleset, options);
      lap();
      const { image } = compileWithLayout(plan.prefilter, { spare: (prefilter) => spareFor(prefilter, 0) });
      lap();
      const fds = await load(image);
      native.writeMappable(fds.maps['tables']!, 0, image.tables);
      lap();
      held.push(fds);
      native.linkUpdate(link, fds.program, -1);
      lap();
      const took = (from: number, to: number): number => Number(times[to]! - times[from]!) / 1e6;
      samples.plan.push(took(0, 1));
      samples.compile.push(took(1, 2));
      samples.load.push(took(2, 3));
      samples.attach.push(took(3, 4));
      samples.whole.push(took(0, 4));
    }
    return samples;
  } finally {
    native.close(link);
    held.forEach(close);
  }
}
