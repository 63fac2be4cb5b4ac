/**
 * How long programs go on to drop without being told again: what is known of sets, addresses and rules gets old, and when nobody renews it,
 * everything is passed. The lease is also the valve that passes everything at once.
 *
 * It is counted by CLOCK_MONOTONIC, which stands still while the host is suspended: nothing that the plan rests on can change then, for
 * whoever would change it is suspended too, and element timeouts of ipset and nft are counted by jiffies, which stand still as well. The program
 * reads the clock once a tick, as of the last tick (bpf_ktime_get_coarse_ns): when the time is up it may drop for two ticks more, 20 ms at most.
 * Told to pass, it does so with the next packet.
 */
import { monotonicNow } from './clock.js';
import { ControlMap } from './control-map.js';
import type { Descriptor } from './descriptor.js';
import { LoadError } from './load-error.js';
import type { NativeApi } from './native-api.js';

export interface Lease {
  /** Drops for so many seconds from now; `Infinity`: until told otherwise. */
  readonly renew: (seconds: number) => void;
  /** From the next packet on everything is passed, until it is renewed. */
  readonly passAll: () => void;
  /** Seconds that are left; negative: since it ran out; -Infinity: everything is passed because it was told so. */
  readonly left: () => number;
  readonly close: () => void;
}

/** Nothing at all is before this. */
const never = 0n;
const forEver = 2n ** 64n - 1n;

/** `control`: the map of programs that were loaded with `leased`; all that share it share the lease. Throws LoadError of any others. */
export function openLease(native: NativeApi, control: Pick<Descriptor, 'fd'>): Lease {
  const map = new ControlMap(native, control);
  if (!map.leased) {
    map.close();
    throw new LoadError({
      errno: 0,
      step: 'open lease',
      message: 'the program that runs knows no lease: it drops for as long as it is attached',
      hint: 'attach again with a lease',
    });
  }
  return {
    renew: (seconds) => {
      map.dropUntil = seconds === Infinity ? forEver : monotonicNow() + BigInt(Math.round(seconds * 1e9));
    },
    passAll: () => {
      map.dropUntil = never;
    },
    left: () => secondsLeft(map.dropUntil),
    close: () => map.close(),
  };
}

export function secondsLeft(until: bigint): number {
  if (until === never) return -Infinity;
  return until === forEver ? Infinity : Number(until - monotonicNow()) / 1e9;
}
