/** What is said of each rule, case by case. */
import test from 'ava';
import { decisions, filter, planText, router, table } from './plan-text.js';
import type { PlanTextOptions } from './plan-text.js';

interface Case {
  readonly title: string;
  readonly text: string;
  readonly options?: PlanTextOptions;
  readonly expected: Readonly<Record<string, string>>;
}

const chains = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]';
const raw = (rules: string): string => table('raw', rules, ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');

const cases: readonly Case[] = [
  {
    title: 'a source drop is full',
    text: filter('-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'full offloaded' },
  },
  {
    title: 'a source drop below an accept of the same source is blocked',
    text: filter('-A INPUT -s 203.0.113.0/24 -j ACCEPT\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT 2': 'none blocked' },
  },
  {
    title: 'an accept of other sources does not matter',
    text: filter('-A INPUT -s 198.51.100.0/24 -j ACCEPT\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT 2': 'full offloaded' },
  },
  {
    title: 'an accept of one port blocks partly',
    text: filter('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT 2': 'partial blocked-partly' },
  },
  {
    title: 'established-accept guards everything below it',
    text: filter('-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT 2': 'none blocked' },
  },
  {
    title: 'raw comes before an established-accept',
    text: raw('-A PREROUTING -s 203.0.113.7/32 -j DROP') + filter('-A INPUT -m state --state ESTABLISHED -j ACCEPT'),
    expected: { 'ip raw PREROUTING 1': 'full offloaded', 'ip filter INPUT 1': 'none not-a-drop' },
  },
  {
    title: 'a LOG before the drop must still happen',
    text: filter('-A INPUT -s 203.0.113.7/32 -j LOG\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none effect', 'INPUT 2': 'none blocked' },
  },
  {
    title: 'REJECT answers',
    text: filter('-A INPUT -s 203.0.113.7/32 -j REJECT --reject-with icmp-port-unreachable'),
    expected: { 'INPUT 1': 'none not-silent' },
  },
  {
    title: 'a limited drop counts what it sees',
    text: filter('-A INPUT -m limit --limit 5/sec -j DROP\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none stateful-match', 'INPUT 2': 'none blocked' },
  },
  {
    title: 'what stands before a limit narrows whom it sees',
    text: filter('-A INPUT -s 198.51.100.0/24 -m limit --limit 5/sec -j DROP\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none stateful-match', 'INPUT 2': 'full offloaded' },
  },
  {
    title: 'what stands after a limit does not',
    text: filter(
      '-A INPUT -p tcp -m limit --limit 5/sec -m tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 80 -j DROP',
    ),
    expected: { 'INPUT 1': 'none stateful-match', 'INPUT 2': 'none blocked' },
  },
  {
    title: 'a drop with an unknown part is no step and no guard',
    text: filter('-A INPUT -m owner --uid-owner 0 -j DROP\n-A INPUT -s 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none unknown-match', 'INPUT 2': 'full offloaded' },
  },
  {
    title: 'ports leave fragments to netfilter',
    text: filter('-A INPUT -s 203.0.113.7/32 -p tcp -m tcp --dport 80 -j DROP'),
    expected: { 'INPUT 1': 'partial fragments' },
  },
  {
    title: "a drop without a source could meet the host's own broadcasts",
    text: filter('-A INPUT -p gre -j DROP'),
    expected: { 'INPUT 1': 'partial own-source' },
  },
  {
    title: 'a source that covers an own address',
    text: filter('-A INPUT -s 192.0.2.0/24 -j DROP\n-A INPUT ! -s 192.0.2.0/24 -j DROP'),
    expected: { 'INPUT 1': 'partial own-source', 'INPUT 2': 'partial own-source' },
  },
  {
    title: 'default deny behind accepts',
    text: filter(
      '-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT',
      chains.replace('INPUT ACCEPT', 'INPUT DROP'),
    ),
    expected: { 'INPUT 1': 'none other-device', 'INPUT 2': 'none not-a-drop', 'INPUT policy': 'partial policy' },
  },
  {
    title: 'default deny behind an accept of unknown packets',
    text: filter('-A INPUT -m owner --uid-owner 0 -j ACCEPT', chains.replace('INPUT ACCEPT', 'INPUT DROP')),
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT policy': 'none blocked' },
  },
  {
    title: 'jump, return and goto',
    text: filter(
      '-A INPUT -p tcp -j TCP\n-A INPUT -g REST\n-A INPUT -s 203.0.113.9/32 -j DROP\n' +
        '-A TCP -s 198.51.100.1/32 -j RETURN\n-A TCP -s 198.51.100.0/24 -j DROP\n-A REST -s 203.0.113.8/32 -j DROP',
      `${chains}\n:TCP - [0:0]\n:REST - [0:0]`,
    ),
    expected: {
      'INPUT 1': 'none not-a-drop',
      'INPUT 2': 'none not-a-drop',
      'INPUT 3': 'none blocked',
      'TCP 1': 'none not-a-drop',
      'TCP 2': 'partial blocked-partly',
      'REST 1': 'full offloaded',
    },
  },
  {
    title: 'OUTPUT and other devices',
    text: filter('-A INPUT -i eth1 -s 203.0.113.7/32 -j DROP\n-A OUTPUT -d 203.0.113.7/32 -j DROP'),
    expected: { 'INPUT 1': 'none other-device', 'OUTPUT 1': 'none not-on-path' },
  },
  {
    title: 'one of two covered devices',
    text: filter('-A INPUT -i eth1 -s 203.0.113.7/32 -j DROP'),
    options: { devices: ['eth0', 'eth1'] },
    expected: { 'INPUT 1': 'full offloaded' },
  },
  {
    title: 'a router: INPUT drops are about local destinations',
    text: filter('-A INPUT -s 203.0.113.7/32 -j DROP\n-A FORWARD -s 203.0.113.8/32 -j DROP'),
    options: { facts: router },
    expected: { 'INPUT 1': 'full offloaded', 'FORWARD 1': 'full offloaded' },
  },
  {
    title: 'NAT: one course is not enough, two are',
    text:
      table('nat', '-A POSTROUTING -o eth1 -j MASQUERADE', ':PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]') +
      filter(
        '-A INPUT -s 203.0.113.7/32 -j DROP\n-A INPUT -s 203.0.113.8/32 -j DROP\n-A FORWARD -s 203.0.113.8/32 -j DROP',
      ),
    options: { facts: router },
    expected: {
      'ip nat POSTROUTING 1': 'none not-on-path',
      'ip filter INPUT 1': 'none nat',
      'ip filter INPUT 2': 'full offloaded',
      'ip filter FORWARD 1': 'full offloaded',
    },
  },
  {
    title: '--strict keeps drops after conntrack in netfilter',
    text: raw('-A PREROUTING -s 203.0.113.7/32 -j DROP') + filter('-A INPUT -s 203.0.113.7/32 -j DROP'),
    options: { strict: true },
    expected: { 'ip raw PREROUTING 1': 'full offloaded', 'ip filter INPUT 1': 'none strict' },
  },
  {
    title: 'IPsec keeps every rule in netfilter',
    text: filter('-A INPUT -s 203.0.113.7/32 -j DROP'),
    options: { facts: { ...router, ipsec: true } },
    expected: { 'INPUT 1': 'partial ipsec' },
  },
  {
    title: 'a chain that POSTROUTING reaches as well is left in place',
    text: table(
      'mangle',
      '-A FORWARD -j BAD\n-A POSTROUTING -j BAD\n-A BAD -s 203.0.113.7/32 -j DROP',
      ':PREROUTING ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:BAD - [0:0]',
    ),
    options: { facts: router },
    expected: { 'FORWARD 1': 'none not-a-drop', 'POSTROUTING 1': 'none not-on-path', 'BAD 1': 'partial kept-in-place' },
  },
  {
    title: 'a chain nested as deep as the kernel takes is left in place, one less is not',
    text: filter(
      `-A INPUT -j n1\n${Array.from({ length: 14 }, (_, i) => `-A n${String(i + 1)} -j n${String(i + 2)}\n`).join('')}-A n14 -s 203.0.113.8/32 -j DROP\n-A n15 -s 203.0.113.7/32 -j DROP`,
      `:INPUT ACCEPT [0:0]\n${Array.from({ length: 15 }, (_, i) => `:n${String(i + 1)} - [0:0]`).join('\n')}`,
    ),
    expected: {
      'INPUT 1': 'none not-a-drop',
      ...Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`n${String(i + 1)} 1`, 'none not-a-drop'])),
      'n14 2': 'full offloaded',
      'n15 1': 'partial kept-in-place',
    },
  },
  {
    title: 'inserted rules are left in place',
    text: filter('-A INPUT -s 203.0.113.7/32 -j DROP\n-I INPUT -s 203.0.113.8/32 -j DROP'),
    expected: { 'INPUT 1': 'partial kept-in-place', 'INPUT 2': 'partial kept-in-place' },
  },
  {
    title: 'XMAS scans: GRO may add FIN and PSH to segments with payload',
    text: filter('-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP'),
    expected: { 'INPUT 1': 'partial gro' },
  },
  {
    title: 'marks are no effect, connection marks are',
    text: table(
      'mangle',
      '-A PREROUTING -s 203.0.113.0/24 -j MARK --set-xmark 0x1/0xffffffff\n-A PREROUTING -s 203.0.113.7/32 -j DROP\n' +
        '-A PREROUTING -s 198.51.100.0/24 -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff\n-A PREROUTING -s 198.51.100.7/32 -j DROP',
      ':PREROUTING ACCEPT [0:0]',
    ),
    expected: {
      'PREROUTING 1': 'none not-a-drop',
      'PREROUTING 2': 'full offloaded',
      'PREROUTING 3': 'none effect',
      'PREROUTING 4': 'none blocked',
    },
  },
  {
    title: 'a MAC address: fragments are put together with the MAC of the first',
    text: filter('-A INPUT -s 203.0.113.7/32 -m mac --mac-source 02:00:00:00:00:09 -j DROP'),
    expected: { 'INPUT 1': 'partial fragments' },
  },
  {
    title: 'a local route in another table: INPUT may see what the local table does not name',
    text: filter('-A INPUT -s 203.0.113.7/32 -j DROP'),
    options: {
      facts: {
        ...router,
        localRoutes: [...router.localRoutes, { family: 4, prefix: '198.18.0.0/16', type: 'local', table: 100 }],
      },
    },
    expected: { 'INPUT 1': 'partial other-course' },
  },
  {
    title: 'a destination that nothing loops back to: only the DHCP exemption keeps the rule',
    text: filter('-A INPUT -s 192.0.2.0/24 -d 192.0.2.1/32 -p gre -j DROP'),
    expected: { 'INPUT 1': 'full offloaded' },
  },
  {
    title: 'AH contradicts no port: ip6tables sees 51 where ipset sees what it protects',
    text: '',
    options: {
      files: {
        'rules.v6': filter(
          '-A INPUT -p ah -m set --match-set ports dst -j ACCEPT\n-A INPUT -s 2001:db8:1::7/128 -j DROP',
        ),
        'sets.ipset': 'create ports bitmap:port range 0-1023\nadd ports 22\n',
      },
    },
    expected: { 'INPUT 1': 'none not-a-drop', 'INPUT 2': 'partial blocked-partly' },
  },
  {
    title: 'a chain that is also reached behind a limit: those packets must still find its rules',
    text: filter(
      '-A INPUT -s 198.51.100.0/24 -m limit --limit 5/sec -j BAD\n-A INPUT -s 203.0.113.0/24 -j BAD\n-A BAD -s 203.0.113.7/32 -j DROP',
      `${chains}\n:BAD - [0:0]`,
    ),
    expected: {
      'INPUT 1': 'none stateful-match',
      'INPUT 2': 'none not-a-drop',
      'BAD 1': 'partial stateful-match',
    },
  },
];

for (const { title, text, options, expected } of cases) {
  test(title, (t) => {
    t.deepEqual(decisions(planText(text, options)), expected);
  });
}
