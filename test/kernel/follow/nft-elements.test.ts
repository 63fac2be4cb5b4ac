/** Random changes of elements, made by nft in a namespace: what the follower tells makes of the sets what a fresh reading says they are. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);

test('what is told of elements makes of sets what they are', async (t) => {
  await withNamespaces(t, async (net) => {
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/nft-agent.ts', [`${seed}`, '250'], {
      timeout: 120_000,
    });
    const result = JSON.parse(stdout) as { changes: number; refused: number; found: string[]; log: string[] };
    t.log(`seed ${seed}: ${stdout.slice(0, 600)}`);
    t.deepEqual(result.found, [], result.log.join('\n'));
    t.true(result.refused < result.changes / 2);
  });
});
