/** Damaged nft rulesets through the whole of the tool: a diagnostic with a place, or a plan, its program and a residual that reads. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import pc from 'picocolors';
import { planWithinLimits } from '../../src/compile/fit.js';
import { InputError } from '../../src/diagnostic.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { jsonReport } from '../../src/report/json-report.js';
import { textReport } from '../../src/report/text-report.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { apply, change, small } from '../parse/nft/damage.js';
import { router, webServer } from '../plan/plan-text.js';
import { inputsOf, root, samples } from '../samples/sample-runs.js';

/** Fixed, so that a failure comes back; more with PROPERTY_RUNS. */
const seed = Number(process.env['PROPERTY_SEED'] ?? 20261125);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 100);

const texts = samples
  .filter((sample) => inputsOf(sample).includes('ruleset.nft'))
  .map((sample) => readFileSync(join(root, 'samples', sample, 'ruleset.nft'), 'utf8'))
  .concat(small.map(({ text }) => text));
const style = { columns: 110, colors: pc.createColors(false), all: true };
const jsons = small.flatMap(({ json }) => (json !== null && json.length < 8000 ? [json] : []));

/** Whether there was a plan. */
function planned(t: ExecutionContext, text: string, name: string, devices: readonly string[]): boolean {
  // Nothing stands beside it that could be included.
  const read = (content: string): ReturnType<typeof readRuleset> =>
    readRuleset([{ file: `/nowhere/${name}`, text: content, takenAt: null }]);
  let ruleset;
  try {
    ({ ruleset } = read(text));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    t.true(error.diagnostics.some(({ severity, message }) => severity === 'error' && message !== ''));
    return false;
  }
  for (const facts of [webServer, router, null]) {
    const { plan, image } = planWithinLimits(ruleset, { devices, facts, strict: facts === null, conntrack: true });
    const { steps, fields, structures: tables } = image;
    const report = [...textReport(plan, { steps, fields, tables }, { done: null, next: [] }, style)];
    t.true(report.join('').startsWith('Plan for'));
    t.notThrows(() => void JSON.parse([...jsonReport(plan, { steps, fields, tables })].join('')));
    // Tables that others load are left out, perhaps all of them.
    for (const { text: residual } of residualTexts(plan)) if (/^[^#\n]*\S/m.test(residual)) read(residual);
  }
  return true;
}

for (const [what, name, sources] of [
  ['text', 'x.nft', texts],
  ['JSON', 'x.json', jsons],
] as const) {
  test(`damaged ${what} ends in a diagnostic or in a plan`, (t) => {
    t.log(`PROPERTY_SEED=${String(seed)} PROPERTY_RUNS=${String(runs)}`);
    const changes = fc.array(change, { maxLength: 3 });
    const devices = fc.constantFrom(['eth0'], ['eth0', 'eth1']);
    let plans = 0;
    const property = fc.property(fc.constantFrom(...sources), changes, devices, (source, edits, covered) => {
      const text = apply(source, edits);
      try {
        if (planned(t, text, name, covered)) plans++;
      } catch (error) {
        throw new Error(`${String(error instanceof Error ? error.stack : error)}\nof\n${text}`);
      }
    });
    const details = fc.check(property, { seed, numRuns: runs });
    if (details.failed) t.fail(details.errorInstance instanceof Error ? details.errorInstance.message : 'failed');
    t.true(plans > 0 && plans < runs);
  });
}
