/** Random rulesets about connections × random conversations: nothing unsound, no difference. Seeds are told, and repeat a run. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import { createRandom } from '../differential/random.js';
import { conversations } from './conversations.js';
import { randomRules } from './random-rules.js';
import { runSplit, type SplitOptions, type SplitReport } from './split-run.js';

/** OFFLOAD_LONG=1: 200 rulesets instead of 3. OFFLOAD_SEED=N: from that seed on. */
const long = process.env['OFFLOAD_LONG'] === '1';
const first = Number(process.env['OFFLOAD_SEED'] ?? (long ? Date.now() % 1_000_000 : 1));
const seeds = Array.from({ length: Number(process.env['OFFLOAD_RULESETS'] ?? (long ? 200 : 3)) }, (_, i) => first + i);

async function run(
  t: { log: (...values: string[]) => void },
  seed: number,
  options: Partial<SplitOptions>,
): Promise<SplitReport> {
  const random = createRandom(seed);
  const rules = randomRules(random);
  const schedule = conversations(random, 60, rules.nat);
  return withNamespaces(t, (net) =>
    runSplit(net, rules, schedule, { backend: seed % 2 === 0 ? 'legacy' : 'nft', strict: seed % 4 < 2, ...options }),
  );
}

for (const seed of seeds) {
  test.serial(`seed ${seed}`, async (t) => {
    t.timeout(60_000);
    const { datagrams, dropped, early, through, asks, findings } = await run(t, seed, {});
    t.log(
      `${datagrams} datagrams; by eth0: ${through} through, ${dropped} dropped, ${early} of them in XDP; ${asks} questions`,
    );
    t.true(datagrams > 100);
    t.deepEqual(
      findings.slice(0, 5).map(({ kind, text }) => `${kind} ${text}`),
      [],
    );
  });
}

test.serial('negative control: programs that do not ask are found unsound', async (t) => {
  t.timeout(120_000);
  const kinds = new Set<string>();
  for (const seed of [1, 2, 3, 4]) {
    const { findings } = await run(t, seed, { forgetful: true });
    for (const { kind } of findings) kinds.add(kind);
    if (kinds.has('unsound')) break;
  }
  t.true(kinds.has('unsound'));
});
