/** What `offload status` tells while the filter is replaced: one of both, whole, and counters that never go back. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test from 'ava';
import { bundled } from '../bundle.js';
import type { Polled } from '../fixture/status-poll.js';
import { repository } from '../namespace.js';
import { addresses } from './addresses.js';
import { withHost } from './host.js';

const replacements = 6;

const table = `table inet own {
  set quiet { type ipv4_addr; elements = { ${addresses.bad} } }
  chain in { type filter hook input priority 0
    ip saddr @quiet drop
  }
}
`;

test('a status that is read while the filter is replaced has a filter, its rules, and counters that grow', async (t) => {
  await withHost(
    t,
    async ({ net, ns, input, droppedEarly }) => {
      await input(table, 'nft', '-f', '-');
      const places = [net.bpffs(), net.directory()];
      const start = (file: string): ((line?: string) => Promise<string>) => {
        const child = net.start(ns, process.execPath, [bundled(repository, `test/kernel/fixture/${file}`), ...places]);
        child.stderr?.on('data', (text: Buffer) => t.log(text.toString()));
        const lines = createInterface({ input: child.stdout! });
        return async (line) => {
          const answer = once(lines, 'line');
          if (line === undefined) child.stdin?.end();
          else if (line !== '') child.stdin?.write(`${line}\n`);
          return ((await answer) as [string])[0];
        };
      };
      const replacer = start('replace-run.ts');
      await replacer('attach');
      await droppedEarly(addresses.bad);
      const poller = start('status-poll.ts');
      await poller('');
      for (let i = 0; i < replacements; i++) await replacer('attach');
      const polled = JSON.parse(await poller()) as Polled;
      t.log(polled);
      t.true(polled.programs > replacements / 2, 'it looked amid the replacements');
      const { without, unknown, backwards } = polled;
      t.deepEqual({ without, unknown, backwards }, { without: 0, unknown: 0, backwards: 0 });
    },
    { every: 1 },
  );
});
