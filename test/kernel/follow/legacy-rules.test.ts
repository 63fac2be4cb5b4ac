/** Tables of iptables-legacy, changed in a namespace, as polling tells them; and nothing that does not matter. */
import test from 'ava';
import { dropsSilently } from '../../../src/follow/poll/legacy-rules.js';
import { withNamespaces } from '../namespace.js';
import type { Command, Script } from './commands-agent.js';

const legacy = (line: string): Command => ['iptables-legacy', ...line.split(' ')];
const legacy6 = (line: string): Command => ['ip6tables-legacy', ...line.split(' ')];

const cases: readonly (readonly [Command, RegExp])[] = [
  [legacy('-A INPUT -s 192.0.2.1 -p tcp --dport 22 -j DROP'), /^drops only: rules of ip filter INPUT changed$/],
  [legacy('-I INPUT -s 192.0.2.2 -j DROP'), /^drops only/],
  [legacy('-A INPUT -s 192.0.2.2 -j ACCEPT'), /^rules: rules of ip filter INPUT changed$/],
  [legacy('-D INPUT 1'), /^rules/],
  [legacy('-A INPUT -m recent --set -j DROP'), /^rules/],
  [legacy('-N CHAIN'), /^drops only: rules of ip filter CHAIN/],
  [legacy('-A CHAIN -j LOG'), /^rules/],
  [legacy('-P INPUT DROP'), /^drops only/],
  [legacy('-P INPUT ACCEPT'), /^rules/],
  [legacy('-t raw -A PREROUTING -s 192.0.2.9 -j DROP'), /^drops only: rules of ip raw/],
  [legacy6('-A INPUT -s 2001:db8::1 -j DROP'), /^drops only: rules of ip6 filter/],
  [legacy6('-F'), /^rules/],
];

test('what changes of legacy tables is told by polling', async (t) => {
  await withNamespaces(t, async (net) => {
    const script: Script = {
      first: [legacy('-A INPUT -s 192.0.2.77 -m comment --comment ab -j ACCEPT')],
      steps: cases.map(([command]) => command),
      wait: 3000,
      pollSeconds: 0.05,
    };
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/commands-agent.ts', [], {
      input: JSON.stringify(script),
    });
    const { told, healthy } = JSON.parse(stdout) as { told: string[][]; healthy: boolean };
    t.true(healthy);
    const wrong = cases.flatMap(([command, expected], i) => {
      const text = told[i]!.join('\n');
      return expected.test(text) ? [] : [{ command, expected, text }];
    });
    t.deepEqual(wrong, []);
  });
});

test('a rule that only drops', (t) => {
  for (const line of [
    '-A INPUT -j DROP',
    '-A INPUT -s 192.0.2.1/32 -i eth0 -p tcp -m tcp --dport 22 -m comment --comment "it\\"s -m limit -j LOG" -j DROP',
    '-A INPUT -m comment --comment x -m multiport -j DROP',
  ])
    t.true(dropsSilently(line), line);
  for (const line of [
    '-A INPUT -j ACCEPT',
    '-A INPUT -m limit --limit 1/sec -j DROP',
    '-A INPUT -m set --match-set s src -j DROP',
    '-A INPUT -m conntrack --ctstate NEW -j DROP',
    '-A INPUT -j LOG --log-prefix "x -j DROP"',
    '-A INPUT -g CHAIN',
    '-A INPUT -m comment --comment "-j DROP"',
    '-A INPUT -j DROP -j DROP',
  ])
    t.false(dropsSilently(line), line);
});
