/** Filters that are replaced while packets come, by the process that follows the host and by the library, which needs no time to look at it. */
import { addresses } from '../../test/kernel/watch/addresses.js';
import type { Host, Watcher } from '../../test/kernel/watch/host.js';
import { measurementOf } from '../harness/interleave.js';
import { LineProcess } from '../harness/line-process.js';
import { measuringCore } from '../harness/processor.js';
import type { Measurement } from '../harness/result.js';
import { packets, scenarios, who } from './names.js';

const { bad } = addresses;

/** XDP drops all that is blocked before and after each replacement, so nothing of it may pass meanwhile. */
async function leaksDuring(host: Host, replace: () => Promise<Measurement>): Promise<Measurement[]> {
  await host.droppedEarly(bad);
  const counts = async (): Promise<[number, number]> => [await host.traffic.sent(bad), await host.seen(bad)];
  const before = await counts();
  const took = await replace();
  const after = await counts();
  const row = (subject: string, i: 0 | 1): Measurement =>
    measurementOf({ subject, scenario: scenarios.packets, size: took.samples.length, unit: 'packets' }, [
      after[i] - before[i],
    ]);
  return [took, row(packets.leaked, 1), row(packets.blocked, 0)];
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
  const found = await leaksDuring(host, async () => {
    const milliseconds: number[] = [];
    for (let done = 0; done < times; done++) {
      if (done % 10 === 0) tell(done);
      milliseconds.push(Number(await script.ask('attach')));
    }
    return measurementOf({ subject: who.library, scenario: scenarios.step, size: times, unit: 'ms' }, milliseconds);
  });
  await script.ask('detach');
  script.stop();
  return found;
} // prettier-ignore

/** `rules`: that there are. */
export const replacedByWatcher = (
  host: Host,
  watcher: Watcher,
  rules: number,
  amount: Amount,
): Promise<Measurement[]> => leaksDuring(host, () => replacedAnew(watcher, rules, amount));

/** As many as that, or as fit into so many seconds. */
export interface Amount {
  readonly times: number;
  readonly seconds: number;
}

const told = /planned anew and replaced in ([\d.]+) (ms|s)/g;

/** Milliseconds of each, as the process tells them. */
export const replacements = (watcher: Watcher): readonly number[] =>
  [...watcher.said.matchAll(told)].map(([, n, unit]) => Number(n) * (unit === 's' ? 1000 : 1));

/** By SIGHUP, one after the other. */
export async function replacedAnew(watcher: Watcher, rules: number, { times, seconds }: Amount): Promise<Measurement> {
  const before = replacements(watcher).length;
  const end = performance.now() + seconds * 1000;
  for (let done = 0; done < times && (done === 0 || performance.now() < end); done++) {
    watcher.child.kill('SIGHUP');
    await watcher.says(told, before + done + 1);
  }
  const milliseconds = replacements(watcher).slice(before);
  return measurementOf({ subject: who.watcher, scenario: scenarios.anew, size: rules, unit: 'ms' }, milliseconds);
}
