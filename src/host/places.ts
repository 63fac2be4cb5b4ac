/** Where the program for a device is attached: to the device; of a VLAN device, in native mode, to the device it stands on. */
import type { HostDevice } from '../model/host.js';

export interface Place {
  /** What is covered. */
  readonly device: HostDevice;
  /** Where the program is. */
  readonly at: HostDevice;
}

export interface PlaceOptions {
  readonly mode: 'native' | 'generic';
  /** Somebody else's program, who runs on the device itself, calls ours, or is called by it. */
  readonly chain?: unknown;
  readonly before?: unknown;
}

/** Whether VLAN devices are covered through what they stand on: they have no native XDP themselves. */
export const coversThrough = ({ mode, chain, before }: PlaceOptions): boolean =>
  mode === 'native' && chain === undefined && before === undefined;

/** A VLAN device whose lower device is not known is taken for any other. */
export function placeIn(devices: readonly HostDevice[], device: HostDevice, options: PlaceOptions): Place {
  const lower = coversThrough(options) ? devices.find(({ name }) => name === device.vlan?.lower) : undefined;
  return { device, at: lower ?? device };
}
