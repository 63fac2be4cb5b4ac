/** Random nft rulesets from their text: prefilter and what stays in netfilter do what the oracle says of the ruleset. */
import test from 'ava';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { HostFacts } from '../../src/model/host.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { describeFrame } from '../../src/oracle/describe-frame.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createOracle } from '../../src/oracle/oracle.js';
import { parseNft } from '../../src/parse/nft/parse-nft.js';
import { printNft } from '../../src/parse/nft/print-nft.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { describeFate } from '../../src/verify/describe-difference.js';
import { createRandom } from '../kernel/differential/random.js';
import { modelOf } from '../model/nft/model-of.js';
import { facts, MAC } from '../oracle/rulesets.js';
import { checkFrames } from './check-frames.js';
import { routeBack } from '../../src/simulate/route-back.js';
import { prefilterVerdict } from './evaluate-steps.js';
import { randomNft } from './random-nft.js';

const seed = Number(process.env['PROPERTY_SEED'] ?? 20261125);
const runs = Number(process.env['PROPERTY_RUNS'] ?? 15);
const rulesetAt = (at: number) => ({ at, text: randomNft(createRandom(at)) });
const rulesets = Array.from({ length: runs }, (_, i) => rulesetAt(seed + i));

const read = (text: string): Ruleset => readRuleset([{ file: 'ruleset.nft', text, takenAt: null }]).ruleset;
const host = {
  ...facts,
  localRoutes: facts.localRoutes.filter(({ table }) => table === 255),
};
const hostOf = (at: number): HostFacts => {
  const forwarding = [true, false, null][at % 3] ?? null;
  return { ...host, forwarding: { ip: forwarding, ip6: forwarding } };
};

test('prefilter and residual are the ruleset', (t) => {
  t.log(`PROPERTY_SEED=${String(seed)} PROPERTY_RUNS=${String(runs)}`);
  let dropping = 0;
  for (const { at, text } of rulesets) {
    const frames = { randomFrames: 150, trapRules: 3, setFrames: 100, seed: at };
    const { differences, dropped } = checkFrames({
      ruleset: read(text),
      facts: hostOf(at),
      conntrack: at % 4 > 0,
      frames,
    });
    t.is(differences[0], undefined, `PROPERTY_SEED=${String(at)} PROPERTY_RUNS=1\n${text}`);
    if (dropped > 20) dropping++;
  }
  t.true(dropping > runs / 2, `${String(dropping)} rulesets have something to drop`);
});

test('the residual, read back, is the original for what is passed and for other devices', (t) => {
  let shorter = 0;
  // Of few random rules one leaves as a whole: until there was one.
  for (let i = 0; i < runs || (shorter === 0 && i < runs * 20); i++) {
    const { at, text } = rulesetAt(seed + i);
    const ruleset = read(text);
    const devices = at % 3 === 0 ? ['eth0', 'eth1'] : ['eth0'];
    const plan = planRuleset(ruleset, { devices, facts: hostOf(at), strict: false, conntrack: at % 4 > 0 });
    const [kept] = residualTexts(plan);
    if (kept === undefined) throw new Error('bug: no residual');
    if (plan.summary.full > 0) shorter++;
    const residual = read(kept.text);
    for (const device of ['eth0', 'wg0', 'eth1']) {
      const covered = devices.indexOf(device);
      const back = routeBack(hostOf(at), device);
      const before = createOracle(ruleset, hostOf(at), device);
      const after = createOracle(residual, hostOf(at), device);
      for (const batch of boundaryFrames(ruleset, hostOf(at), device, {
        randomFrames: 80,
        trapRules: 2,
        setFrames: 60,
      })) {
        batch.origins.forEach((origin, i) => {
          const frame = frameAt(batch, i);
          if (covered >= 0 && prefilterVerdict(plan.prefilter, frame, MAC, covered, 0, back) === 'drop') return;
          const [expected, found] = [before.fate(frame), after.fate(frame)];
          if (expected.kind === found.kind) return;
          t.fail(
            `PROPERTY_SEED=${String(at)} PROPERTY_RUNS=1: ${describeFrame(frame, MAC)}, built for ${origin} on ${device}\n` +
              `original: ${describeFate(expected)}\nresidual: ${describeFate(found)}\n${text}\n${kept.text}`,
          );
        });
      }
    }
  }
  t.true(shorter > 0, 'some rules leave');
});

test('what is printed of the tree means the same', (t) => {
  for (const { at, text } of rulesets) {
    const printed = printNft(parseNft(text, 'ruleset.nft'));
    t.deepEqual(modelOf(read(printed)), modelOf(read(text)), `seed ${String(at)}`);
  }
});
