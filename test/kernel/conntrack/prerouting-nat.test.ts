/** nft rulesets in which the order of hooks decides: behind destination NAT, beside a flowtable, at equal priority. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ipv4 } from '../differential/frame.js';
import { udp } from '../differential/segment.js';
import { inside } from '../differential/firewall.js';
import { addresses, withHost, type HostBed } from './bed.js';
import type { Filtered } from './prefilter.js';

const { host, good, bad, inside: inner } = addresses[4];

async function protect(bed: HostBed, text: string, load = true): Promise<Filtered> {
  const file = join(bed.net.directory(), 'rules.nft');
  writeFileSync(file, text);
  if (load) inside(bed.names.host, 'nft', ['-f', file]);
  return bed.host.filter('eth0', [file]);
}

test('a chain behind destination NAT sees where a masqueraded reply really goes', async (t) => {
  await withHost(t, { backend: 'nft', forwarding: true }, async (bed) => {
    await protect(
      bed,
      `table ip translated {
  chain post {
    type nat hook postrouting priority 100; policy accept;
    oifname "eth0" masquerade
  }
  chain pre {
    type filter hook prerouting priority 0; policy accept;
    ip daddr ${host} udp dport 5000-6000 drop
  }
}
`,
    );
    await bed.outside.bind(good, 7000, true);
    const here = await bed.inside.bind(inner, 5500);
    await bed.inside.send(here, 'question', good, 7000);
    t.is(
      await bed.inside.receive(here),
      '>question',
      'the reply is for the inside: its port on the wire is not what the rule means',
    );
    t.is(await bed.early(), 0);
    const there = await bed.outside.bind(good, 0);
    await bed.outside.send(there, 'new', host, 5501);
    t.is(await bed.early(), 1, 'without a connection it is');
  });
});

test('flows of a flowtable meet no chain: only unknown packets are dropped', async (t) => {
  await withHost(t, { backend: 'nft', forwarding: true }, async (bed) => {
    const { asks } = await protect(
      bed,
      `table ip fast {
  flowtable through {
    hook ingress priority 0; devices = { eth0, eth1 };
  }
  chain pass {
    type filter hook forward priority 0; policy accept;
    udp dport 7100 flow add @through
    ip saddr ${bad} drop
  }
}
`,
      false, // kernels of build machines may lack flowtables: the flow is tracked by a rule of its own
    );
    inside(bed.names.host, 'nft', ['add', 'table', 'ip', 'tracks']);
    inside(bed.names.host, 'nft', ['add chain ip tracks pre { type filter hook prerouting priority 0 ; }']);
    inside(bed.names.host, 'nft', ['add rule ip tracks pre ct state new counter']);
    t.is(asks, 1);
    await bed.outside.bind(bad, 7100, true);
    const here = await bed.inside.bind(inner, 7101);
    await bed.inside.send(here, 'one', bad, 7100);
    t.is(await bed.inside.receive(here), '>one');
    t.is(await bed.early(), 0);
    await bed.inject(ipv4({ saddr: bad, daddr: inner }, udp(9, 9)));
    t.is(await bed.early(), 1);
  });
});

test('of chains with equal priority the later one may come first: its log is written', async (t) => {
  await withHost(t, { backend: 'nft', forwarding: false }, async (bed) => {
    await protect(
      bed,
      `table ip first {
  chain in {
    type filter hook input priority 0; policy accept;
    ip saddr ${bad} drop
  }
}
table ip second {
  chain in {
    type filter hook input priority 0; policy accept;
    ip saddr ${bad} udp dport 7200 counter log prefix "seen "
  }
}
`,
    );
    await bed.inject(ipv4({ saddr: bad, daddr: host }, udp(9, 7200)), ipv4({ saddr: bad, daddr: host }, udp(9, 7201)));
    t.regex(inside(bed.names.host, 'nft', ['list', 'table', 'ip', 'second']), /counter packets 1 /);
    t.is(await bed.early(), 1, 'what it does not log dies in XDP');
  });
});
