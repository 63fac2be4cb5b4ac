/**
 * Runs in the namespace of a device: attaches a prefilter by the library and changes it on request, as a daemon that follows a set does.
 * Each line of input is an order, each line of output its milliseconds.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { compileWithLayout } from '../../src/compile/compile.js';
import type { Image } from '../../src/compile/image.js';
import { spareFor } from '../../src/compile/spare.js';
import { apply } from '../../src/load/apply.js';
import { openMaps } from '../../src/load/attachment.js';
import { loadNative } from '../../src/load/native.js';
import { mapTables } from '../../src/load/table-mapping.js';
import { linkState } from '../../src/load/xdp-on-device.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { SetId } from '../../src/model/set.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { createUpdater, type Updater } from '../../src/update/updater.js';
import { sourceOf } from '../traffic/sources.js';
import { deviceAddress } from '../traffic/target.js';

export type Order =
  /** Plans these files and attaches what comes of it, in place of what was attached before. */
  | { readonly op: 'attach'; readonly files: readonly string[]; readonly bpffs: string }
  /** Reads the counters of what is attached: all of them, summed over the CPUs. At least so many. */
  | { readonly op: 'counters'; readonly count: number }
  /** So many elements of the set `bad`, of those that begin there (`sourceOf`). */
  | { readonly op: 'add' | 'remove'; readonly first: number; readonly count: number };

const native = loadNative();
let updater: Updater | null = null;
let counters: { readonly fd: number; readonly count: number } | null = null;

async function attach(files: readonly string[], bpffs: string): Promise<void> {
  const now = Date.now();
  const texts = files.map((file) => ({ file, text: readFileSync(file, 'utf8'), takenAt: now }));
  const { ruleset } = readRuleset(texts);
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts: null, strict: false, follow: true });
  const spare =
    plan.followed === null ? {} : { spare: (made: typeof plan.prefilter) => spareFor(made, Math.floor(now / 1000)) };
  const { image, layout } = compileWithLayout(plan.prefilter, spare);
  const programId = await install(image, bpffs);
  const { maps } = await openMaps(native, bpffs, 'eth0', programId);
  counters = { fd: maps.counters.fd, count: image.counters };
  updater = createUpdater(plan, layout, mapTables(native, maps.tables).bytes);
}

async function install(image: Image, bpffs: string): Promise<number> {
  const ifindex = linkState('eth0')?.ifindex ?? 0;
  const mac = Number(`0x${deviceAddress.replaceAll(':', '')}`);
  const devices = [{ name: 'eth0', ifindex, mac, position: 0 }];
  const [applied] = await apply(native, { image, devices, mode: 'native', bpffs, verify: async () => undefined });
  return applied!.programId;
}

function change(op: 'add' | 'remove', first: number, count: number): void {
  const lo = Uint32Array.from({ length: count }, (_, i) => sourceOf(first, i)).sort();
  const done = updater?.apply([{ set: 'ipset:bad' as SetId, op, ranges: { family: 4, count, lo, hi: lo } }]);
  const reason = done?.replan[0]?.reason;
  if (done?.elements !== count || reason !== undefined)
    throw new Error(`${done?.elements ?? 0} of ${count} elements changed in place: ${reason ?? 'nothing is attached'}`);
}

function readCounters(least: number): void {
  if (counters === null || counters.count < least) throw new Error(`there are ${counters?.count ?? 0} counters`);
  native.readCounters(counters.fd, counters.count);
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  const begin = performance.now();
  if (order.op === 'attach') await attach(order.files, order.bpffs);
  else if (order.op === 'counters') readCounters(order.count);
  else change(order.op, order.first, order.count);
  process.stdout.write(`${performance.now() - begin}\n`);
}
