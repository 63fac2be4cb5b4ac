/** The same conversations through two routers: the whole ruleset in netfilter, and the prefilter with what it leaves. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Net } from '../namespace.js';
import type { Backend } from '../differential/backend.js';
import { answered, early, notesOf, survived } from '../differential/compare.js';
import { inside, restore } from '../differential/firewall.js';
import { installProbes, readFates, type Fates } from '../differential/probes.js';
import { createBed, type Bed, type Target } from '../differential/topology.js';
import type { Rules } from './bed.js';
import { routes, type Schedule, type Sent } from './conversations.js';
import type { Filtering } from './prefilter.js';
import { startAgent, type Remote } from './remote.js';

export interface SplitFinding {
  /** `unsound`: XDP dropped what the original did not. `difference`: another fate, though XDP passed it. */
  readonly kind: 'unsound' | 'difference';
  readonly text: string;
}

export interface SplitReport {
  readonly datagrams: number;
  /** Datagrams that arrived by eth0, were dropped by the original, and of these by XDP. */
  readonly dropped: number;
  readonly early: number;
  /** Datagrams by eth0 that came through. */
  readonly through: number;
  readonly asks: number;
  readonly findings: readonly SplitFinding[];
}

export interface SplitOptions extends Filtering {
  readonly backend: Backend;
}

async function play(bed: Bed, net: Net, sender: Remote, schedule: Schedule): Promise<void> {
  const send = async (side: 'near' | 'far', sent: readonly Sent[]): Promise<void> => {
    const frames = sent
      .filter((each) => each.side === side)
      .flatMap((each) => each.frames.map((frame) => Buffer.from(frame).toString('hex')));
    if (frames.length === 0) return;
    // a veth with XDP takes 256 frames at a time
    for (let at = 0; at < frames.length; at += 64) {
      for (const target of bed.targets)
        await sender.frames(net.ifindex(bed.sender, target[side]), frames.slice(at, at + 64));
      await pause(5);
    }
  };
  for (const sent of schedule) {
    await send('near', sent);
    await send('far', sent);
  }
  await pause(50);
}

const hex = ({ frames }: Sent): string => frames.map((frame) => Buffer.from(frame).toString('hex')).join(' + ');

function judge(
  schedule: Schedule,
  original: Fates,
  split: Fates,
  strict: boolean,
): Pick<SplitReport, 'findings' | 'early' | 'dropped' | 'through'> {
  const findings: SplitFinding[] = [];
  const sum = { early: 0, dropped: 0, through: 0 };
  // Without --strict a packet of a tracked flow may be dropped unseen by conntrack: later packets of it may find another state.
  const touched = new Set<number>();
  for (const sent of schedule.flat()) {
    const datagram = { ...sent, shape: sent.shape };
    const [before, after] = [notesOf(original, datagram), notesOf(split, datagram)];
    const say = (kind: SplitFinding['kind']): void =>
      void findings.push({
        kind,
        text: `#${sent.index} of ${sent.conversation} IPv${sent.version} ${sent.side} ${sent.shape} ${hex(sent)}\n  original: ${before.join(', ') || '-'}\n  split:    ${after.join(', ') || '-'}`,
      });
    const through = survived(before) || answered(before);
    const taken = early(before) && !early(after);
    if (sent.side === 'near') {
      if (through) sum.through++;
      else if (early(before)) sum.dropped++;
      if (taken) sum.early++;
    }
    if (taken) {
      if (through || sent.side === 'far') say('unsound');
      if (!strict) touched.add(sent.conversation);
    } else if (before.join() !== after.join() && !touched.has(sent.conversation)) say('difference');
  }
  return { findings, ...sum };
}

export async function runSplit(
  net: Net,
  { v4 = '', v6 = '' }: Rules,
  schedule: Schedule,
  options: SplitOptions,
): Promise<SplitReport> {
  const { backend, ...filtering } = options;
  const bed = createBed(net, ['A', 'B'], { forwarding: true, ip: routes });
  const [original, split] = bed.targets as [Target, Target];
  for (const { name } of bed.targets)
    inside(name, 'sh', ['-c', 'echo 0 > /proc/sys/net/ipv6/conf/all/accept_redirects']);
  installProbes(bed);
  const directory = net.directory();
  const dumps = [
    { name: 'rules.v4', text: v4 },
    { name: 'rules.v6', text: v6 },
  ];
  const files = dumps.map(({ name, text }) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  });
  const [sender, host] = [startAgent(net, bed.sender), startAgent(net, split.name)];
  restore(original.name, backend, dumps);
  // both tables first: the residual names them all, and installing it is the last thing
  restore(split.name, backend, dumps);
  const { residuals, asks } = await host.filter('eth0', files, filtering);
  restore(
    split.name,
    backend,
    residuals.map(({ file, text }) => ({ name: file.endsWith('v6') ? 'rules.v6' : 'rules.v4', text })),
  );
  await play(bed, net, sender, schedule);
  const judged = judge(schedule, readFates(bed, original), readFates(bed, split), filtering.strict === true);
  return { datagrams: schedule.flat().length, asks, ...judged };
}
