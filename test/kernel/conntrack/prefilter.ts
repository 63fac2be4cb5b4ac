/** The prefilter on a device of the caller's namespace, from dump files, as the command plans it; gone with the process. */
import { readFileSync } from 'node:fs';
import { kernelAsksConntrack } from '../../../src/host/check-conntrack.js';
import { readHostFacts } from '../../../src/host/read-host-facts.js';
import { compilePrefilter } from '../../../src/compile/compile.js';
import { loadImage, type LoadedImage } from '../../../src/load/load-image.js';
import { loadNative } from '../../../src/load/native.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import { planRuleset } from '../../../src/plan/plan-ruleset.js';
import type { Prefilter, StepProgram } from '../../../src/plan/program.js';
import { residualTexts } from '../../../src/residual/residual-texts.js';

export interface Filtering {
  readonly conntrack?: boolean;
  readonly strict?: boolean;
  /** Negative control: take the questions out. */
  readonly forgetful?: boolean;
}

export interface Filtered {
  /** `<rule id>: <offload> <reason code>` */
  readonly rules: readonly string[];
  readonly residuals: readonly { readonly file: string; readonly text: string }[];
  readonly asks: number;
  readonly drops: number;
}

let loaded: LoadedImage | null = null;
let link: number | null = null;
let counters = 0;

/** The steps without the question: a skip over one aims one step earlier. */
function withoutAsks(program: StepProgram): StepProgram {
  const position: number[] = [];
  for (const step of program.steps) position.push((position.at(-1) ?? 0) + (step.outcome.kind === 'ask' ? 0 : 1));
  const at = (old: number): number => (old === 0 ? 0 : (position[old - 1] ?? 0));
  const steps = program.steps
    .filter(({ outcome }) => outcome.kind !== 'ask')
    .map((step) =>
      step.outcome.kind === 'skip' ? { ...step, outcome: { ...step.outcome, to: at(step.outcome.to) } } : step,
    );
  return { ...program, steps };
}

const count = ({ ip, ip6 }: Prefilter, kind: 'ask' | 'drop'): number =>
  [...ip.steps, ...ip6.steps].filter(({ outcome }) => outcome.kind === kind).length;

export const prefilter = {
  /** Plans, loads and attaches to a device; the program before is replaced atomically. */
  filter: async (device: string, files: readonly string[], filtering: Filtering = {}): Promise<Filtered> => {
    const facts = readHostFacts([device]);
    const { ruleset } = readRuleset(files.map((file) => ({ file, text: readFileSync(file, 'utf8'), takenAt: null })));
    const conntrack = filtering.conntrack ?? kernelAsksConntrack();
    const plan = planRuleset(ruleset, { devices: [device], facts, strict: filtering.strict === true, conntrack });
    const whole = plan.prefilter;
    const spoilt =
      filtering.forgetful === true ? { ...whole, ip: withoutAsks(whole.ip), ip6: withoutAsks(whole.ip6) } : whole;
    const native = loadNative();
    const { ifindex, mac } = facts.devices.find(({ name }) => name === device) ?? { ifindex: 0, mac: 0 };
    const image = compilePrefilter(spoilt);
    const next = await loadImage(native, image, [{ name: device, ifindex, mac, position: 0 }]);
    const program = next.devices[0]?.program.fd ?? -1;
    if (link === null) link = native.linkCreate(program, ifindex, 4);
    else native.linkUpdate(link, program, -1);
    loaded?.close();
    [loaded, counters] = [next, image.counters];
    return {
      rules: plan.rules.map(({ id, offload, reason }) => `${id}: ${offload} ${reason.code}`),
      residuals: residualTexts(plan).map(({ input, text }) => ({ file: input.file, text })),
      asks: count(whole, 'ask'),
      drops: count(whole, 'drop'),
    };
  },
  /** Packets dropped by the program that is attached now. */
  dropped: (): number => {
    if (loaded === null) return 0;
    const sums = loadNative().readCounters(loaded.maps.counters.fd, counters);
    return [...sums].filter((_, i) => i % 2 === 0).reduce((sum, packets) => sum + Number(packets), 0);
  },
};
