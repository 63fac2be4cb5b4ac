/** Values that occur in the frames made so far, to be combined at random. */
import type { FrameSpec } from './build-frame.js';

const fields = [
  'saddr',
  'daddr',
  'protocol',
  'sport',
  'dport',
  'tcpFlags',
  'icmpType',
  'icmpCode',
  'ttl',
  'tos',
  'payload',
] as const satisfies readonly (keyof FrameSpec)[];

const POOL = 512;

export interface ValuePools {
  readonly add: (spec: FrameSpec) => void;
  readonly combine: (base: FrameSpec) => FrameSpec;
}

export function valuePools(random: (bound: number) => number): ValuePools {
  const pools = new Map<(typeof fields)[number], unknown[]>(fields.map((field) => [field, []]));
  return {
    add: (spec) => {
      for (const [field, pool] of pools) {
        if (pool.length < POOL) pool.push(spec[field]);
        // Later values replace earlier ones now and then, so that long rulesets are not represented by their head.
        else if (random(8) === 0) pool[random(POOL)] = spec[field];
      }
    },
    combine: (base) => {
      const picked = Object.fromEntries([...pools].map(([field, pool]) => [field, pool[random(pool.length)]]));
      return { ...base, ...(picked as Partial<FrameSpec>) };
    },
  };
}
