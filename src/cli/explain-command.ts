/** `offload explain RULESET... (--rule ID | --packet SPEC)`: why a rule is decided as it is, or what becomes of a packet. */
import { type Command, Option } from 'commander';
import { CaptureReader } from '../capture/capture-reader.js';
import { linkTypes } from '../capture/ethernet-frame.js';
import type { CapturedPacket } from '../capture/captured-packet.js';
import { explainPacket, type PacketExplanation, type Tracking } from '../explain/explain-packet.js';
import { explainRule, type RuleExplanation } from '../explain/explain-rule.js';
import { findRule } from '../explain/find-rule.js';
import { PacketClauses, packetFrame, trackingOf } from '../explain/packet-frame.js';
import { InputError } from '../diagnostic.js';
import type { HostFacts } from '../model/host.js';
import type { TrackingWord } from '../parse/packet-tree.js';
import { parsePacket } from '../parse/parse-packet.js';
import type { RuleDecision } from '../plan/plan.js';
import { assumedMac, unknownHost } from '../replay/unknown-host.js';
import type { Unseen } from '../replay/judge-packet.js';
import { explainPacketReport } from '../report/explain-packet-report.js';
import { explainRuleReport } from '../report/explain-rule-report.js';
import { captureChunks } from './capture-file.js';
import { CommandError, exitCodes, usageError } from './exit-code.js';
import { addInputOptions, type InputOptions, readInputs } from './inputs.js';
import { holdingLittle } from './read-files.js';
import { deviceName, stateOption } from './option.js';
import { print, terminalStyle } from './output.js';
import { type Planned, planInputs } from './pipeline.js';
import { Progress } from './progress.js';

interface ExplainOptions extends InputOptions {
  readonly rule?: string;
  readonly packet?: string;
  readonly format: 'text' | 'json';
  readonly all?: true;
  readonly strict?: true;
  readonly conntrack: boolean;
}

export function addExplainCommand(program: Command): void {
  const command = program
    .command('explain')
    .usage('[options] RULESET... (--rule ID | --packet SPEC)')
    .description('why a rule is decided as it is and what would help, or what becomes of a packet, rule by rule');
  addInputOptions(command)
    .option('--rule <ID>', 'a rule or policy as the report names it: "ip filter INPUT 3", "inet fw input policy"')
    .option(
      '--packet <SPEC>',
      'a packet: "in eth0 tcp 203.0.113.7:4444 > 192.0.2.1:22 syn", or number 12 of a capture: "@file.pcap#12"',
    )
    .option('--dev <IF>', 'the device that packets arrive on', deviceName)
    .option('--strict', 'never drop a packet of a tracked flow after the conntrack hook')
    .option('--no-conntrack', 'do not ask conntrack: what stands below an established-accept stays in netfilter')
    .addOption(new Option('--format <FORMAT>', 'report').choices(['text', 'json']).default('text'))
    .option('--all', 'list every rule and step')
    .addOption(stateOption())
    .action(explain);
}

async function explain(files: readonly string[], options: ExplainOptions): Promise<void> {
  const { rule, packet } = options;
  if ((rule === undefined) === (packet === undefined)) throw usageError('explain wants --rule ID or --packet SPEC');
  if (options.dev !== undefined && options.dev.length > 1)
    throw usageError('a packet arrives on one device: name it with one --dev');
  const progress = new Progress();
  try {
    if (rule !== undefined) await explainNamed(files, rule, options, progress);
    else if (packet !== undefined) await explainWritten(files, packet, options, progress);
  } finally {
    progress.done();
  }
}

interface PlannedFor extends Planned {
  readonly facts: HostFacts;
  readonly device: string;
  readonly hostKnown: boolean;
}

/** Without `--live`, `--dev` names a device of the host in the facts, not one of this machine. */
function plan(
  files: readonly string[],
  options: ExplainOptions,
  device: string | undefined,
  progress: Progress,
): PlannedFor {
  progress.stage('reading');
  const { dev, ...others } = options;
  const inputs = readInputs(files, options.live && dev !== undefined ? { ...others, dev } : others, holdingLittle);
  const known = inputs.facts;
  if (device !== undefined && known !== null && !known.devices.some(({ name }) => name === device)) {
    const names = known.devices.map(({ name }) => name).join(', ');
    throw usageError(`${device}: the host has no such device (it has: ${names})`);
  }
  const facts = known ?? unknownHost(device ?? null);
  const { strict, conntrack } = options;
  const planned = planInputs(
    inputs.read,
    { ...(device === undefined ? {} : { dev: [device] }), ...(strict && { strict }), conntrack, facts },
    progress,
  );
  const [first] = planned.plan.devices;
  if (first === undefined) throw new Error('bug: a plan without a device');
  return { ...planned, facts: known ?? unknownHost(first), device: first, hostKnown: known !== null };
}

async function explainNamed(
  files: readonly string[],
  name: string,
  options: ExplainOptions,
  progress: Progress,
): Promise<void> {
  const { plan: planned } = plan(files, options, options.dev?.[0], progress);
  const decision = decisionOf(name, planned.rules);
  progress.stage('explaining');
  const explanation = explainRule(planned, decision, {
    devices: planned.devices,
    facts: planned.facts,
    strict: options.strict === true,
    allow: planned.allow,
    conntrack: options.conntrack,
  });
  progress.done();
  const report = explainRuleReport(explanation, terminalStyle(options.all === true));
  await print(options.format === 'json' ? [json(explanation)] : report);
}

/** Throws CommandError (exit 1) that names what may have been meant. */
function decisionOf(name: string, rules: readonly RuleDecision[]): RuleDecision {
  const found = findRule(name, rules);
  switch (found.kind) {
    case 'rule':
      return found.decision;
    case 'several':
      throw usageError(
        `--rule ${name}: several rules are called that; which one?\n${found.ids.map((id) => `  ${id}`).join('\n')}`,
      );
    case 'none': {
      const near = found.near.length === 0 ? ' There are no rules.' : ` The nearest are:`;
      const accepting = /policy\s*$/i.test(name) ? ' Policies that accept are no decision of the plan.' : '';
      const lines = found.near.map((id) => `\n  ${id}`).join('');
      throw usageError(`--rule ${name}: there is no such rule.${accepting}${near}${lines}`);
    }
  }
}

const specName = '--packet';

/** What is wrong with a packet is a mistake on the command line, shown with its place. */
function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const [found] = error instanceof InputError ? error.diagnostics : [];
    if (found?.span.file !== specName) throw error;
    const lines = [
      `${specName}, column ${found.span.column}: ${found.message}`,
      ...found.notes.map((line) => `  ${line}`),
    ];
    throw usageError(lines.join('\n'));
  }
}

const trackings: Record<TrackingWord, Tracking> = {
  new: 'NEW',
  established: 'ESTABLISHED',
  related: 'RELATED',
  invalid: 'INVALID',
  untracked: 'UNTRACKED',
  open: 'open',
};

async function explainWritten(
  files: readonly string[],
  spec: string,
  options: ExplainOptions,
  progress: Progress,
): Promise<void> {
  const clauses = checked(() => new PacketClauses(parsePacket(spec, specName), spec, specName));
  const given = clauses.get('in');
  const [wanted] = options.dev ?? [];
  if (given !== null && wanted !== undefined && given.device !== wanted)
    throw usageError(`--dev says ${wanted}, the packet says ${given.device}`);
  const planned = plan(files, options, given?.device ?? wanted, progress);
  const { facts, device, hostKnown } = planned;
  const packet = await packetOf(clauses, facts, device);
  const word = trackingOf(clauses);
  progress.stage('explaining');
  const explanation = explainPacket(
    { plan: planned.plan, facts, device },
    packet,
    word === null ? null : trackings[word],
  );
  progress.done();
  if (explanation.kind === 'unseen') throw usageError(`${specName} ${spec}: ${unseenText(explanation.unseen)}`);
  const report = explainPacketReport(explanation, { hostKnown }, terminalStyle(options.all === true));
  await print(options.format === 'json' ? [json(explanation)] : report);
  if (explanation.difference !== null)
    throw new CommandError(
      exitCodes.refused,
      `the prefilter and the ruleset disagree on this packet (${explanation.difference}).\n` +
        'This is a bug in offload; please report it with the ruleset and the packet.',
    );
}

/** Throws InputError or CommandError. */
async function packetOf(clauses: PacketClauses, facts: HostFacts, device: string): Promise<CapturedPacket> {
  const capture = clauses.get('capture');
  const mac = facts.devices.find(({ name }) => name === device)?.mac ?? assumedMac;
  if (capture === null) {
    const bytes = checked(() => packetFrame(clauses, mac));
    return { number: 1, seconds: null, bytes, length: bytes.length, link: linkTypes.ethernet, direction: null };
  }
  const other = clauses.clauses.find(({ kind }) => kind !== 'capture' && kind !== 'in' && kind !== 'state');
  if (other !== undefined)
    throw usageError(
      `${specName}: a packet of a capture is as it is: only the device and the connection are said beside it`,
    );
  const reader = new CaptureReader(capture.file);
  let last = 0;
  for await (const packets of reader.packets(captureChunks(capture.file))) {
    for (const packet of packets) {
      if (packet.number === capture.number) return packet;
      last = packet.number;
    }
  }
  throw usageError(`${specName}: ${capture.file} has no packet ${capture.number}; its last one is ${last}`);
}

function unseenText(unseen: Unseen): string {
  switch (unseen.kind) {
    case 'sent':
      return 'the capturing host sent it, so it does not arrive here';
    case 'cut':
      return 'the snapshot length cut off a header that decides, so nobody can tell';
    case 'unreadable':
      return unseen.why;
  }
}

const json = (explanation: RuleExplanation | PacketExplanation): string =>
  `${JSON.stringify({ schemaVersion: 1, ...explanation }, null, 2)}\n`;
