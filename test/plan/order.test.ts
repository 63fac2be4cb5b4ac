/** Which of two tables a packet meets first: priorities of nft beside those of iptables, families that overlap, hooks. */
import test from 'ava';
import { decisions, filter, planText, table, type PlanTextOptions } from './plan-text.js';

const bad = '203.0.113.7';
const drop = `ip saddr ${bad} drop`;
/** Dropped before anything else could see it. */
const dropOther = 'ip saddr 203.0.113.8 drop';
/** A chain of one rule; each is alone in a table named for it. */
const chain = (family: string, name: string, hook: string, rule: string): string =>
  `table ${family} ${name} {\n\tchain c {\n\t\ttype filter hook ${hook};\n\t\t${rule}\n\t}\n}\n`;

interface Case {
  readonly title: string;
  readonly v4?: string;
  readonly nft: string;
  readonly options?: PlanTextOptions;
  readonly expected: Readonly<Record<string, string>>;
}

const inputAccept = filter('-A INPUT -s 203.0.113.0/24 -j ACCEPT');
const rawQueue = table(
  'raw',
  `-A PREROUTING -s 203.0.113.0/24 -j NFQUEUE`,
  ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]',
);

const cases: readonly Case[] = [
  {
    title: 'an accept ends only its own base chain, whichever comes first',
    v4: inputAccept,
    nft: chain('ip', 'before', 'input priority -1', drop) + chain('ip', 'after', 'input priority 1', dropOther),
    expected: {
      'ip filter INPUT 1': 'none not-a-drop',
      'ip before c 1': 'full offloaded',
      'ip after c 1': 'full offloaded',
    },
  },
  {
    title: 'an effect before the drop must happen: iptables raw is before nft at -299, behind nft at -301',
    v4: rawQueue,
    nft:
      chain('ip', 'later', 'prerouting priority -299', drop) +
      chain('ip', 'sooner', 'prerouting priority -301', dropOther),
    expected: {
      'ip raw PREROUTING 1': 'none effect',
      'ip later c 1': 'none blocked',
      'ip sooner c 1': 'full offloaded',
    },
  },
  {
    title: 'equal priorities: their order is that of loading, which no dump tells',
    v4: rawQueue,
    nft: chain('ip', 'equal', 'prerouting priority raw', drop),
    expected: { 'ip raw PREROUTING 1': 'none effect', 'ip equal c 1': 'none blocked' },
  },
  {
    title: 'names of priorities are those of iptables: mangle, dstnat, filter, security',
    v4: table('mangle', `-A PREROUTING -s 203.0.113.0/24 -j NFQUEUE`, ':PREROUTING ACCEPT [0:0]'),
    nft:
      chain('ip', 'raw', 'prerouting priority mangle - 1', dropOther) +
      chain('ip', 'nat', 'prerouting priority dstnat', drop) +
      chain('ip', 'input', 'input priority filter', drop),
    expected: {
      'ip mangle PREROUTING 1': 'none effect',
      'ip raw c 1': 'full offloaded',
      'ip nat c 1': 'none blocked',
      'ip input c 1': 'none blocked',
    },
  },
  {
    title: 'prerouting is before input, whatever the priorities say',
    nft:
      chain('ip', 'first', 'prerouting priority 300', `ip saddr ${bad} log`) +
      chain('ip', 'second', 'input priority -400', drop),
    expected: { 'ip first c 1': 'none effect', 'ip second c 1': 'none blocked' },
  },
  {
    title: 'netdev ingress is before all of them',
    v4: rawQueue,
    nft: chain('netdev', 'early', 'ingress device "eth0" priority 0', `ip saddr ${bad} drop`),
    expected: { 'ip raw PREROUTING 1': 'none effect', 'netdev early c 1': 'partial kept-in-place' },
  },
  {
    title: 'ingress of another device is not met here',
    nft:
      chain('netdev', 'other', 'ingress device "eth9" priority 0', `ip saddr ${bad} log`) +
      chain('ip', 'mine', 'input priority 0', drop),
    expected: { 'netdev other c 1': 'none not-on-path', 'ip mine c 1': 'full offloaded' },
  },
  {
    title: 'an effect at ingress is before iptables',
    v4: filter(`-A INPUT -s ${bad}/32 -j DROP`),
    nft: chain('netdev', 'early', 'ingress device "eth0" priority 0', 'log'),
    expected: { 'ip filter INPUT 1': 'none blocked', 'netdev early c 1': 'none effect' },
  },
  {
    title: 'inet meets both families, between iptables and ip6tables',
    v4: filter(`-A INPUT -s ${bad}/32 -j DROP`),
    nft: chain('inet', 'both', 'input priority -5', 'meta l4proto udp log'),
    options: {
      files: { 'rules.v6': '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 2001:db8::7/128 -j DROP\nCOMMIT\n' },
    },
    expected: {
      'ip filter INPUT 1': 'partial blocked-partly',
      'ip6 filter INPUT 1': 'partial blocked-partly',
      'inet both c 1': 'none effect',
    },
  },
  {
    title: 'an inet table behind both: effects of one family do not stand before the other',
    v4: filter('-A INPUT -j LOG'),
    nft:
      chain('inet', 'both', 'input priority 5', 'ip6 saddr 2001:db8::7 drop') +
      chain('inet', 'four', 'input priority 6', drop),
    expected: {
      'ip filter INPUT 1': 'none effect',
      'inet both c 1': 'full offloaded',
      'inet four c 1': 'none blocked',
    },
  },
  {
    title: 'the families of nft tables: ip6 never meets IPv4',
    nft: chain('ip6', 'six', 'input priority -5', 'log') + chain('ip', 'four', 'input priority 0', drop),
    expected: { 'ip6 six c 1': 'none effect', 'ip four c 1': 'full offloaded' },
  },
  {
    title: 'bridge and arp tables are on another path',
    nft:
      chain('bridge', 'b', 'input priority -200', 'log') +
      chain('arp', 'a', 'input priority 0', 'log') +
      chain('ip', 'four', 'input priority 0', drop),
    expected: { 'bridge b c 1': 'none not-on-path', 'arp a c 1': 'none not-on-path', 'ip four c 1': 'full offloaded' },
  },
];

for (const { title, v4, nft, options, expected } of cases) {
  test(title, (t) => {
    const orders = [
      { ...(v4 !== undefined && { 'rules.v4': v4 }), ...options?.files, 'list.nft': nft },
      { 'list.nft': nft, ...options?.files, ...(v4 !== undefined && { 'rules.v4': v4 }) },
    ];
    for (const files of orders) t.deepEqual(decisions(planText('', { ...options, files })), expected);
  });
}
