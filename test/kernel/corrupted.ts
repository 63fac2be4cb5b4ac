/** A program that is not what the plan says: something was changed in the prefilter before it was compiled, or in the tables after. */
import { type CompileOptions, compilePrefilter } from '../../src/compile/compile.js';
import type { Image } from '../../src/compile/image.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { RuleId } from '../../src/model/ruleset.js';
import { frameAt, type FrameBatch } from '../../src/oracle/frame-batch.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import type { Prefilter } from '../../src/plan/program.js';
import { FidelityCheck } from '../../src/verify/fidelity.js';
import { type Decision, verifyProgram } from '../../src/verify/verify.js';
import { loadImage } from '../compile/loaded.js';
import { facts, MAC } from '../oracle/rulesets.js';

const table = (rules: readonly string[]): string =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.map((rule) => `-A PREROUTING ${rule}\n`).join('')}COMMIT\n`;

export interface Subject {
  readonly rules: readonly string[];
  readonly file?: string;
  readonly ipset?: string;
  /** When the sets were dumped, seconds before now. */
  readonly age?: number;
  readonly compile?: CompileOptions;
}

/** Of a copy of the plan's prefilter. */
export type Corruption = (prefilter: Prefilter) => void;

export const asPlanned: Corruption = () => undefined;

interface Found {
  readonly frames: number;
  readonly differences: number;
}

/** Verifies what is loaded in the plan's place. */
export async function check(
  subject: Subject,
  spoil: Corruption,
  spoilTables?: (tables: Uint8Array, image: Image) => void,
): Promise<Found> {
  const takenAt = Date.now() - (subject.age ?? 0) * 1000;
  const { ruleset } = readRuleset([
    { file: subject.file ?? 'rules.v4', text: table(subject.rules), takenAt },
    ...(subject.ipset === undefined ? [] : [{ file: 'ipset.save', text: subject.ipset, takenAt }]),
  ]);
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts, strict: false, conntrack: false });
  const spoiled = structuredClone(plan.prefilter);
  spoil(spoiled);
  const image = compilePrefilter(spoiled, subject.compile);
  const tables = image.tables.slice();
  const countedPlaces = structuredClone(image.countedPlaces);
  const copy = { ...image, tables, countedPlaces };
  spoilTables?.(tables, copy);
  const loaded = await loadImage(copy, { mac: MAC, position: 0 });
  try {
    const counters = (): Float64Array => Float64Array.from(loaded.counters(), ({ packets }) => Number(packets));
    const fidelity = new FidelityCheck(plan.prefilter, { mac: MAC, position: 0 });
    const before = counters();
    const run = (batch: FrameBatch): Promise<Uint8Array> => loaded.run(batch.origins.map((_, i) => frameAt(batch, i)));
    const result = await verifyProgram({
      ruleset,
      facts,
      device: 'eth0',
      decisions: new Map<RuleId, Decision>(plan.rules.map(({ id, offload }) => [id, offload])),
      run: (batch) => fidelity.run(batch, run),
      now: Date.now,
    });
    const miscounts = fidelity.miscounts(before, counters());
    return {
      frames: result.frames,
      differences: result.unsound + result.leaks + fidelity.unfaithful + miscounts.length,
    };
  } finally {
    loaded.close();
  }
}
