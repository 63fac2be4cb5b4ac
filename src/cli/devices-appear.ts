/** At boot a command may be there before the devices. */
import { setTimeout } from 'node:timers/promises';
import { readLinks } from '../host/links.js';

/** Milliseconds. */
const interval = 250;

/** Resolves when all are there, or `seconds` are over: what is missing then is told by the preflight. */
export async function devicesAppear(devices: readonly string[], seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const names = new Set(readLinks().map(({ ifname }) => ifname));
    if (devices.every((device) => names.has(device))) return;
    await setTimeout(interval);
  }
}
