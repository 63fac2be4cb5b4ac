/** What is attached and what it has dropped, asked of the kernel and put into words by what was recorded when attaching. */
import { setTimeout } from 'node:timers/promises';
import { counter, passReasons, sizeOf } from '../compile/abi.js';
import { attachmentOf, isSeated, type OpenedMaps, openMaps, pinnedDevices } from '../load/attachment.js';
import { ControlMap } from '../load/control-map.js';
import { secondsLeft } from '../load/lease.js';
import type { NativeApi } from '../load/native-api.js';
import { nameOfProgram } from '../load/program-name.js';
import { handsTo } from '../load/theirs.js';
import type { DeviceStatus, RuleDrops, WatchStatus } from '../report/status-report.js';
import { clearDeadListenersOf } from '../sample/dead-listeners.js';
import type { CounterRun, InstallRecord } from '../state/install-record.js';
import { readRecord } from '../state/journal.js';
import { isAlive } from '../state/process-id.js';
import { readWatchRecord, type WatchRecord } from '../state/watch-record.js';

export interface Places {
  readonly bpffs: string;
  readonly state: string;
}

/** Throws LoadError. */
export async function readStatus(native: NativeApi, places: Places): Promise<readonly DeviceStatus[]> {
  const devices: DeviceStatus[] = [];
  for (const device of pinnedDevices(places.bpffs)) {
    const opened = await openStatus(native, device, places);
    if (opened === null) continue;
    try {
      devices.push(opened.read());
    } finally {
      opened.close();
    }
  }
  return devices;
}

/** A program's counters, held open: they can be read when another program runs already. */
export interface OpenStatus {
  /** Id of the map: devices that were attached together share it. */
  readonly counters: number;
  readonly read: () => DeviceStatus;
  readonly close: () => void;
}

/** Milliseconds between two tries to read it while the filter is replaced, and tries. */
const pause = 5;
const mostTries = 100;

/** Null: a pin without a filter that runs on this device. Throws LoadError. */
export async function openStatus(native: NativeApi, device: string, places: Places): Promise<OpenStatus | null> {
  for (let tries = 1; ; tries++) {
    const opened = await openWhole(native, device, places, tries === mostTries);
    if (opened !== 'being replaced') return opened;
    await setTimeout(pause);
  }
}

/** `anyway`: also what is not whole, and what stands in its way is thrown. */
async function openWhole(
  native: NativeApi,
  device: string,
  { bpffs, state }: Places,
  anyway: boolean,
): Promise<OpenStatus | 'being replaced' | null> {
  const attachment = await attachmentOf(native, bpffs, device);
  if (attachment.kind !== 'attached') return null;
  const { programId, mode, seat, through = null } = attachment;
  const opened = await openMaps(native, bpffs, device, programId).catch((error: unknown) => {
    if (anyway || isSeated(native, bpffs, device, programId)) throw error;
    return null;
  });
  if (opened === null) return 'being replaced';
  const { maps, close } = opened;
  const record = readRecord(state, device, programId);
  // A record goes with its program: one that still runs had it.
  const isWhole = isSettled(record) && isSeated(native, bpffs, device, programId);
  if (!isWhole && !anyway) {
    close();
    return 'being replaced';
  }
  clearDeadListenersOf(native, maps);
  const calledBy =
    seat.kind === 'chain'
      ? { programId: seat.caller.programId, name: seat.caller.programName, index: seat.index }
      : null;
  const to = handsTo(native, bpffs, device);
  const handedTo = typeof to === 'number' ? { programId: to, name: nameOfProgram(native, to) } : null;
  const entries = native.mapInfo(maps.counters.fd).valueSize / sizeOf(counter) / 2;
  const counterMap = native.mapInfo(maps.counters.fd).id;
  const earlier = record?.earlier;
  const read = (): DeviceStatus => {
    const counters = native.readCounters(maps.counters.fd, entries);
    const stats = native.readPerCpu(maps.stats.fd, 0, native.mapInfo(maps.stats.fd).maxEntries, 1);
    return {
      device,
      through,
      mode,
      calledBy,
      handsTo: handedTo,
      programId,
      counters: counterMap,
      attachedAt: record?.attachedAt ?? null,
      lease: leaseLeft(native, maps),
      files: record?.files ?? [],
      // What the device it stands on gets besides is not the VLAN's.
      passed: stats.reduce(
        (sum, n, reason) => (through !== null && reason === otherVlan ? sum : sum + n),
        BigInt(earlier?.passed ?? 0),
      ),
      drops: {
        packets: sumOf(counters, 0, entries, 0) + BigInt(earlier?.packets ?? 0),
        bytes: sumOf(counters, 0, entries, 1) + BigInt(earlier?.bytes ?? 0),
      },
      rules: record === null ? null : dropsByRule(record, watched(programId, state)?.added ?? [], counters),
      watch: watchStatus(device, programId, state),
    };
  };
  return { counters: counterMap, read, close };
}

const otherVlan = passReasons.indexOf('vlan');

/** Whoever died owing it has left what is known. */
const isSettled = (record: InstallRecord | null): boolean =>
  record?.unsettledBy === undefined || !isAlive(record.unsettledBy);

/** What a watcher has said of this program. */
function watched(programId: number, state: string): WatchRecord | null {
  const record = readWatchRecord(state);
  return record?.programs.includes(programId) === true ? record : null;
}

/** Of the process that looks after the device, or has made this program and ended. */
function watchStatus(device: string, programId: number, state: string): WatchStatus | null {
  const record = readWatchRecord(state);
  if (record === null) return null;
  const { process, since, lastChange, passing, elements, replaced, delays, devices, programs } = record;
  const alive = isAlive(process);
  if (alive ? !devices.includes(device) : !programs.includes(programId)) return null;
  return { pid: process.pid, isAlive: alive, since, lastChange, passing, elements, replaced, delays };
}

function leaseLeft(native: NativeApi, { control }: OpenedMaps['maps']): number | null {
  const map = new ControlMap(native, control);
  try {
    return map.leased ? secondsLeft(map.dropUntil) : null;
  } finally {
    map.close();
  }
}

function dropsByRule(
  { counters: runs, texts, earlier }: InstallRecord,
  added: readonly CounterRun[],
  counters: BigUint64Array,
): readonly RuleDrops[] {
  const drops = new Map<string, { rule: string; text: string; packets: bigint; bytes: bigint }>();
  const add = (rule: string, text: string, packets: bigint, bytes: bigint): void => {
    const known = drops.get(rule);
    if (known === undefined) {
      drops.set(rule, { rule, text, packets, bytes });
      return;
    }
    known.packets += packets;
    known.bytes += bytes;
  };
  for (const list of [runs, added])
    for (const { rule, first, counters: length } of list)
      add(rule, texts[rule] ?? '', sumOf(counters, first, length, 0), sumOf(counters, first, length, 1));
  for (const { rule, text, packets, bytes } of earlier?.rules ?? [])
    add(rule, texts[rule] ?? text, BigInt(packets), BigInt(bytes));
  return [...drops.values()];
}

/** Counters are pairs: packets (0), bytes (1). */
function sumOf(counters: BigUint64Array, first: number, length: number, which: 0 | 1): bigint {
  if (length === 1) return counters[2 * first + which] ?? 0n;
  let sum = 0n;
  for (let i = first; i < first + length; i++) sum += counters[2 * i + which] ?? 0n;
  return sum;
}
