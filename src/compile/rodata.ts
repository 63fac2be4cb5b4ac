/** Writes `struct config` (bpf/abi.h), the constants that the program is specialised by. */
import { config, offsetOf, prefixTablesPerFamily, sizeOf, slots, tupleTablesPerFamily, type Struct } from './abi.js';
import type { FamilyImage } from './family.js';
import type { Numbers } from './table-numbers.js';
import type { DeviceConfig } from './image.js';
import { labelAt } from './small-table.js';

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** `clockStart`: CLOCK_MONOTONIC, in nanoseconds, when the first element expires; negative when that was before the host started. */
export function rodataBytes(
  numbers: Numbers,
  ip: FamilyImage,
  ip6: FamilyImage,
  device: DeviceConfig,
  clockStart: bigint,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(sizeOf(config)));
  for (let i = 0; i < 6; i++) view.setUint8(i, Math.floor(device.mac / 2 ** (40 - 8 * i)) % 256);
  const { calledOn = 0, vlan, callsRounds = false } = device;
  view.setUint8(offsetOf(config, 'calls_rounds'), Number(callsRounds));
  view.setUint8(offsetOf(config, 'selective'), Number(calledOn !== 0 || vlan !== undefined));
  writeNumbers(view, config, 0, {
    ...numbers,
    ifindex: calledOn,
    vlan: vlan === undefined ? 0 : vlan.type * 65536 + vlan.id,
    vlan_ifindex: vlan?.ifindex ?? 0,
  });
  view.setBigInt64(offsetOf(config, 'clock_start'), clockStart, littleEndian);
  writeFamily(view, 'ip', ip, device);
  writeFamily(view, 'ip6', ip6, device);
  return new Uint8Array(view.buffer);
}

function writeFamily(view: DataView, name: 'ip' | 'ip6', family: FamilyImage, device: DeviceConfig): void {
  const [base, struct] = element(config, name, 0);
  writeNumbers(view, struct, base, { ...family.numbers, by_source: Number(isDecidedBySource(family.numbers)) });
  family.layout.placement.clusters?.forEach((group, i) =>
    view.setUint32(base + offsetOf(struct, 'clusters') + i * 4, group, littleEndian),
  );
  for (const { slot, numbers, device: labels } of family.fields) {
    const [at, field] = element(struct, 'field', slot);
    writeNumbers(view, field, base + at, numbers);
    if (slot === slots.device && labels !== null) {
      writeNumbers(view, field, base + at, { labels: labelAt(labels, device.position) });
    }
  }
  for (const { side, numbers } of family.address) {
    const [at, address] = element(config, 'address', side + (name === 'ip' ? 0 : 2));
    writeNumbers(view, address, at, numbers);
  }
  for (const { table, numbers } of family.prefixes) {
    const [at, prefix] = element(config, 'prefix', table + (name === 'ip' ? 0 : prefixTablesPerFamily));
    writeNumbers(view, prefix, at, numbers);
  }
  for (const { table, numbers } of family.tuples) {
    const [at, tuple] = element(config, 'tuple', table + (name === 'ip' ? 0 : tupleTablesPerFamily));
    writeNumbers(view, tuple, at, numbers);
  }
}

const isDecidedBySource = ({ enabled, used, decisions = 0, skips }: Numbers): boolean =>
  enabled === 1 && used === 1 << slots.saddr && decisions > 0 && skips === 0;

/** Offset and struct of one element of an array of structs. */
function element(struct: Struct, name: string, index: number): [number, Struct] {
  const member = struct.members.find(([each]) => each === name);
  if (member === undefined || typeof member[1] === 'number') throw new Error(`bug: ${name} is no struct`);
  return [offsetOf(struct, name) + index * sizeOf(member[1]), member[1]];
}

function writeNumbers(view: DataView, struct: Struct, at: number, numbers: Numbers): void {
  for (const [name, value] of Object.entries(numbers)) view.setUint32(at + offsetOf(struct, name), value, littleEndian);
}
