/** Rules, chains, tables, sets and maps, changed by nft and iptables-nft in a namespace, as the follower tells them. */
import test from 'ava';
import { withNamespaces } from '../namespace.js';
import type { Command, Script } from './commands-agent.js';

const iptables = (line: string): Command => ['iptables-nft', ...line.split(' ')];

const before = `
table inet t {
  set s { type ipv4_addr; flags interval; }
  set limited { type ipv4_addr; limit rate 1/second; elements = { 192.0.2.7 limit rate 1/second }
}
  set dyn { type ipv4_addr; flags dynamic; size 10; }
  map m { type ipv4_addr : verdict; }
  counter c { }
  quota q { 100 bytes; }
  chain input { type filter hook input priority 0; policy drop; ip saddr @s drop; ip saddr 192.0.2.1 accept
  }
  chain other { }
}
table ip asleep { flags dormant; chain c { type filter hook input priority 0; policy drop;
}
}
`;

type Expected = RegExp | null;
const drops = /^drops only: /;
const rules = /^rules: /;

/** What nothing may be told of is null. */
const cases: readonly (readonly [Command, Expected])[] = [
  // Rules that only drop.
  [
    'add rule inet t input ip saddr 198.51.100.0/24 tcp dport 22 counter drop',
    /^drops only: rule added to inet t input$/,
  ],
  ['insert rule inet t input ip saddr { 192.0.2.4, 192.0.2.9 } drop', drops],
  ['add rule inet t input ip saddr @s drop', drops],
  ['add rule inet t input meta iifname "eth*" ip6 saddr 2001:db8::/32 udp dport 1-5 drop comment "x"', drops],
  ['add rule inet t input tcp flags & (fin|syn) == syn drop', drops],
  ['add rule inet t input tcp option maxseg size 1-500 drop', drops],
  ['add rule inet t input fib saddr type broadcast drop', drops],
  ['add rule inet t input meta mark 7 drop', drops],
  // Rules that do something else as well.
  ['add rule inet t input ip saddr 192.0.2.1 accept', /^rules: rule added to inet t input$/],
  ['add rule inet t input ip saddr 192.0.2.1 limit rate 1/second drop', rules],
  ['add rule inet t input ip saddr 192.0.2.1 log drop', rules],
  ['add rule inet t input ip saddr 192.0.2.1 meta mark set 1 drop', rules],
  ['add rule inet t input ip saddr 192.0.2.1 ip dscp set 1 drop', rules],
  ['add rule inet t input tcp option maxseg size set 500 drop', rules],
  ['add rule inet t input ct state new drop', rules],
  ['add rule inet t input ip saddr 192.0.2.1 reject', rules],
  ['add rule inet t input ip saddr @limited drop', rules],
  ['add rule inet t input add @dyn { ip saddr } drop', rules],
  ['add rule inet t input ip saddr vmap { 192.0.2.1 : drop }', rules],
  ['add rule inet t input quota name "q" drop', rules],
  ['add rule inet t input jump other', rules],
  ['flush chain inet t other\nadd rule inet t other drop', /^drops only/],
  [
    'add rule inet t input ip saddr 192.0.2.2 drop\nadd rule inet t input ip saddr 192.0.2.2 accept',
    /^rules: .*, and 1 more$/,
  ],
  ['flush chain inet t input', /^rules: rule removed from inet t input/],
  // Chains, tables, sets.
  ['add chain inet t regular', drops],
  ['add chain inet t first { type filter hook prerouting priority -400; policy drop; }', drops],
  ['add chain inet t second { type filter hook prerouting priority -400; policy accept; }', rules],
  ['add chain inet t first { policy accept; }', rules],
  ['add chain inet t nat { type nat hook prerouting priority -100; policy accept; }', rules],
  ['delete chain inet t regular', rules],
  ['rename chain inet t other another', drops],
  ['add table ip fresh', drops],
  [
    'table ip bans { set b { type ipv4_addr; elements = { 192.0.2.3 }\n}\n chain p { type filter hook prerouting priority -300; policy accept; ip saddr 192.0.2.3 drop\n}\n}',
    drops,
  ],
  [
    'table ip open { chain p { type filter hook prerouting priority -300; policy accept; ip saddr 192.0.2.3 accept\n}\n}',
    rules,
  ],
  ['table ip asleep { }', rules],
  ['delete table ip fresh', /^rules: table ip fresh removed$/],
  ['add set inet t empty { type ipv4_addr; }', drops],
  ['delete set inet t empty', rules],
  // Elements: of followed sets, of maps, and of sets that nothing was planned with.
  ['add element inet t s { 192.0.2.0/24 }', /^add nft:inet t s 192\.0\.2\.0-192\.0\.2\.255$/],
  [
    'delete element inet t s { 192.0.2.0/24 }\nadd element inet t s { 192.0.2.0/25 }',
    /^remove nft:inet t s 192\.0\.2\.0-192\.0\.2\.255\nadd nft:inet t s 192\.0\.2\.0-192\.0\.2\.127$/,
  ],
  ['add element inet t s { 192.0.3.1 }\ndelete element inet t s { 192.0.3.1 }', /^remove nft:inet t s 192\.0\.3\.1$/],
  ['add element inet t limited { 192.0.2.8 }', /^set nft:inet t limited$/],
  ['add element inet t m { 192.0.2.8 : drop }', /^set nft:inet t m$/],
  ['add element ip bans b { 192.0.2.8 }', null],
  ['flush set inet t s', /^remove nft:inet t s 192\.0\.2\.0-192\.0\.2\.127$/],
  // What no rule depends on.
  ['add counter inet t d', null],
  ['delete counter inet t d', null],
  ['add quota inet t r { 10 bytes; }', null],
  [['nft', 'reset', 'counters'], null],
  [['nft', 'list', 'ruleset'], null],
  // iptables on nftables.
  [iptables('-A INPUT -s 192.0.2.1 -p tcp --dport 22 -j DROP'), /^drops only: table ip filter added/],
  [iptables('-I INPUT -s 192.0.2.1 -m comment --comment x -m multiport -p tcp --dports 1,2 -j DROP'), drops],
  [iptables('-A INPUT -m recent --set -j DROP'), rules],
  [iptables('-A INPUT -m limit --limit 1/s -j DROP'), rules],
  [iptables('-A INPUT -s 192.0.2.1 -j ACCEPT'), rules],
  [iptables('-D INPUT 1'), /^rules: rule removed from ip filter INPUT/],
  [iptables('-R INPUT 1 -j DROP'), rules],
  [iptables('-P INPUT DROP'), drops],
  [iptables('-P INPUT ACCEPT'), rules],
  ['flush ruleset', rules],
];

test('what changes of rules is told, and whether it can only drop', async (t) => {
  await withNamespaces(t, async (net) => {
    const script: Script = { first: [before], steps: cases.map(([command]) => command), wait: 0 };
    const { stdout } = await net.node(net.namespace(), 'test/kernel/follow/commands-agent.ts', [], {
      input: JSON.stringify(script),
    });
    const { told } = JSON.parse(stdout) as { told: string[][] };
    const wrong = cases.flatMap(([command, expected], i) => {
      const text = told[i]!.join('\n');
      const isRight = expected === null ? text === '' : expected.test(text);
      return isRight ? [] : [{ command, expected, text }];
    });
    t.deepEqual(wrong, []);
  });
});
