/**
 * One ruleset in the kernel, listed in every way that nft knows, is one model: with handles, numeric, without state, as JSON. Random
 * rulesets, the samples, and the corpus as far as it loads here.
 */
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import { modelOf } from '../../model/nft/model-of.js';
import { listings } from '../../parse/nft/corpus-files.js';
import { differences, text } from '../../parse/nft/differences.js';
import { randomNft } from '../../property/random-nft.js';
import { createRandom } from '../differential/random.js';
import { repository } from '../namespace.js';
import { loadAndList, type ListingForm } from './load.js';

/** OFFLOAD_SEED=N takes other random rulesets, OFFLOAD_CORPUS=DIR all files of that directory as well. */
const seed = Number(process.env['OFFLOAD_SEED'] ?? 1);
const isLong = process.env['OFFLOAD_CORPUS'] !== undefined;

const forms = ['', '-a', '-n', '-s', '-j'] as const satisfies readonly ListingForm[];

/** Elements expire between two listings, and without state nft does not say when: whether they do must be the same. */
const expiring = (model: unknown): unknown =>
  JSON.parse(
    JSON.stringify(model, (key, value: unknown) =>
      key === 'timeout' && Array.isArray(value) ? value.map((left) => left > 0) : value,
    ),
  );

function modelsOf(listing: string, form: ListingForm): unknown {
  const file = form === '-j' ? 'ruleset.json' : 'ruleset.nft';
  return expiring(modelOf(readRuleset([{ file, text: listing, takenAt: null }]).ruleset));
}

/** What nft's JSON (1.0.6) does not tell: the devices of ingress chains, and all but a letter of a table's flags. */
const isLost = (form: ListingForm | undefined, path: string, plain: string): boolean =>
  form === '-j' && (path === '.tables.chains.devices' || /^\tflags (?:dormant|owner)/m.test(plain));

/** Differences between the plain listing and the others; null when nft refuses the ruleset. */
function told(name: string, ruleset: string): string[] | null {
  const listed = loadAndList(ruleset, forms);
  if (listed === null) return null;
  const [plain, ...others] = listed.map((listing, i) => modelsOf(listing, forms[i] as ListingForm));
  return others.flatMap((other, i) =>
    [...differences(plain, other)]
      .filter(({ path }) => !isLost(forms[i + 1], path, listed[0] ?? ''))
      .slice(0, 3)
      .map(({ path, left, right }) => `${name} ${forms[i + 1] ?? ''} ${path}: ${text(left)} is not ${text(right)}`),
  );
}

test.serial('random rulesets', (t) => {
  t.log(`seed ${seed}`);
  for (let i = 0; i < (isLong ? 200 : 10); i++) {
    const ruleset = randomNft(createRandom(seed + i));
    t.deepEqual(told(`random ${seed + i}`, ruleset), [], ruleset);
  }
});

test.serial('samples', (t) => {
  const samples = join(repository, 'samples');
  for (const name of readdirSync(samples)) {
    const path = join(samples, name, 'ruleset.nft');
    // One with includes is loaded from its directory only.
    if (!existsSync(path) || /^\s*include /m.test(readFileSync(path, 'utf8'))) continue;
    t.deepEqual(told(name, readFileSync(path, 'utf8')), [], name);
  }
});

test.serial('the corpus', (t) => {
  t.timeout(3_600_000);
  const rulesets = listings().filter(
    ({ text: ruleset }, i) => (isLong || i % 3 === 0) && !/^\s*(?:include|list|reset|get|monitor)\b/m.test(ruleset),
  );
  const all = rulesets.map(({ name, text: ruleset }) => told(name, ruleset));
  const loaded = all.filter((one) => one !== null);
  t.deepEqual(loaded.flat(), []);
  t.true(loaded.length > rulesets.length / 4, `${loaded.length} of ${rulesets.length} load`);
  t.log(`${loaded.length} of ${rulesets.length} load here`);
});
