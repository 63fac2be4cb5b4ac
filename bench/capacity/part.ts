/** Drop capacity live: what a frame costs until it is dropped, each defence in a namespace of its own. */
import { withNamespaces, type Net } from '../../test/kernel/namespace.js';
import { interleave, type Subject } from '../harness/interleave.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import { measuringCore } from '../harness/processor.js';
import type { Measurement } from '../harness/result.js';
import { defencesFor } from '../traffic/defences.js';
import { Sender } from '../traffic/sender.js';
import { blockedFirst, blockedSources } from '../traffic/sources.js';
import { arrived, makeTarget, type Target } from '../traffic/target.js';
import { scenarios } from './names.js';

const sampleNs = { full: 80_000_000, quick: 10_000_000 };
const trial = 20_000;

interface Defended {
  readonly name: string;
  readonly target: Target;
}

async function defend(net: Net, sender: string, sources: number, context: Context): Promise<Defended[]> {
  const list = blockedSources(sources);
  const defended: Defended[] = [];
  for (const [number, { name, set }] of defencesFor(sources).entries()) {
    context.tell(`${name}, ${sources} sources`);
    const target = await makeTarget(net, sender, number);
    await set(net, target.ns, list);
    defended.push({ name, target });
  }
  return defended;
}

interface Flood {
  readonly scenario: string;
  readonly sender: Sender;
  readonly ifindex: number;
  readonly sources: number;
}

async function subjectOf(
  name: string,
  { scenario, sender, ifindex, sources }: Flood,
  quick: boolean,
): Promise<Subject> {
  const burst = { ifindex, first: blockedFirst, sources };
  const roughly = await sender.send({ ...burst, packets: trial });
  const packets = Math.round(Math.max(trial, (quick ? sampleNs.quick : sampleNs.full) / roughly));
  const measure = (): Promise<number> => sender.send({ ...burst, packets });
  return { subject: name, scenario, size: sources, unit: 'ns/packet', measure };
}

/** A defence that lets packets through would look fast or slow for the wrong reason. */
async function mustHaveDropped(net: Net, { name, target }: Defended): Promise<void> {
  const through = await arrived(net, target.ns);
  if (through !== 0) throw new Error(`${name}: ${through} packets got through`);
}

async function block(net: Net, sources: number, context: Context, seconds: number): Promise<Measurement[]> {
  const ns = net.namespace('sender');
  const defended = await defend(net, ns, sources, context);
  const sender = Sender.start(net, ns, measuringCore);
  const subjects: Subject[] = [];
  for (const { name, target } of defended) {
    const driver = Sender.arriving(net, target.ns, measuringCore);
    const handedOver = { scenario: scenarios.driver, sender: driver, ifindex: target.own, sources };
    const sent = { scenario: scenarios.veth, sender, ifindex: target.ifindex, sources };
    for (const flood of [handedOver, sent]) subjects.push(await subjectOf(name, flood, context.quick));
  }
  const observe = (round: number, rounds: number): void =>
    context.tell(`${sources} sources: round ${Math.max(0, round)} of ${rounds}`);
  const measurements = await interleave(subjects, { rounds: context.rounds, seconds, observe });
  for (const one of defended) await mustHaveDropped(net, one);
  return measurements;
}

async function run(context: Context): Promise<Outcome> {
  const sizes = context.quick ? [1024] : [1024, 8192, 131_072];
  const measurements: Measurement[] = [];
  for (const sources of sizes) {
    const log = { log: (...lines: string[]) => lines.forEach(context.tell) };
    const found = withNamespaces(log, (net) => block(net, sources, context, context.seconds / sizes.length));
    measurements.push(...(await found));
  }
  return { settings: { core: measuringCore, rounds: context.rounds }, measurements };
}

export const capacity: Part = {
  title: 'Drop capacity',
  packages: ['xdp-tools', 'iptables', 'ipset', 'nftables', 'bpftool'],
  seconds: 150,
  run,
};
