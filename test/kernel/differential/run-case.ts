/** One ruleset through the whole bed: original and split, by each back end of iptables that it has rules for, the same frames into all. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import { createOracle } from '../../../src/oracle/oracle.js';
import type { Net } from '../namespace.js';
import type { Backend } from './backend.js';
import { boundaryDatagrams } from './boundary-datagrams.js';
import {
  answered,
  compare,
  compareOracle,
  droppedByRules,
  droppedInXdp,
  early,
  notesOf,
  survived,
  type Finding,
  type Observed,
} from './compare.js';
import { offloadByCommand } from './command.js';
import { counters, restore } from './firewall.js';
import { nftCounters } from './nft-counters.js';
import { backendsOf, dumpsOf, type FirewallCase } from './firewall-case.js';
import { packFrameFile } from './frame-file.js';
import { whyMissed } from './missed.js';
import { flowsOf, openFlows, type Flow } from './flows.js';
import { firstIndex, framePool, type Datagram } from './pool.js';
import type { AgentReply, AgentRequest } from './prefilter-agent.js';
import { installProbes, readFates } from './probes.js';
import { createRandom } from './random.js';
import { createBed, type Bed, type Target } from './topology.js';

export interface CaseOptions {
  readonly seed: number;
  /** Datagrams to send; half of them from the oracle's boundaries, the others from the words of the text. */
  readonly frames: number;
  /** XDP asks conntrack; true unless given. */
  readonly conntrack?: boolean;
  /** No drop after conntrack swallows packets of tracked connections; false unless given. */
  readonly strict?: boolean;
  /** Attach and take the residual by the command `offload`; the verdicts are still those of the same program loaded beside it. */
  readonly command?: boolean;
  /** Of those that can load the ruleset, only this one. */
  readonly backend?: Backend;
  /** Negative controls: spoil the program, or the residual, on the way. */
  readonly dropProtocol?: number;
  readonly spoilResidual?: (text: string) => string;
  /** Flows that the targets open themselves before anything arrives; some peers that the text names unless given. */
  readonly flows?: readonly Flow[];
  /** After all is loaded and attached, before the frames are sent. */
  readonly prepare?: (bed: Bed) => Promise<void>;
  /** Send these instead. */
  readonly datagrams?: readonly Datagram[];
}

/** What a ruleset's run came to. */
export interface CaseSummary {
  readonly name: string;
  readonly datagrams: number;
  readonly frames: number;
  /** Datagrams that the original dropped silently, and how many of them XDP took. */
  readonly silent: number;
  readonly early: number;
  /** Of those that XDP left to netfilter: how many for which reason (`missed.ts`). */
  readonly missed: ReadonlyMap<string, number>;
  /** Datagrams that the test run dropped and the attached program passed, for conntrack knew them. */
  readonly tracked: number;
  readonly survived: number;
  readonly answered: number;
  readonly decisions: Readonly<Record<'full' | 'partial' | 'none', number>>;
  readonly findings: readonly Finding[];
  /** By how many back ends; each got all datagrams. */
  readonly backends: number;
}

export interface CaseReport extends CaseSummary {
  readonly summary: CaseSummary;
  /** For tests of single facts. */
  readonly runs: readonly Observed[];
  readonly sent: readonly Datagram[];
  readonly reply: AgentReply;
}

async function split(
  net: Net,
  target: Target,
  request: Omit<AgentRequest, 'ifindex' | 'pin'>,
  bpffs: string | null,
): Promise<AgentReply> {
  const whole: AgentRequest = {
    ...request,
    ifindex: net.ifindex(target.name, 'eth0'),
    pin: bpffs === null ? null : join(bpffs, 'link'),
  };
  const { stdout } = await net.node(target.name, 'test/kernel/differential/prefilter-agent.ts', [
    JSON.stringify(whole),
  ]);
  return JSON.parse(stdout) as AgentReply;
}

function datagramsOf(
  firewall: FirewallCase,
  options: CaseOptions,
  files: readonly string[],
  flows: readonly Flow[],
): Datagram[] {
  const own = framePool(textOf(firewall), Math.ceil(options.frames / 2), createRandom(options.seed), flows);
  const { ruleset } = readRuleset(files.map((file) => ({ file, text: readFileSync(file, 'utf8'), takenAt: null })));
  return [
    ...own,
    ...boundaryDatagrams(
      ruleset,
      firewall.forwarding,
      options.frames - own.length,
      options.seed,
      firstIndex + own.length,
    ),
  ];
}

const textOf = (firewall: FirewallCase): string =>
  dumpsOf(firewall)
    .map((dump) => dump.text)
    .join('\n');

/** Groups the verdicts of frames by datagram. */
function byDatagram(datagrams: readonly Datagram[], verdicts: readonly number[]): number[][] {
  let at = 0;
  return datagrams.map(({ frames }) => verdicts.slice(at, (at += frames.length)));
}

/** Sends the frames of a file to every target: to eth0 (near) or eth1 (far). */
export async function inject(net: Net, bed: Bed, frames: string, side: 'near' | 'far' = 'near'): Promise<void> {
  const devices = bed.targets.map((target) => String(net.ifindex(bed.sender, target[side])));
  await net.node(bed.sender, 'test/kernel/differential/injector.ts', [frames, ...devices]);
}

const allCounters = (ns: string, backend: Backend): Map<string, number> =>
  new Map([...counters(ns, backend), ...nftCounters(ns)]);

function observe(
  bed: Bed,
  backend: Backend,
  datagrams: readonly Datagram[],
  reply: AgentReply,
  asked: Pick<Observed, 'conntrack' | 'strict' | 'flows'>,
): Observed {
  const [original, other] = bed.targets.filter(({ near }) => near.startsWith(backend)) as [Target, Target];
  return {
    backend,
    original: readFates(bed, original),
    split: readFates(bed, other),
    originalCounters: allCounters(original.name, backend),
    splitCounters: allCounters(other.name, backend),
    ...asked,
    verdicts: byDatagram(datagrams, reply.verdicts),
  };
}

export async function runCase(net: Net, firewall: FirewallCase, options: CaseOptions): Promise<CaseReport> {
  const directory = net.directory();
  const dumps = dumpsOf(firewall);
  const files = dumps.map(({ name, text }) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  });
  const flows = options.flows ?? flowsOf(textOf(firewall), createRandom(options.seed));
  const datagrams = options.datagrams ?? datagramsOf(firewall, options, files, flows);
  const frames = datagrams.flatMap((datagram) => datagram.frames);
  const frameFile = join(directory, 'frames');
  writeFileSync(frameFile, packFrameFile(frames));

  const all = backendsOf(firewall);
  const backends = all.filter((one) => all.length === 1 || one === (options.backend ?? one));
  const bed = createBed(
    net,
    backends.flatMap((backend) => [`${backend}A`, `${backend}B`]),
    firewall,
  );
  const conntrack = options.conntrack ?? true;
  const strict = options.strict ?? false;
  const request = {
    files,
    takenAt: Date.now(),
    conntrack,
    strict,
    frames: frameFile,
    ...(options.dropProtocol !== undefined && { dropProtocol: options.dropProtocol }),
  };
  const spoil = options.spoilResidual ?? ((text: string): string => text);
  const replies = await Promise.all(
    backends.map(async (backend, at) => {
      const [original, other] = [bed.targets[2 * at], bed.targets[2 * at + 1]] as [Target, Target];
      restore(original.name, backend, dumps);
      const reply = await split(net, other, request, options.command === true ? null : net.bpffs());
      const left = options.command === true ? await offloadByCommand(net, other, files) : reply.residuals;
      const residuals = left.map(({ name, text }) => ({ name, text: spoil(text) }));
      restore(other.name, backend, [...dumps.filter(({ name }) => name === 'ipset.save'), ...residuals]);
      return reply;
    }),
  );
  // A ruleset may begin by flushing all there is.
  installProbes(bed);
  await openFlows(net, bed, flows);
  await options.prepare?.(bed);
  await inject(net, bed, frameFile);

  const runs = backends.map((backend, at) =>
    observe(bed, backend, datagrams, replies[at] as AgentReply, { conntrack, strict, flows }),
  );
  return report(firewall, files, datagrams, runs, replies[0] as AgentReply);
}

function report(
  firewall: FirewallCase,
  files: readonly string[],
  datagrams: readonly Datagram[],
  runs: readonly Observed[],
  reply: AgentReply,
): CaseReport {
  const { ruleset } = readRuleset(files.map((file) => ({ file, text: readFileSync(file, 'utf8'), takenAt: null })));
  const oracle = createOracle(ruleset, reply.facts, 'eth0');
  const full = new Set(reply.rules.filter(({ offload }) => offload === 'full').map(({ id }) => id));
  const findings = runs.flatMap((run) => [
    ...compare(datagrams, run),
    ...compareOracle(
      datagrams,
      run,
      (frame) => oracle.fate(frame),
      (rule) => full.has(rule),
    ),
  ]);
  const [run] = runs as [Observed];
  const count = (test: (notes: readonly string[], at: number) => boolean): number =>
    datagrams.filter((datagram, at) => test(notesOf(run.original, datagram), at)).length;
  const inXdp = (at: number): boolean =>
    droppedInXdp(run.verdicts[at] ?? [], notesOf(run.split, datagrams[at] as Datagram), run.conntrack);
  const reasons = new Map(reply.rules.map(({ id, reason }) => [id, reason.split(':', 1)[0] ?? '']));
  const missed = new Map<string, number>();
  datagrams.forEach((datagram, at) => {
    const notes = notesOf(run.original, datagram);
    if (!droppedByRules(notes) || inXdp(at)) return;
    const why = whyMissed(datagram, notes, oracle, (rule) => reasons.get(rule) ?? null);
    missed.set(why, (missed.get(why) ?? 0) + 1);
  });
  const decided = (offload: string): number => reply.rules.filter((rule) => rule.offload === offload).length;
  const summary: CaseSummary = {
    name: firewall.name,
    datagrams: datagrams.length,
    frames: datagrams.reduce((sum, datagram) => sum + datagram.frames.length, 0),
    silent: count(droppedByRules),
    early: count((notes, at) => droppedByRules(notes) && inXdp(at)),
    missed,
    tracked: datagrams.filter((datagram, at) => run.verdicts[at]?.join() === '1' && early(notesOf(run.split, datagram)))
      .length,
    survived: count(survived),
    answered: count((notes) => !survived(notes) && answered(notes)),
    decisions: { full: decided('full'), partial: decided('partial'), none: decided('none') },
    findings,
    backends: runs.length,
  };
  return { ...summary, summary, runs, reply, sent: datagrams };
}
