/**
 * What `offload watch` takes, on a host in a namespace with live traffic: from a change to the drop, replacements and the packets that are
 * lost or leaked while they happen, CPU of the process with nothing to do.
 */
import { setTimeout } from 'node:timers/promises';
import { processStat } from '../../src/host/process-stat.js';
import { addresses } from '../../test/kernel/watch/addresses.js';
import { type Host, type Watcher, withHost } from '../../test/kernel/watch/host.js';
import { measurementOf } from '../harness/interleave.js';
import type { Context, Outcome, Part } from '../harness/part.js';
import type { Measurement, Unit } from '../harness/result.js';
import { Arrivals } from './arrivals.js';
import { packets, scenarios, who } from './names.js';
import { type Followed, replacedAnew, replacedByLibrary, replacedByWatchers, replacements } from './replacements.js';

const { good, bad, other } = addresses;

/** Milliseconds between two datagrams of each of the three sources. */
const every = 1;

const table = `table inet own {
	set quiet { type ipv4_addr; elements = { ${bad} } }
	chain in { type filter hook input priority 0; ip saddr @quiet drop; }
}
`;
/** Those of the sets: one of nft, one of iptables. */
const fewRules = 2;

interface Amounts {
  readonly rounds: number;
  /** By the library, and of the process that follows the host. */
  readonly replacements: number;
  /** By the process: of so many, the first ones on one host, the others on two; fewer where they do not fit into so many seconds. */
  readonly anew: number;
  readonly anewAlone: number;
  readonly anewSeconds: number;
  readonly manyRules: number;
  readonly idleSeconds: number;
}

const amountsOf = ({ quick, rounds }: Context): Amounts =>
  quick
    ? { rounds, replacements: 50, anew: 12, anewAlone: 4, anewSeconds: 15, manyRules: 2000, idleSeconds: 5 }
    : { rounds, replacements: 200, anew: 1000, anewAlone: 100, anewSeconds: 200, manyRules: 100_000, idleSeconds: 30 };

const row = (subject: string, scenario: string, unit: Unit, samples: readonly number[], size: number | null = null): Measurement =>
  measurementOf({ subject, scenario, size, unit }, samples); // prettier-ignore

type Command = readonly [string, ...string[]];

/** The first round is not counted. */
async function elements(host: Host, subject: string, add: Command, remove: Command, rounds: number): Promise<Measurement[]> {
  const arrivals = await Arrivals.of(host, other);
  const [drop, pass]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    drop.push(await arrivals.untilDropped(() => host.run(...add)));
    pass.push(await arrivals.untilPassed(() => host.run(...remove)));
  }
  arrivals.close();
  return [row(subject, scenarios.drop, 'ms', drop.slice(1)), row(subject, scenarios.pass, 'ms', pass.slice(1))];
} // prettier-ignore

/** A rule that lets something through may make any drop wrong: until it has been planned for, everything passes. */
async function rules(host: Host, rounds: number): Promise<Measurement> {
  const arrivals = await Arrivals.of(host, bad);
  const passing: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const rule = ['inet', 'own', 'in', 'tcp', 'dport', String(1000 + round), 'accept'];
    passing.push(await arrivals.passing(() => host.run('nft', 'insert', 'rule', ...rule)));
  }
  arrivals.close();
  return row(who.nft, scenarios.rule, 'ms', passing.slice(1));
}

/** A list of lines that drop one source each. */
async function manyReplaced(host: Host, watcher: Watcher, lines: number, rounds: number): Promise<Measurement> {
  const source = (i: number): string => `11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  const text = Array.from({ length: lines }, (_, i) => `-A PREROUTING -s ${source(i)} -j DROP\n`).join('');
  const before = replacements(watcher).length;
  await host.input(`*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${text}COMMIT\n`, 'iptables-legacy-restore');
  await watcher.says(/planned anew and replaced/, before + 1);
  return replacedAnew(watcher, lines, { times: rounds, seconds: 60 });
}

/** Percent of a core: what the process has used itself in user and system mode, and the tools that it has run. */
async function idle(watcher: Watcher, seconds: number): Promise<Measurement> {
  const used = (): number => {
    const { ownCpu, childrenCpu } = processStat(watcher.pid);
    return ownCpu + childrenCpu;
  };
  const [before, began] = [used(), performance.now()];
  await setTimeout(seconds * 1000);
  const took = (performance.now() - began) / 1000;
  return row(who.watcher, scenarios.idle, '%', [((used() - before) / took) * 100]);
}

async function loadRules(host: Host): Promise<void> {
  await host.input(table, 'nft', '-f', '-');
  await host.run('ipset', 'create', 'listed', 'hash:ip');
  await host.run('iptables-legacy', '-A', 'INPUT', '-m', 'set', '--match-set', 'listed', 'src', '-j', 'DROP');
}

async function follow(host: Host): Promise<Followed> {
  const watcher = host.watch('--live', '--dev', 'eth0');
  await watcher.ready();
  return { host, watcher };
}

/** Legitimate packets of a host, which sends no more of them then. */
const legitimate = async ({ traffic }: Host): Promise<readonly [sent: number, lost: number]> => [
  await traffic.sent(good),
  await traffic.lost(good),
];

type Beside = (body: (there: Host) => Promise<void>) => Promise<void>;

/** `beside`: has a second host for as long as what it is given takes. */
async function measure(host: Host, beside: Beside, context: Context, amounts: Amounts): Promise<Measurement[]> {
  const { tell } = context;
  await loadRules(host);
  const times = amounts.replacements;
  const found = await replacedByLibrary(host, times, (done) => tell(`replacement ${done} of ${times}`));
  const first = await follow(host);
  const { watcher } = first;
  let [others, lostThere, sentThere] = [0, 0, 0];
  await beside(async (there) => {
    await loadRules(there);
    const second = await follow(there);
    const amount = { times: amounts.anew, alone: amounts.anewAlone, seconds: amounts.anewSeconds };
    found.push(...(await replacedByWatchers([first, second], fewRules, amount, (done) => tell(`replacement ${done} of ${amounts.anew}`))));
    others = replacements(second.watcher).length;
    [sentThere, lostThere] = await legitimate(there);
  });
  tell('changes of sets and rules');
  const [element, { rounds }] = [['inet', 'own', 'quiet', `{ ${other} }`], amounts];
  found.push(
    ...(await elements(host, who.nft, ['nft', 'add', 'element', ...element], ['nft', 'delete', 'element', ...element], rounds)),
    ...(await elements(host, who.ipset, ['ipset', 'add', 'listed', other], ['ipset', 'del', 'listed', other], rounds)),
    await rules(host, rounds),
  );
  const [sent, lost] = await legitimate(host);
  const all = replacements(watcher).length + others + times;
  found.push(
    row(packets.lost, scenarios.packets, 'packets', [lost + lostThere], all),
    row(packets.legitimate, scenarios.packets, 'packets', [sent + sentThere], all),
  );
  tell(`nothing to do for ${amounts.idleSeconds} s`);
  found.push(await idle(watcher, amounts.idleSeconds));
  tell(`replacing ${amounts.manyRules} rules`);
  found.push(await manyReplaced(host, watcher, amounts.manyRules, Math.min(3, rounds)));
  return found;
} // prettier-ignore

async function run(context: Context): Promise<Outcome> {
  const amounts = amountsOf(context);
  const log = { log: (...lines: string[]) => lines.forEach(context.tell) };
  let measurements: Measurement[] = [];
  const body = async (host: Host): Promise<void> => {
    measurements = await measure(host, (there) => withHost(log, there, { every }), context, amounts);
  };
  await withHost(log, body, { every });
  return { settings: { ...amounts, datagramsPerSecondAndSource: 1000 / every }, measurements };
}

export const watch: Part = {
  title: 'Following a host',
  packages: ['iptables', 'ipset', 'nftables', 'tcpdump'],
  seconds: 340,
  run,
};
