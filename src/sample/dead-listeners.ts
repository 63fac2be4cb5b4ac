/**
 * What listeners leave that were killed: programs stop by themselves to give them samples, but their rings stay in `samples`, a mebibyte each, for as
 * long as the program runs. Whoever comes next clears them away.
 */
import { monotonicNow } from '../load/clock.js';
import { ControlMap, type ListenerPlace } from '../load/control-map.js';
import type { Descriptor } from '../load/descriptor.js';
import type { Maps } from '../load/load-image.js';
import type { NativeApi } from '../load/native-api.js';

/** Nanoseconds without a sign of life after which a listener is taken to be dead. */
export const patience = 3_000_000_000n;

export const placeKey = ({ index }: ListenerPlace): Uint8Array => new Uint8Array(Uint32Array.of(index).buffer);

/** Gives back a place that is the caller's `until` then, and its ring. */
export function leavePlace(native: NativeApi, samples: Descriptor, place: ListenerPlace, until: bigint): void {
  place.listening = false;
  native.deleteElement(samples.fd, placeKey(place));
  place.replaceUntil(until, 0n);
}

/** Each place whose time is up is taken and given back, as a listener would: so nobody else takes it meanwhile, and two may do it at once. */
export function clearDeadListeners(native: NativeApi, control: ControlMap, samples: Descriptor): void {
  const now = monotonicNow();
  for (const place of control.places) {
    const old = place.until;
    if (old === 0n || old > now || !place.replaceUntil(old, now + patience)) continue;
    leavePlace(native, samples, place, now + patience);
  }
}

/** Of a program whose maps are open. Throws NativeError. */
export function clearDeadListenersOf(native: NativeApi, maps: Pick<Maps, 'control' | 'samples'>): void {
  const control = new ControlMap(native, maps.control);
  try {
    clearDeadListeners(native, control, maps.samples);
  } finally {
    control.close();
  }
}
