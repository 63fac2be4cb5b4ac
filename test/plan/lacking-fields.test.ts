/** Packets that lack a field (fragments, unusual IPv6 headers) may be led elsewhere than all others of a rule: then it stays for them. */
import test from 'ava';
import { decisions, filter, planText, table } from './plan-text.js';

const closed = ':INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]';

/** What PREROUTING of mangle accepts goes on to INPUT, where the policy drops it. */
const decided = (accepted: string, later: string): string | undefined => {
  const mangle = table(
    'mangle',
    `-A PREROUTING ${accepted} -j ACCEPT\n-A PREROUTING -s 2001:db8:77::/48 -j DROP`,
    ':PREROUTING ACCEPT [0:0]',
  );
  const text = mangle + filter(`-A INPUT ${later} -j ACCEPT`, closed);
  return decisions(planText('', { files: { 'rules.v6': text } }))['ip6 mangle PREROUTING 2'];
};

test('what is accepted there is not accepted later, but may be where the protocol is not known', (t) => {
  t.regex(decided('-p udp -m udp --dport 53', '-p tcp -m tcp --dport 443') ?? '', /^partial /);
  t.regex(decided('-p udp', '-p tcp') ?? '', /^partial /);
});

test('addresses are always known', (t) => {
  t.is(decided('-d 2001:db8::1/128', '-d 2001:db8::2/128 -p tcp'), 'full offloaded');
  t.is(decided('-p udp -m udp --dport 53', '-s 2001:db8:5::/64 -p tcp'), 'full offloaded');
});

test('what may lack a field of a tuple may be accepted whatever its address', (t) => {
  const sets = 'create s hash:ip,port family inet\nadd s 203.0.113.1,tcp:80\n';
  const rules = (match: string): string =>
    filter(
      `-A INPUT ${match} -j ACCEPT\n-A INPUT -s 198.51.100.0/24 -j DROP`,
      closed.replace('INPUT DROP', 'INPUT ACCEPT'),
    );
  const found = (match: string): string | undefined =>
    decisions(planText('', { files: { 'sets.ipset': sets, 'rules.v4': rules(match) } }))['INPUT 2'];
  t.is(found('-m set --match-set s src,dst'), 'partial fragments');
  t.is(found('-s 203.0.113.1 -p tcp -m tcp --dport 80'), 'full offloaded');
});
