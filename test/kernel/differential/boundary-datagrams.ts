/** A sample of the oracle's boundary frames as datagrams of their own. */
import type { Ruleset } from '../../../src/model/ruleset.js';
import { boundaryFrames } from '../../../src/oracle/boundary-frames.js';
import { bedFacts } from './firewall-case.js';
import { ipOffset, stamp } from './frame.js';
import type { Datagram } from './pool.js';
import { createRandom } from './random.js';

/** Most frames looked at before sampling. */
const considered = 40_000;

export function boundaryDatagrams(
  ruleset: Ruleset,
  forwarding: boolean,
  count: number,
  seed: number,
  first: number,
): Datagram[] {
  const found: { frame: Uint8Array; origin: string }[] = [];
  for (const batch of boundaryFrames(ruleset, bedFacts(forwarding), 'eth0', {
    seed,
    setFrames: 2000,
    randomFrames: count,
  })) {
    batch.origins.forEach((origin, i) => {
      const frame = batch.bytes.slice(i === 0 ? 0 : batch.ends[i - 1], batch.ends[i]);
      if (ipOffset(frame) !== null) found.push({ frame, origin });
    });
    if (found.length > considered) break;
  }
  const random = createRandom(seed);
  // partial shuffle: a fair sample in a random order, for neighbours in the list differ in one bit only
  for (let i = 0; i < Math.min(count, found.length); i++) {
    const other = i + random.below(found.length - i);
    [found[i], found[other]] = [found[other] as (typeof found)[number], found[i] as (typeof found)[number]];
  }
  return found.slice(0, count).map(({ frame, origin }, i): Datagram => {
    stamp(frame, first + i);
    return {
      index: first + i,
      version: ipOffset(frame)?.version ?? 4,
      shape: origin.replace(/^.*: /, ''),
      frames: [frame],
    };
  });
}
