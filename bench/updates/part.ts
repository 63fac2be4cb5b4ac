/** How long it takes until a source is blocked: the change alone, and until the last packet has come through. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withNamespaces, type Net } from '../../test/kernel/namespace.js';
import { interleave, type Subject } from '../harness/interleave.js';
import { LineProcess } from '../harness/line-process.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import { measuringCore, otherCore } from '../harness/processor.js';
import type { Measurement } from '../harness/result.js';
import { dotted } from '../traffic/sources.js';
import { makeTarget } from '../traffic/target.js';
import { listFirst, lists, type List } from './lists.js';
import { library, manySources, reading, replacing, scenarios } from './names.js';
import { Probe } from './probe.js';
import { bySet, ways, type Block, type Prepared, type Way } from './ways.js';

/** 80.0.0.0/4: what is added to the list. */
const addedFirst = 0x50000000;

/** Adds what is not there yet, takes the time, and removes it again. */
async function addAndRemove({ add, remove }: Prepared, block: Block): Promise<number> {
  const ms = await add(block);
  await remove(block);
  return ms;
}

interface Work {
  readonly size: number;
  readonly many: boolean;
  readonly mitigation: boolean;
}

async function subjectsOf(net: Net, way: Way, number: number, { size, many, mitigation }: Work): Promise<Subject[]> {
  const sender = net.namespace('sender');
  const { ns, peer } = await makeTarget(net, sender, number);
  const prepared = await way.prepare(net, ns, { first: listFirst, count: size });
  const what = { subject: way.name, size, unit: 'ms' } as const;
  const one = { first: addedFirst, count: 1 };
  const subjects: Subject[] = [{ ...what, scenario: scenarios.one, measure: () => addAndRemove(prepared, one) }];
  if (many && way.takesMany) {
    const block = { first: addedFirst, count: manySources };
    subjects.push({ ...what, scenario: scenarios.many, measure: () => addAndRemove(prepared, block) });
  }
  if (mitigation) {
    await net.exec(sender, 'ip', ['addr', 'add', `${dotted(addedFirst)}/32`, 'dev', peer]);
    await net.exec(sender, 'ip', ['route', 'add', '192.0.2.1/32', 'dev', peer]);
    const probe = await Probe.start(net, sender, ns, dotted(addedFirst));
    const measure = async (): Promise<number> => {
      const ms = await probe.timeToBlock(() => prepared.add(one));
      await prepared.remove(one);
      return ms;
    };
    subjects.push({ ...what, scenario: scenarios.mitigation, measure });
  }
  return subjects;
}

async function block(net: Net, work: Work, context: Context, seconds: number): Promise<Measurement[]> {
  const subjects: Subject[] = [];
  for (const [number, way] of ways.filter(({ most }) => work.size <= most).entries()) {
    context.tell(`${way.name}, a list of ${work.size}`);
    subjects.push(...(await subjectsOf(net, way, number, work)));
  }
  return interleave(subjects, turns(context, seconds, `a list of ${work.size}`));
}

/** Lines of a ruleset, read, planned, loaded and attached in place of what ran before, in a process that has the library loaded. */
async function replacement(
  net: Net,
  list: List,
  count: number,
  context: Context,
  seconds: number,
): Promise<Measurement[]> {
  const { ns } = await makeTarget(net, net.namespace('sender'), 0);
  const [directory, bpffs] = [net.directory(), net.bpffs()];
  const files = Object.entries(list.texts(count)).map(([name, text]) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  });
  const script = LineProcess.start(net, ns, { file: 'bench/updates/updater-script.ts', core: measuringCore });
  const order = JSON.stringify({ op: 'attach', files, bpffs });
  const measure = async (): Promise<number> => Number(await script.ask(order));
  const scenario = replacing(list.name);
  const subject = { subject: library, scenario, size: count, unit: 'ms', measure } as const;
  return interleave([subject], turns(context, seconds, `${scenario}: ${count}`));
}

/** Of a set whose elements count for themselves. */
async function counterReading(net: Net, count: number, context: Context, seconds: number): Promise<Measurement[]> {
  const { ns } = await makeTarget(net, net.namespace('sender'), 0);
  const [directory, bpffs] = [net.directory(), net.bpffs()];
  const files = ['rules.v4', 'sets.ipset'].map((name) => join(directory, name));
  writeFileSync(files[0]!, bySet);
  const line = (_: unknown, i: number): string => `add bad ${dotted(listFirst + i * 3)} packets 0 bytes 0\n`;
  const elements = Array.from({ length: count }, line).join('');
  writeFileSync(files[1]!, `create bad hash:ip family inet maxelem 4000000 counters\n${elements}`);
  const script = LineProcess.start(net, ns, { file: 'bench/updates/updater-script.ts', core: measuringCore });
  await script.ask(JSON.stringify({ op: 'attach', files, bpffs }));
  const order = JSON.stringify({ op: 'counters', count });
  const measure = async (): Promise<number> => Number(await script.ask(order));
  const subject = { subject: reading, scenario: scenarios.counters, size: count, unit: 'ms', measure } as const;
  return interleave([subject], turns(context, seconds, `reading ${count} counters`));
}

const turns = (context: Context, seconds: number, what: string): Parameters<typeof interleave>[1] => ({
  rounds: Math.min(5, context.rounds),
  seconds,
  observe: (round, rounds) => {
    context.tell(`${what}: round ${Math.max(0, round)} of ${rounds}`);
  },
});

async function run(context: Context): Promise<Outcome> {
  const sizes = context.quick ? [1000, 20_000] : [1000, 100_000, 1_000_000];
  const largest = sizes.at(-1);
  const log = { log: (...lines: string[]) => lines.forEach(context.tell) };
  const share = context.seconds / (sizes.length + 1 + lists.length / 2);
  const measurements: Measurement[] = [];
  for (const size of sizes) {
    const work = { size, many: size === largest && !context.quick, mitigation: size === sizes[1] };
    measurements.push(...(await withNamespaces(log, (net) => block(net, work, context, share))));
  }
  const rules = context.quick ? 2000 : 100_000;
  for (const list of lists)
    measurements.push(...(await withNamespaces(log, (net) => replacement(net, list, rules, context, share / 2))));
  const counters = context.quick ? 20_000 : 1_000_000;
  measurements.push(...(await withNamespaces(log, (net) => counterReading(net, counters, context, share))));
  return { settings: { rounds: Math.min(5, context.rounds), core: measuringCore, probeCore: otherCore }, measurements };
}

export const updates: Part = {
  title: 'Updates',
  packages: ['iptables', 'ipset', 'nftables'],
  seconds: 200,
  run,
};
