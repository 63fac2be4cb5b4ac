/** More events than their buffer holds are told as lost, and what comes after is told again. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import type { Script } from './commands-agent.js';

const elements = (from: number, count: number, step = 1): string =>
  Array.from({ length: count }, (_, i) => from + i * step)
    .map((n) => `198.18.${n >> 8}.${n & 255}`)
    .join(', ');

test('a burst that its buffer does not hold is told as lost', async (t) => {
  await withNamespaces(t, async (net) => {
    const script: Script = {
      first: ['table inet t { set s { type ipv4_addr;\n}\n}'],
      steps: [
        `add element inet t s { ${elements(0, 10)} }`,
        `add element inet t s { ${elements(10, 20_000)} }`,
        `delete element inet t s { ${elements(0, 3)} }`,
        ['ip', 'link', 'add', 'br0', 'type', 'bridge'],
      ],
      wait: 0,
      receiveBuffer: 64 * 1024,
    };
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/commands-agent.ts', [], {
      input: JSON.stringify(script),
    });
    const { told } = JSON.parse(stdout) as { told: string[][] };
    t.deepEqual(told[0], ['add 10 elements of nft:inet t s']);
    t.deepEqual(told[1], ['lost: nftables: events came faster than they were read']);
    t.is(told[2]?.length, 3);
    t.regex(told[3]!.join(), /device br0 added/);
  });
});

test('ten thousand elements of one transaction are told together', async (t) => {
  await withNamespaces(t, async (net) => {
    const script: Script = {
      first: ['table inet t { set s { type ipv4_addr; flags interval;\n}\n}'],
      steps: [`add element inet t s { ${elements(0, 10_000, 2)} }`, 'flush set inet t s'],
      wait: 0,
    };
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/commands-agent.ts', [], {
      input: JSON.stringify(script),
    });
    const { told } = JSON.parse(stdout) as { told: string[][] };
    t.regex(told[0]!.join(), /^add 10000 elements of nft:inet t s$/);
    t.is(told[1]!.join(), told[0]!.join().replace('add', 'remove'));
  });
});
