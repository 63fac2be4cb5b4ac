/** iptables drops a cut-off header where a match wants it, before it asks what stands behind: rules that no whole packet reaches do so too. */
import test from 'ava';
import { decisions, filter, planText, table } from './plan-text.js';

const raw = (rules: string): string => table('raw', rules, ':PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]');

const decisionOf = (rule: string, version: 4 | 6): string | undefined => {
  const source = version === 4 ? '203.0.113.0/24' : '2001:db8:77::/48';
  const text = raw(`-A PREROUTING -s ${source} -j DROP`) + filter(`-A INPUT ${rule} -j DROP`);
  const found = decisions(version === 4 ? planText(text) : planText('', { files: { 'rules.v6': text } }));
  return found[`${version === 4 ? 'ip' : 'ip6'} filter INPUT 1`];
};

const range4 = '-m iprange --src-range 203.0.113.7-203.0.113.9';
const range6 = '-m iprange --src-range 2001:db8:77::1-2001:db8:77::2';

const stays: readonly (readonly [string, 4 | 6])[] = [
  [`-p tcp -m tcp --dport 80 ${range4}`, 4],
  [`-p udp ${range4.replace('-m', '-m udp -m')}`, 4],
  [`-p icmp -m icmp --icmp-type 8 ${range4}`, 4],
  [`-p tcp -m multiport --dports 80,443 ${range4}`, 4],
  ['-s 203.0.113.7/32 -p tcp -m tcp --dport 80 -m ttl --ttl-lt 5', 4],
  [`-p tcp --match tcp --dport 80 --match comment --comment x --match ${range4.slice(3)}`, 4],
  [`-p tcp ${range6}`, 6],
  [`-p udp -m udp --dport 53 ${range6}`, 6],
];

const leaves: readonly (readonly [string, 4 | 6])[] = [
  ['-s 203.0.113.7/32 -p tcp -m tcp --dport 80', 4],
  ['-p tcp -m tcp --dport 80 -s 203.0.113.7/32', 4],
  ['-s 203.0.113.7/32 -p tcp -m tcp --dport 80 -m comment --comment x', 4],
  [`${range4} -p tcp -m tcp --dport 80`, 4],
  [`-p tcp ${range4}`, 4],
  ['-p tcp -s 2001:db8:77::1/128 -m tcp --dport 80', 6],
  [`${range6} -i eth0`, 6],
];

for (const [rule, version] of stays)
  test(`stays: ${rule}`, (t) => t.is(decisionOf(rule, version), 'partial never-matches'));

for (const [rule, version] of leaves)
  test(`leaves: ${rule}`, (t) => t.regex(decisionOf(rule, version) ?? '', /^full /));
