/** What the programs that are about to be replaced have counted: held open, for the last packet counts too. */
import type { NativeApi } from '../load/native-api.js';
import { pinnedDevices } from '../load/attachment.js';
import type { DeviceStatus, RuleDrops } from '../report/status-report.js';
import type { Totals } from '../state/carry.js';
import { openStatus, type OpenStatus, type Places } from './read-status.js';

export interface Replaced {
  readonly read: () => Totals;
  readonly close: () => void;
}

/** Null: none of the devices has a filter of ours, or theirs counts for other devices too, where it goes on. */
export async function openReplaced(
  native: NativeApi,
  devices: readonly string[],
  places: Places,
): Promise<Replaced | null> {
  const opened: OpenStatus[] = [];
  for (const device of devices) {
    const status = await openStatus(native, device, places);
    if (status !== null) opened.push(status);
  }
  const close = (): void => opened.forEach((one) => one.close());
  const read = (): Totals => {
    // Devices that were attached together share their counters.
    const ones = new Map(opened.filter((one) => counters.has(one.counters)).map((one) => [one.counters, one]));
    const all = [...ones.values()].map((one) => one.read());
    return {
      passed: all.reduce((sum, { passed }) => sum + passed, 0n),
      drops: {
        packets: all.reduce((sum, { drops }) => sum + drops.packets, 0n),
        bytes: all.reduce((sum, { drops }) => sum + drops.bytes, 0n),
      },
      rules: byRule(all),
    };
  };
  const counters = new Set(opened.map((one) => one.counters));
  for (const device of pinnedDevices(places.bpffs).filter((name) => !devices.includes(name))) {
    const other = await openStatus(native, device, places);
    if (other === null) continue;
    counters.delete(other.counters);
    other.close();
  }
  if (counters.size > 0) return { read, close };
  close();
  return null;
}

/** Of filters that become one. */
function byRule(all: readonly DeviceStatus[]): readonly RuleDrops[] {
  const [only] = all;
  if (only !== undefined && all.length === 1) return only.rules ?? [];
  const drops = new Map<string, RuleDrops>();
  for (const each of all.flatMap(({ rules }) => rules ?? [])) {
    const { packets, bytes } = drops.get(each.rule) ?? { packets: 0n, bytes: 0n };
    drops.set(each.rule, { ...each, packets: packets + each.packets, bytes: bytes + each.bytes });
  }
  return [...drops.values()];
}
