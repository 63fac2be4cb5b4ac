/** How much of a web server is left under a flood, by what stands against it. */
import { withNamespaces, type Net } from '../../test/kernel/namespace.js';
import { interleave, type Subject } from '../harness/interleave.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import { measuringCore, otherCore } from '../harness/processor.js';
import { defencesFor } from '../traffic/defences.js';
import { Sender } from '../traffic/sender.js';
import { blockedFirst, blockedSources } from '../traffic/sources.js';
import { load } from '../web/client.js';
import { makeSite, type Site } from '../web/site.js';
import { defended, noDefence, scenarios } from './names.js';

const sources = 1024;
/** Seconds of each sample, and how much longer the flood lasts than the clients, at either end. */
const [seconds, lead] = [1, 0.2];

interface Defended {
  readonly name: string;
  readonly site: Site;
  readonly sender: Sender;
}

async function defend(net: Net, context: Context): Promise<Defended[]> {
  const nothing = { name: noDefence, set: async (): Promise<void> => undefined };
  const used = defencesFor(sources).filter(({ name }) => defended.includes(name));
  const made: Defended[] = [];
  for (const [number, { name, set }] of [nothing, ...used].entries()) {
    context.tell(name);
    const site = await makeSite(net, number);
    await set(net, site.target.ns, blockedSources(sources));
    made.push({ name, site, sender: Sender.start(net, site.client, measuringCore, !context.quick) });
  }
  return made;
}

function subjectOf(net: Net, { name, site, sender }: Defended, rate: number): Subject {
  let sent = 0;
  const burst = { ifindex: site.target.ifindex, first: blockedFirst, sources, packets: 0 };
  const measure = async (): Promise<number> => {
    const flood = rate === 0 ? Promise.resolve(0) : sender.send({ ...burst, rate, seconds: seconds + 2 * lead });
    await new Promise((wait) => setTimeout(wait, lead * 1000));
    const { requests } = await load(net, site.client, otherCore, 32, seconds);
    sent = await flood;
    return requests;
  };
  const beside = { subject: name, scenario: scenarios.sent, size: rate, unit: 'Mpackets/s', take: () => sent / 1e6 } as const;
  return { subject: name, scenario: scenarios.requests, size: rate, unit: 'requests/s', measure, beside: [beside] };
} // prettier-ignore

async function measure(net: Net, context: Context): Promise<Outcome> {
  const rates = context.quick ? [0, 20_000] : [0, 125_000, 250_000, 500_000, 1_000_000];
  const defences = await defend(net, context);
  const subjects = defences.flatMap((one) => rates.map((rate) => subjectOf(net, one, rate)));
  const observe = (round: number, rounds: number): void => context.tell(`round ${round} of ${rounds}`);
  // The rounds are long, and each sample begins with a flood that has lasted a while.
  const turns = { rounds: Math.min(5, context.rounds), seconds: context.seconds, observe, warmUp: 0 };
  const measurements = await interleave(subjects, turns);
  const settings = { rounds: turns.rounds, sources, serverAndFloodCore: measuringCore, clientCore: otherCore };
  return { settings, measurements };
}

export const goodput: Part = {
  title: 'Goodput under a flood',
  packages: ['iptables', 'ipset', 'nftables', 'nginx-light', 'wrk'],
  seconds: 240,
  run: (context) => withNamespaces({ log: (...lines) => lines.forEach(context.tell) }, (net) => measure(net, context)),
};
