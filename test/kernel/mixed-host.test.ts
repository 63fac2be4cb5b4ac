/** A host with rules of iptables-nft, ip6tables-nft and nft, dumped by each tool, planned with and without iptables' own dumps. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Plan } from '../../src/plan/plan.js';
import { decisions, planText } from '../plan/plan-text.js';
import { withNamespaces, type Net } from './namespace.js';

const v4 = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 203.0.113.1/32 -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 23 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:blocked - [0:0]
-A INPUT -m conntrack --ctstate NEW,DNAT -s 198.51.100.0/24 -j ACCEPT
-A INPUT -s 203.0.113.0/24 -j blocked
-A INPUT -p tcp -m tcp --dport 22 -m recent --name ssh --set -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -m limit --limit 3/min -p udp -j LOG --log-prefix "no: "
-A blocked -j DROP
COMMIT
`;
const v6 = `*filter
:INPUT DROP [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -s 2001:db8:bad::/48 -j DROP
COMMIT
`;
const own = `table inet early {
	chain c {
		type filter hook prerouting priority raw - 10;
		ip saddr 203.0.113.9 drop
	}
}
table ip late {
	chain c {
		type filter hook input priority filter + 10;
		ip saddr 203.0.113.10 drop
	}
}
`;

interface Dumps {
  readonly 'rules.v4': string;
  readonly 'rules.v6': string;
  readonly 'list.nft': string;
  /** With the warnings that nft writes to its standard error. */
  readonly 'list.err': string;
  readonly 'list.json': string;
}

/** Loads all three and dumps them by each tool. */
async function load(net: Net): Promise<Dumps> {
  const ns = net.namespace('mixed');
  const directory = net.directory();
  for (const [name, text] of Object.entries({ v4, v6, own })) writeFileSync(join(directory, name), text);
  const out = async (command: string): Promise<string> => (await net.exec(ns, 'sh', ['-c', command])).stdout;
  await out(`cd ${directory} && iptables-nft-restore <v4 && ip6tables-nft-restore <v6 && nft -f own`);
  return {
    'rules.v4': await out('iptables-nft-save'),
    'rules.v6': await out('ip6tables-nft-save'),
    'list.nft': await out('nft list ruleset'),
    'list.err': await out('nft list ruleset 2>&1'),
    'list.json': await out('nft -j list ruleset'),
  };
}

const planOf = (dumps: Dumps, ...names: (keyof Dumps)[]): Plan =>
  planText('', { files: Object.fromEntries(names.map((name) => [name, dumps[name]])) });

test.serial(
  'a mixed host: one plan from any listing and in any order; without the dumps iptables is opaque',
  async (t) => {
    await withNamespaces(t, async (net) => {
      const dumps = await load(net);
      const whole = decisions(planOf(dumps, 'rules.v4', 'rules.v6', 'list.nft'));
      t.like(whole, {
        'ip raw PREROUTING 1': 'full offloaded',
        'ip filter INPUT 1': 'none not-a-drop',
        'inet early c 1': 'full offloaded',
      });
      // Drops of both families and of both tools, behind accepts of iptables that are understood.
      for (const id of ['ip filter blocked 1', 'ip late c 1', 'ip6 filter INPUT 2'])
        t.regex(whole[id] ?? 'missing', /^(?:full|partial) /, id);
      for (const listing of ['list.nft', 'list.err', 'list.json'] as const) {
        t.deepEqual(decisions(planOf(dumps, listing, 'rules.v6', 'rules.v4')), whole, listing);
        t.deepEqual(decisions(planOf(dumps, 'rules.v4', listing, 'rules.v6')), whole, listing);

        const alone = decisions(planOf(dumps, listing));
        t.is(alone['inet early c 1'], 'full offloaded', listing);
        for (const [id, decision] of Object.entries(alone)) {
          if (/ (?:raw|mangle|nat|filter) /.test(id)) t.regex(decision, /^none /, `${listing} ${id}`);
          // nft shows `--ctstate NEW,DNAT` as `ct status dnat`: whatever stands below could have been accepted there.
          if (id.startsWith('ip late')) t.is(decision, 'none blocked', listing);
        }

        const half = decisions(planOf(dumps, listing, 'rules.v4'));
        t.is(half['ip raw PREROUTING 1'], whole['ip raw PREROUTING 1'], listing);
        t.is(half['ip filter blocked 1'], whole['ip filter blocked 1'], listing);
        t.is(half['ip6 filter INPUT 2'], 'none opaque', listing);
      }
      t.regex(dumps['list.nft'], /ct status dnat/);
      t.regex(dumps['list.err'], /# Warning: table ip filter is managed by iptables-nft/);

      // A rule that came in between.
      const stale = dumps['rules.v4'].replace(/^-A blocked.*\n/m, '');
      const read = (): unknown =>
        readRuleset([
          { file: 'rules.v4', text: stale, takenAt: null },
          { file: 'list.nft', text: dumps['list.nft'], takenAt: null },
        ]);
      t.throws(read, {
        message: /table ip filter is not the same in rules.v4 and list.nft: chain blocked has 0 rules/,
      });
    });
  },
);
