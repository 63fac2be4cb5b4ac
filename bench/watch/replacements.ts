/** Filters that are replaced while packets come, by the process that follows the host and by the library, which needs no time to look at it. */
import { addresses } from '../../test/kernel/watch/addresses.js';
import type { Host, Watcher } from '../../test/kernel/watch/host.js';
import { measurementOf } from '../harness/interleave.js';
import { LineProcess } from '../harness/line-process.js';
import { measuringCore } from '../harness/processor.js';
import type { Measurement } from '../harness/result.js';
import { packets, scenarios, who } from './names.js';

const { bad } = addresses;

/** What became of blocked packets while filters were replaced. */
interface Leaks {
  readonly sent: number;
  readonly passed: number;
}

/** XDP drops all that is blocked before and after each replacement, so nothing of it may pass meanwhile. */
async function leaksDuring(host: Host, replace: () => Promise<void>): Promise<Leaks> {
  await host.droppedEarly(bad);
  const counts = async (): Promise<Leaks> => ({ sent: await host.traffic.sent(bad), passed: await host.seen(bad) });
  const before = await counts();
  await replace();
  const after = await counts();
  return { sent: after.sent - before.sent, passed: after.passed - before.passed };
}

function leakRows(leaks: readonly Leaks[], times: number): Measurement[] {
  const row = (subject: string, of: (one: Leaks) => number): Measurement =>
    measurementOf({ subject, scenario: scenarios.packets, size: times, unit: 'packets' }, [
      leaks.reduce((sum, one) => sum + of(one), 0),
    ]);
  return [row(packets.leaked, ({ passed }) => passed), row(packets.blocked, ({ sent }) => sent)];
}

/** Leaves the host without a filter. `tell`: how many are done. */
export async function replacedByLibrary(
  host: Host,
  times: number,
  tell: (done: number) => void,
): Promise<Measurement[]> {
  const args = [host.net.bpffs(), host.net.directory()];
  const script = LineProcess.start(host.net, host.ns, { file: 'test/kernel/fixture/replace-run.ts', args, core: measuringCore });
  await script.ask('attach');
  const milliseconds: number[] = [];
  const leaks = await leaksDuring(host, async () => {
    for (let done = 0; done < times; done++) {
      if (done % 10 === 0) tell(done);
      milliseconds.push(Number(await script.ask('attach')));
    }
  });
  await script.ask('detach');
  script.stop();
  const took = measurementOf({ subject: who.library, scenario: scenarios.step, size: times, unit: 'ms' }, milliseconds);
  return [took, ...leakRows([leaks], times)];
} // prettier-ignore

/** A host, and the process that looks after it. */
export interface Followed {
  readonly host: Host;
  readonly watcher: Watcher;
}

/**
 * So many by the process of one host, of which the times are; then by both side by side, each one after the other, until there are as many as
 * that, or as fit into so many seconds. `rules`: that each host has.
 */
export async function replacedByWatchers(
  [first, second]: readonly [Followed, Followed],
  rules: number,
  { times, seconds, alone }: Amount & { readonly alone: number },
  tell: (done: number) => void,
): Promise<Measurement[]> {
  const end = performance.now() + seconds * 1000;
  const before = replacements(first.watcher).length;
  const leaks = await leaksDuring(first.host, async () => {
    for (let done = 0; done < alone; done++) await replaceOnce(first.watcher);
  });
  const milliseconds = replacements(first.watcher).slice(before);
  const took = measurementOf({ subject: who.watcher, scenario: scenarios.anew, size: rules, unit: 'ms' }, milliseconds);
  let done = alone;
  const sideBySide = [first, second].map(({ host, watcher }) =>
    leaksDuring(host, async () => {
      while (done < times && performance.now() < end) {
        tell(++done);
        await replaceOnce(watcher);
      }
    }),
  );
  return [took, ...leakRows([leaks, ...(await Promise.all(sideBySide))], done)];
}

/** As many as that, or as fit into so many seconds. */
export interface Amount {
  readonly times: number;
  readonly seconds: number;
}

const told = /planned anew and replaced in ([\d.]+) (ms|s)/g;

/** Milliseconds of each, as the process tells them. */
export const replacements = (watcher: Watcher): readonly number[] =>
  [...watcher.said.matchAll(told)].map(([, n, unit]) => Number(n) * (unit === 's' ? 1000 : 1));

async function replaceOnce(watcher: Watcher): Promise<void> {
  const before = replacements(watcher).length;
  watcher.child.kill('SIGHUP');
  while (replacements(watcher).length === before) await watcher.saysMore();
}

/** By SIGHUP, one after the other. */
export async function replacedAnew(watcher: Watcher, rules: number, { times, seconds }: Amount): Promise<Measurement> {
  const before = replacements(watcher).length;
  const end = performance.now() + seconds * 1000;
  for (let done = 0; done < times && (done === 0 || performance.now() < end); done++) await replaceOnce(watcher);
  const milliseconds = replacements(watcher).slice(before);
  return measurementOf({ subject: who.watcher, scenario: scenarios.anew, size: rules, unit: 'ms' }, milliseconds);
}
