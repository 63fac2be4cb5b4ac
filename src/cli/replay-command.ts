/** `offload replay RULESET... CAPTURE`: what netfilter and the prefilter do with the packets of a capture. */
import { type Command, Option } from 'commander';
import { CaptureReader } from '../capture/capture-reader.js';
import { kernelAsksConntrack } from '../host/check-conntrack.js';
import type { VlanTag } from '../model/host.js';
import { assumedMac } from '../replay/unknown-host.js';
import { describeFrame } from '../oracle/describe-frame.js';
import type { Prefilter } from '../plan/program.js';
import { replay, replayedAt } from '../replay/replay.js';
import { ReplayTally } from '../replay/tally.js';
import { jsonLines } from '../report/replay-lines.js';
import { replayReport } from '../report/replay-report.js';
import { counted } from '../report/quantity.js';
import { captureChunks } from './capture-file.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';
import { loadPrefilter, type LoadedPrefilter } from './loaded-prefilter.js';
import { complain, print, terminalStyle } from './output.js';
import {
  addElsewhereOptions,
  type ElsewhereOptions,
  planElsewhere,
  type PlannedElsewhere,
} from './planning-options.js';
import { Progress } from './progress.js';

interface ReplayOptions extends ElsewhereOptions {
  readonly engine: 'model' | 'kernel';
  readonly format: 'text' | 'jsonl';
  readonly all?: true;
  readonly tagged?: true;
}

export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay')
    .usage('[options] (RULESET... | --live) CAPTURE')
    .description('what the ruleset and the prefilter do with the packets of a capture (pcap, pcapng, also gzipped)')
    .argument('[FILE...]', 'the rulesets, then the capture; - is standard input')
    .addOption(
      new Option('--engine <ENGINE>', 'model: what netfilter does, no privilege; kernel: the loaded program, as root')
        .choices(['model', 'kernel'])
        .default('model'),
    )
    .addOption(
      new Option('--format <FORMAT>', 'report, or one line a packet').choices(['text', 'jsonl']).default('text'),
    )
    .option(
      '--tagged',
      'of a VLAN device: the capture was taken on the device it stands on, where its frames have their tag',
    )
    .option('--all', 'list every rule');
  addElsewhereOptions(command).action(async (files: readonly string[], options: ReplayOptions) => {
    const capture = files.at(-1);
    if (capture === undefined || (files.length < 2 && !options.live))
      throw usageError('replay wants RULESET... CAPTURE, or --live CAPTURE');
    await replayCapture(files.slice(0, -1), capture, options);
  });
}

async function replayCapture(files: readonly string[], capture: string, options: ReplayOptions): Promise<void> {
  const progress = new Progress();
  const kernel = options.engine === 'kernel';
  try {
    const conntrack = options.conntrack && (!kernel || kernelAsksConntrack());
    const planned = planElsewhere(files, { ...options, conntrack }, progress);
    const vlan = options.tagged ? tagOf(planned) : null;
    const loaded = kernel ? await load(planned, vlan, progress) : null;
    try {
      await run({ ...planned, vlan }, capture, loaded, options, progress);
    } finally {
      loaded?.close();
    }
  } finally {
    progress.done();
  }
}

/** Throws CommandError (exit 1) where nobody tells which tag it is. */
function tagOf({ facts, device, hostKnown }: PlannedElsewhere): VlanTag {
  const tag = facts.devices.find(({ name }) => name === device)?.vlan?.tag;
  if (tag !== undefined) return tag;
  throw usageError(
    hostKnown
      ? `--tagged is for a VLAN device, and ${device} is none that stands on a device of this host`
      : `--tagged: which tag ${device} has is told by --host FILE (from \`offload snapshot\`) or --live`,
  );
}

function load(
  { image, plan, facts, device }: PlannedElsewhere,
  vlan: VlanTag | null,
  progress: Progress,
): Promise<LoadedPrefilter> {
  progress.stage('loading');
  const mac = facts.devices.find(({ name }) => name === device)?.mac ?? assumedMac;
  const position = plan.devices.indexOf(device);
  return loadPrefilter(image, { name: device, mac, position, ...(vlan && { vlan }) }, replayedAt(plan));
}

async function run(
  { plan, facts, device, hostKnown, vlan }: PlannedElsewhere & { readonly vlan: VlanTag | null },
  capture: string,
  loaded: LoadedPrefilter | null,
  { engine, format, all }: ReplayOptions,
  progress: Progress,
): Promise<void> {
  const tally = new ReplayTally(plan);
  const reader = new CaptureReader(capture);
  const request = { plan, facts, device, ...(vlan && { vlan }), ...(loaded && { run: loaded.run }) };
  for await (const packets of replay(request, reader.packets(captureChunks(capture)))) {
    for (const packet of packets) tally.add(packet);
    if (format === 'jsonl') await print([jsonLines(packets, engine)]);
    else progress.stage(`replaying: ${counted(tally.packets, 'packet')}`);
  }
  progress.done();
  const notes = [
    ...strangerNote(tally, hostKnown),
    ...(reader.leftOver > 0
      ? [`The capture ends within a packet: its last ${counted(reader.leftOver, 'byte')} are left out.`]
      : []),
    ...timedNote(replayedAt(plan)),
    ...(loaded !== null && plan.prefilter.counters > 0
      ? [...conntrackNote(plan.prefilter), ...routesNote(plan.prefilter)]
      : []),
  ];
  if (format === 'text')
    await print(replayReport(plan, tally, { capture, device, engine, hostKnown, notes }, terminalStyle(all === true)));
  else for (const note of notes) complain(note);
  const miscounted = loaded === null ? [] : miscounts(tally, loaded.counters());
  refuseDifferences(tally, miscounted, facts.devices.find(({ name }) => name === device)?.mac ?? null, vlan);
}

/** A capture of another machine, or of a switch's mirror port, is for nobody here. */
function strangerNote({ passes, packets }: ReplayTally, hostKnown: boolean): string[] {
  const strangers = passes.get('otherHost ')?.packets ?? 0;
  if (!hostKnown || strangers * 2 < packets || packets === 0) return [];
  return [
    `Most frames are for other stations than the device in the facts: is it this host's capture? Without --host all are taken to be for it.`,
  ];
}

const timedNote = (second: number | null): string[] =>
  second === null
    ? []
    : [
        'Set elements with a timeout count as they were when they were dumped, whenever the capture is of: all are there.',
      ];

const planAsks = ({ ip, ip6 }: Prefilter, kind: 'ask' | 'route'): boolean =>
  [ip, ip6].some(({ steps }) => steps.some(({ outcome }) => outcome.kind === kind));

const routesNote = (prefilter: Prefilter): string[] =>
  planAsks(prefilter, 'route')
    ? [
        'The loaded program drops nothing by how a source is routed: the routes of this host say nothing of the capture.',
      ]
    : [];

const conntrackNote = (prefilter: Prefilter): string[] =>
  planAsks(prefilter, 'ask')
    ? ['The loaded program asks conntrack of this host as it is now, not of the host and the time of the capture.']
    : [];

/** Counters that do not count what the replay has seen dropped. */
function miscounts({ counters }: ReplayTally, counted: Float64Array): string[] {
  return Array.from(counted, (n, counter) => ({ n, expected: counters.get(counter) ?? 0, counter }))
    .filter(({ n, expected }) => n !== expected)
    .map(({ n, expected, counter }) => `counter ${counter} says ${n} packets, not ${expected}`);
}

/** Throws CommandError (exit 4) that describes the first packets on which the sides differ. */
function refuseDifferences(
  tally: ReplayTally,
  miscounted: readonly string[],
  mac: number | null,
  vlan: VlanTag | null,
): void {
  const { unsound, leak, unfaithful } = tally.differences;
  const total = unsound + leak + unfaithful + miscounted.length;
  if (total === 0) return;
  const packets = tally.examples.map(
    ({ number, kind, frame }) => `  ${kind}: packet ${number}, ${describeFrame(frame, mac, vlan)}`,
  );
  const lines = [...packets, ...miscounted.slice(0, 3).map((line) => `  ${line}`)];
  throw new CommandError(
    exitCodes.refused,
    `the prefilter and the ruleset disagree: ${counted(total, 'difference')}.\n` +
      `This is a bug in offload; please report it with these lines:\n${lines.join('\n')}`,
  );
}
