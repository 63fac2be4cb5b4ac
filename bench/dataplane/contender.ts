/** A program, and the keys that it is fed with: loaded only if something of it is selected. */
import type { NativeApi } from '../../src/load/native-api.js';
import { nameOf, type Subject } from '../harness/interleave.js';
import type { Context } from '../harness/part.js';
import { Driver, withKey, type Program } from './driver.js';
import type { Keys } from './keys.js';

export interface Feed {
  readonly scenario: string;
  readonly keys: () => Keys;
  readonly frame: Uint8Array;
  /** Verdicts are not compared with what the keys say: the program answers everything alike. */
  readonly unchecked?: true;
  /** The first key only, written into the frame beforehand: the program runs without the driver, from the nearest cache. */
  readonly oneKey?: true;
}

export interface Contender {
  readonly subject: string;
  readonly size: number | null;
  readonly feeds: readonly Feed[];
  readonly load: () => Promise<Program | LeftOut> | Program;
}

export interface LeftOut {
  /** What, and why. */
  readonly leftOut: string;
}

/** Nanoseconds per packet of so many. */
type Run = (repeat: number) => Promise<number>;

/** Nanoseconds that one sample takes, about. */
const sampleNs = { full: 60_000_000, quick: 4_000_000 };
const trial = 20_000;
const fewest = 50_000;
const most = 4_000_000;

export async function subjectsOf(
  native: NativeApi,
  contenders: readonly Contender[],
  context: Context,
): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const { subject, size, feeds, load } of contenders) {
    const what = feeds.map((feed) => ({ ...feed, subject, size, unit: 'ns/packet' as const }));
    const wanted = what.filter((one) => context.only.test(nameOf(one)));
    if (wanted.length === 0) continue;
    context.tell(`loading ${subject}${size === null ? '' : `, ${size}`}`);
    const program = await load();
    if ('leftOut' in program) {
      context.remark(program.leftOut);
      continue;
    }
    for (const feed of wanted) {
      const run = await runnerOf(native, program, feed, nameOf(feed));
      const wish = (context.quick ? sampleNs.quick : sampleNs.full) / Math.max(1, await run(trial));
      const repeat = Math.round(Math.min(most, Math.max(context.quick ? trial : fewest, wish)));
      const { scenario, unit } = feed;
      // Whoever was measured before has left the caches to itself; in a flood they are the program's own.
      const measure = async (): Promise<number> => {
        await run(repeat);
        return run(repeat);
      };
      subjects.push({ subject, scenario, size, unit, measure });
    }
  }
  return subjects;
}

async function runnerOf(native: NativeApi, program: Program, feed: Feed, name: string): Promise<Run> {
  const keys = feed.keys();
  if (feed.oneKey === true) {
    const frame = withKey(feed.frame, keys);
    return async (repeat) => (await native.testRunTimed(program.fd, 0, frame, repeat)).nanoseconds;
  }
  const driver = await Driver.load(native, program, keys, feed.frame);
  if (feed.unchecked !== true) await driver.check(name);
  return (repeat) => driver.run(repeat);
}
