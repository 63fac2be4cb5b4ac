/** Random changes of sets, made by ipset in a namespace: what polling tells makes of the sets what a fresh reading says they are. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);

test('what polling tells of ipset makes of sets what they are', async (t) => {
  await withNamespaces(t, async (net) => {
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/ipset-agent.ts', [`${seed}`, '120'], {
      timeout: 120_000,
    });
    const result = JSON.parse(stdout) as {
      found: string[];
      other: string[];
      log: string[];
      elements: number;
      healthy: boolean;
    };
    t.log(`seed ${seed}: ${stdout.slice(0, 600)}`);
    t.deepEqual(result.found, [], result.log.join('\n'));
    t.deepEqual(result.other, []);
    t.true(result.elements > 50);
    t.true(result.healthy);
  });
});
