/**
 * Runs in a target's namespace: ruleset files -> plan -> image -> kernel -> attached to eth0 and pinned; prints the verdicts of the test
 * run on the frames to come, the residual texts and the decisions, as JSON. What the command does, without its preflight and report,
 * so that a negative control can spoil the program on its way.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { compilePrefilter } from '../../../src/compile/compile.js';
import { readHostFacts } from '../../../src/host/read-host-facts.js';
import { loadImage } from '../../../src/load/load-image.js';
import type { HostFacts } from '../../../src/model/host.js';
import { loadNative } from '../../../src/load/native.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import { planRuleset } from '../../../src/plan/plan-ruleset.js';
import type { Prefilter, StepProgram } from '../../../src/plan/program.js';
import { residualTexts } from '../../../src/residual/residual-texts.js';
import { targetMac } from './frame.js';
import { unpackFrames } from './frame-file.js';

export interface AgentRequest {
  readonly files: readonly string[];
  /** Milliseconds since the epoch, before the sets were restored anywhere: there the elements expire later than here. */
  readonly takenAt: number;
  readonly frames: string;
  readonly ifindex: number;
  /** XDP asks conntrack before it drops. */
  readonly conntrack: boolean;
  readonly strict: boolean;
  /** Where to pin the link; null: do not attach. */
  readonly pin: string | null;
  /** Put a step in front that drops this protocol, whatever the ruleset says: the suite must notice. */
  readonly dropProtocol?: number;
}

export interface AgentReply {
  /** XDP verdict of each frame. */
  readonly verdicts: readonly number[];
  readonly residuals: readonly { readonly name: string; readonly text: string }[];
  readonly rules: readonly {
    readonly id: string;
    readonly offload: 'full' | 'partial' | 'none';
    readonly text: string;
    readonly reason: string;
  }[];
  readonly steps: number;
  /** As read in the namespace. */
  readonly facts: HostFacts;
}

function unsound(program: StepProgram, protocol: number): StepProgram {
  const atoms = [
    ...program.atoms,
    { kind: 'values', field: 'protocol', ranges: [[protocol, protocol]], counters: null } as const,
  ];
  const shifted = program.steps.map((step) =>
    step.outcome.kind === 'skip' ? { ...step, outcome: { ...step.outcome, to: step.outcome.to + 1 } } : step,
  );
  const drop = { kind: 'drop', counter: 0, counted: null } as const;
  return {
    ...program,
    atoms,
    steps: [{ when: [{ atom: atoms.length - 1, negate: false }], outcome: drop }, ...shifted],
  };
}

function spoil(prefilter: Prefilter, protocol: number | undefined): Prefilter {
  if (protocol === undefined) return prefilter;
  const counters = Math.max(1, prefilter.counters);
  return { ip: unsound(prefilter.ip, protocol), ip6: unsound(prefilter.ip6, protocol), counters };
}

async function main(request: AgentRequest): Promise<AgentReply> {
  const { takenAt } = request;
  const files = request.files.map((file) => ({ file, text: readFileSync(file, 'utf8'), takenAt }));
  const { ruleset } = readRuleset(files);
  const facts = readHostFacts(['eth0']);
  const plan = planRuleset(ruleset, {
    devices: ['eth0'],
    facts,
    strict: request.strict,
    conntrack: request.conntrack,
  });
  const image = compilePrefilter(spoil(plan.prefilter, request.dropProtocol));
  const native = loadNative();
  const loaded = await loadImage(native, image, [
    { name: 'eth0', ifindex: request.ifindex, mac: targetMac, position: 0 },
  ]);
  const program = loaded.devices[0]?.program.fd as number;
  const verdicts = await native.testRun(program, request.ifindex, unpackFrames(readFileSync(request.frames)));
  if (request.pin !== null) native.pin(native.linkCreate(program, request.ifindex, 4), request.pin);
  return {
    verdicts: [...verdicts],
    residuals: residualTexts(plan).map(({ input, text }) => ({ name: basename(input.file), text })),
    rules: plan.rules.map(({ id, offload, text, reason }) => ({
      id,
      offload,
      text,
      reason: `${reason.code}: ${reason.message}`,
    })),
    steps: image.steps,
    facts,
  };
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as AgentRequest)));
