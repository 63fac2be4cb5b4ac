/** A table of a running program goes with it, of which the kernel says nothing: it is told all the same. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import type { Script } from './commands-agent.js';

test('a table that goes with its program is told', async (t) => {
  await withNamespaces(t, async (net) => {
    const ns = net.namespace();
    const owner = net.start(ns, 'nft', ['-i']);
    owner.stdin!.write(
      'add table inet mine { flags owner; }\nadd chain inet mine c { type filter hook input priority 0; policy drop; }\n',
    );
    for (let tries = 0; ; tries++) {
      const { stdout } = await net.exec(ns, 'nft', ['list', 'ruleset']);
      if (stdout.includes('policy drop')) break;
      if (tries > 100) return t.fail(`the table is not there: ${stdout}`);
    }
    const script: Script = {
      first: [],
      steps: [
        ['nft', 'add', 'table', 'ip', 'other'],
        ['kill', `${owner.pid!}`],
      ],
      wait: 3000,
      pollSeconds: 0.05,
    };
    const { stdout } = await net.node(ns, 'test/kernel/follow/commands-agent.ts', [], {
      input: JSON.stringify(script),
    });
    const { told } = JSON.parse(stdout) as { told: string[][] };
    t.deepEqual(told, [
      ['drops only: table ip other added or changed'],
      ['rules: table inet mine went with its program'],
    ]);
  });
});
