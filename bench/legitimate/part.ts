/** What a firewall costs the traffic that it lets through: single packets, then requests to a server. */
import { withNamespaces, type Net } from '../../test/kernel/namespace.js';
import { interleave, type Subject } from '../harness/interleave.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import { measuringCore, otherCore } from '../harness/processor.js';
import type { Measurement } from '../harness/result.js';
import { Sender } from '../traffic/sender.js';
import { freeFirst } from '../traffic/sources.js';
import { arrived, makeTarget, type Target } from '../traffic/target.js';
import { load, type Load } from '../web/client.js';
import { makeSite, type Site } from '../web/site.js';
import { firewalls } from './firewalls.js';
import { noRules, scenarios } from './names.js';

const sampleNs = { full: 60_000_000, quick: 6_000_000 };
const fewest = 1000;

/** Name and rules; the first is without. */
function variants(sizes: readonly number[]): { name: string; size: number; set: (net: Net, ns: string) => Promise<void> }[] {
  const nothing = { name: noRules, size: 0, set: async (): Promise<void> => undefined };
  const made = sizes.flatMap((size) =>
    firewalls.map(({ name, set }) => ({ name, size, set: (net: Net, ns: string) => set(net, ns, size) })),
  );
  return [nothing, ...made];
} // prettier-ignore

async function packets(net: Net, sizes: readonly number[], context: Context, seconds: number): Promise<Measurement[]> {
  const ns = net.namespace('sender');
  const sender = Sender.start(net, ns, measuringCore);
  const subjects: Subject[] = [];
  const targets: { name: string; target: Target }[] = [];
  for (const [number, { name, size, set }] of variants(sizes).entries()) {
    context.tell(`${name}, ${size} rules`);
    const target = await makeTarget(net, ns, number);
    await set(net, target.ns);
    const burst = { ifindex: target.ifindex, first: freeFirst, sources: 256 };
    const roughly = await sender.send({ ...burst, packets: fewest });
    const count = Math.round(Math.max(fewest, (context.quick ? sampleNs.quick : sampleNs.full) / roughly));
    const measure = (): Promise<number> => sender.send({ ...burst, packets: count });
    subjects.push({ subject: name, scenario: scenarios.packets, size, unit: 'ns/packet', measure });
    targets.push({ name, target });
  }
  const observe = (round: number, rounds: number): void => context.tell(`packets: round ${Math.max(0, round)} of ${rounds}`);
  const found = await interleave(subjects, { rounds: context.rounds, seconds, observe });
  for (const { name, target } of targets)
    if (!((await arrived(net, target.ns)) > 0)) throw new Error(`${name}: legitimate packets did not arrive`);
  return found;
} // prettier-ignore

function httpSubjects(net: Net, { client }: Site, name: string, size: number, seconds: number): Subject[] {
  let last: Load | null = null;
  const what = { subject: name, size } as const;
  const one = async (): Promise<number> => {
    last = await load(net, client, otherCore, 1, seconds);
    return last.latency.median;
  };
  const many = async (): Promise<number> => (await load(net, client, otherCore, 32, seconds)).requests;
  const late = { ...what, scenario: scenarios.late, unit: 'ms', take: () => last?.latency.late ?? NaN } as const;
  return [
    { ...what, scenario: scenarios.requests, unit: 'requests/s', measure: many },
    { ...what, scenario: scenarios.median, unit: 'ms', measure: one, beside: [late] },
  ];
}

async function http(net: Net, sizes: readonly number[], context: Context, seconds: number): Promise<Measurement[]> {
  const subjects: Subject[] = [];
  for (const [number, { name, size, set }] of variants(sizes).entries()) {
    context.tell(`HTTP: ${name}, ${size} rules`);
    const site = await makeSite(net, number);
    await set(net, site.target.ns);
    subjects.push(...httpSubjects(net, site, name, size, 1));
  }
  const observe = (round: number, rounds: number): void => context.tell(`HTTP: round ${Math.max(0, round)} of ${rounds}`);
  return interleave(subjects, { rounds: context.rounds, seconds, observe });
} // prettier-ignore

async function run(context: Context): Promise<Outcome> {
  const many = context.quick ? [100, 1000] : [100, 1000, 10_000, 100_000];
  const few = context.quick ? [1, 30] : [1, 3, 10, 30];
  const log = { log: (...lines: string[]) => lines.forEach(context.tell) };
  const measurements = [
    ...(await withNamespaces(log, (net) => packets(net, [...few, ...many], context, context.seconds * 0.3))),
    ...(await withNamespaces(log, (net) => http(net, many, context, context.seconds * 0.7))),
  ];
  return { settings: { rounds: context.rounds, serverCore: measuringCore, clientCore: otherCore }, measurements };
}

export const legitimate: Part = {
  title: 'Legitimate traffic',
  packages: ['iptables', 'nginx-light', 'wrk'],
  seconds: 200,
  run,
};
