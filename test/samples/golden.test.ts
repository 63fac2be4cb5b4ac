/** Every sample has a golden plan (text and JSON) and a golden residual. UPDATE_GOLDEN=1 rewrites them; review the diff. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import schema from '../../src/plan/plan.schema.json' with { type: 'json' };
import { inputsOf, root, runSample, samples } from './sample-runs.js';

const update = process.env['UPDATE_GOLDEN'] !== undefined;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

for (const sample of samples) {
  test(sample, (t) => {
    const run = runSample(sample);
    const ending = inputsOf(sample).at(-1)?.split('.').at(-1) ?? '';
    const files = { 'plan.txt': run.text, 'plan.json': run.json, [`residual.${ending}`]: run.residual };
    for (const [name, text] of Object.entries(files)) {
      const file = join(root, 'samples', sample, name);
      if (update) writeFileSync(file, text);
      t.true(existsSync(file), `${file} is missing: UPDATE_GOLDEN=1 writes it`);
      t.is(text, readFileSync(file, 'utf8'));
    }
    t.true(validate(JSON.parse(run.json)), JSON.stringify(validate.errors));
  });
}
