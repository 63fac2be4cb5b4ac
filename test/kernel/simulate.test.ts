/** The simulation and the loaded program agree, verdict by verdict and counter by counter, on the boundary frames of every sample. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { planWithinLimits } from '../../src/compile/fit.js';
import type { HostFacts } from '../../src/model/host.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import { boundaryFrames } from '../../src/oracle/boundary-frames.js';
import { frameAt } from '../../src/oracle/frame-batch.js';
import { createSimulation } from '../../src/simulate/simulation.js';
import { conntrackObjectFile, loadImage, objectFile } from '../compile/loaded.js';
import { facts as anyHost, MAC } from '../oracle/rulesets.js';
import { inputsOf, root, samples } from '../samples/sample-runs.js';

const names = ['ABORTED', 'DROP', 'PASS', 'TX', 'REDIRECT'];

for (const sample of samples) {
  test(`the simulation of ${sample} is the loaded program`, async (t) => {
    const folder = join(root, 'samples', sample);
    const files = inputsOf(sample).map((name) => ({
      file: name,
      text: readFileSync(join(folder, name), 'utf8'),
      takenAt: null,
    }));
    const host = join(folder, 'host.json');
    const known = existsSync(host) ? (JSON.parse(readFileSync(host, 'utf8')) as HostFacts) : anyHost;
    const facts = { ...known, devices: known.devices.map((device) => ({ ...device, mac: MAC })) };
    const { ruleset } = readRuleset(files);
    const { plan, image } = planWithinLimits(ruleset, { devices: ['eth0'], facts, strict: false, conntrack: true });
    const simulation = createSimulation(plan.prefilter, { mac: MAC, position: 0 });
    const object = image.asksConntrack ? conntrackObjectFile : objectFile;
    const loaded = await loadImage(image, { mac: MAC, position: 0 }, object);
    t.teardown(loaded.close);
    const counted = new Array<bigint>(image.counters).fill(0n);
    const verdicts = { drop: 0, ask: 0, pass: 0 };
    let differences = 0;
    for (const batch of boundaryFrames(ruleset, facts, 'eth0', { setFrames: 4000 })) {
      const frames = batch.origins.map((_, i) => frameAt(batch, i));
      const runnable = frames.filter((frame) => frame.length >= 14);
      const answers = await loaded.run(runnable);
      runnable.forEach((frame, i) => {
        const decision = simulation.decide(frame);
        const said = names[answers[i]!]!;
        verdicts[decision.verdict]++;
        // Nothing is tracked here, so what conntrack is asked about is dropped.
        if (decision.verdict !== 'pass') counted[decision.counter]!++;
        if ((decision.verdict === 'pass' ? 'PASS' : 'DROP') !== said && differences++ < 5)
          t.log(`${JSON.stringify(decision)} but ${said}: ${Buffer.from(frame).toString('hex')}`);
      });
    }
    t.is(differences, 0);
    t.true(verdicts.drop + verdicts.ask > 0 && verdicts.pass > 0, JSON.stringify(verdicts));
    t.deepEqual(
      loaded.counters().map(({ packets }) => packets),
      counted,
    );
  });
}
