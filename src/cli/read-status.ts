/** What is attached and what it has dropped, asked of the kernel and put into words by what was recorded when attaching. */
import { counter, sizeOf } from '../compile/abi.js';
import { attachmentOf, openMaps, pinnedDevices } from '../load/attachment.js';
import type { NativeApi } from '../load/native-api.js';
import type { DeviceStatus, RuleDrops } from '../report/status-report.js';
import type { InstallRecord } from '../state/install-record.js';
import { readRecord } from '../state/journal.js';

export interface Places {
  readonly bpffs: string;
  readonly state: string;
}

/** Throws LoadError. */
export async function readStatus(native: NativeApi, places: Places): Promise<readonly DeviceStatus[]> {
  const devices: DeviceStatus[] = [];
  for (const device of pinnedDevices(places.bpffs)) {
    const status = await deviceStatus(native, device, places);
    if (status !== null) devices.push(status);
  }
  return devices;
}

/** Null: a pin without a filter that runs on this device. */
async function deviceStatus(native: NativeApi, device: string, { bpffs, state }: Places): Promise<DeviceStatus | null> {
  const attachment = await attachmentOf(native, bpffs, device);
  if (attachment.kind !== 'attached') return null;
  const { programId, mode } = attachment;
  const { maps, close } = await openMaps(native, programId);
  try {
    const entries = Math.floor(native.mapInfo(maps.counters.fd).valueSize / sizeOf(counter));
    const counters = native.readPerCpu(maps.counters.fd, 0, entries, 2);
    const stats = native.readPerCpu(maps.stats.fd, 0, native.mapInfo(maps.stats.fd).maxEntries, 1);
    const record = readRecord(state, device, programId);
    return {
      device,
      mode,
      programId,
      counters: native.mapInfo(maps.counters.fd).id,
      attachedAt: record?.attachedAt ?? null,
      files: record?.files ?? [],
      passed: stats.reduce((sum, n) => sum + n, 0n),
      drops: { packets: sumOf(counters, 0, entries, 0), bytes: sumOf(counters, 0, entries, 1) },
      rules: record === null ? null : dropsByRule(record, counters),
    };
  } finally {
    close();
  }
}

function dropsByRule({ counters: runs, texts }: InstallRecord, counters: BigUint64Array): readonly RuleDrops[] {
  const drops = new Map<string, RuleDrops>();
  for (const { rule, first, counters: length } of runs) {
    const before = drops.get(rule);
    drops.set(rule, {
      rule,
      text: texts[rule] ?? '',
      packets: (before?.packets ?? 0n) + sumOf(counters, first, length, 0),
      bytes: (before?.bytes ?? 0n) + sumOf(counters, first, length, 1),
    });
  }
  return [...drops.values()];
}

/** Counters are pairs: packets (0), bytes (1). */
function sumOf(counters: BigUint64Array, first: number, length: number, which: 0 | 1): bigint {
  let sum = 0n;
  for (let i = first; i < first + length; i++) sum += counters[2 * i + which] ?? 0n;
  return sum;
}
