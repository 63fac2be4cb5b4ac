/** Marks that rules set and ask for, and rules that no packet matches. */
import test from 'ava';
import { decisions, filter, planText, table } from './plan-text.js';

const chains = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]';
const user = (...names: string[]): string => [chains, ...names.map((name) => `:${name} - [0:0]`)].join('\n');
const mangle = (rules: string): string => table('mangle', rules, ':PREROUTING ACCEPT [0:0]');

const cases: Readonly<Record<string, { readonly text: string; readonly expected: Readonly<Record<string, string>> }>> =
  {
    'an accept of a mark that nobody sets is no guard': {
      text: filter('-A INPUT -m mark --mark 0x1 -j ACCEPT\n-A INPUT -s 203.0.113.7/32 -j DROP'),
      expected: { 'INPUT 1': 'none never-matches', 'INPUT 2': 'full offloaded' },
    },
    'mark, then drop what is marked (Kubernetes)': {
      text: filter(
        '-A INPUT -j KUBE-FIREWALL\n-A INPUT -j SERVICES\n-A INPUT -m mark --mark 0x8000/0x8000 -j DROP\n' +
          '-A SERVICES -s 203.0.113.0/24 -j KUBE-MARK-DROP\n-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000\n' +
          '-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP',
        user('KUBE-FIREWALL', 'KUBE-MARK-DROP', 'SERVICES'),
      ),
      expected: {
        'INPUT 1': 'none not-a-drop',
        'INPUT 2': 'none not-a-drop',
        'INPUT 3': 'partial marked',
        'KUBE-FIREWALL 1': 'none never-matches',
        'KUBE-MARK-DROP 1': 'none not-a-drop',
        'SERVICES 1': 'none not-a-drop',
      },
    },
    'an accept of what is marked guards only that': {
      text:
        mangle('-A PREROUTING -s 198.51.100.0/24 -j MARK --set-xmark 0x1/0xffffffff') +
        filter(
          '-A INPUT -m mark --mark 0x1 -j ACCEPT\n-A INPUT -s 203.0.113.7/32 -j DROP\n-A INPUT -s 198.51.100.7/32 -j DROP',
        ),
      expected: {
        'ip mangle PREROUTING 1': 'none not-a-drop',
        'ip filter INPUT 1': 'none not-a-drop',
        // Proofs take every condition on a mark for open, so what the prefilter does drop stays as well.
        'ip filter INPUT 2': 'partial blocked-partly',
        'ip filter INPUT 3': 'partial blocked-partly',
      },
    },
    'a mark from conntrack may be anything': {
      text:
        mangle('-A PREROUTING -m owner --uid-owner 0 -j MARK --set-xmark 0x1/0xffffffff') +
        filter('-A INPUT -m mark --mark 0x1 -j DROP'),
      expected: { 'ip mangle PREROUTING 1': 'none not-a-drop', 'ip filter INPUT 1': 'none unknown-match' },
    },
    'a chain entered by one kind of packet': {
      text: filter(
        '-A INPUT -p tcp -j TCP\n-A TCP -p udp -m udp --dport 53 -j ACCEPT\n-A TCP -s 203.0.113.7/32 -j DROP',
        user('TCP'),
      ),
      expected: { 'INPUT 1': 'none not-a-drop', 'TCP 1': 'none never-matches', 'TCP 2': 'full offloaded' },
    },
    'the same drop twice, and one within another': {
      text: filter(
        '-A INPUT -s 203.0.113.0/24 -j DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -s 203.0.113.0/24 -j DROP\n' +
          '-A INPUT -s 203.0.113.7/32 -j DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
      ),
      expected: {
        'INPUT 1': 'full offloaded',
        'INPUT 2': 'none not-a-drop',
        'INPUT 3': 'full never-matches',
        'INPUT 4': 'full never-matches',
        'INPUT 5': 'none never-matches',
      },
    },
    'a chain reached behind a limit as well is not done with, whatever stands above it elsewhere': {
      text: filter(
        '-A INPUT -s 198.51.100.0/24 -m limit --limit 5/sec -j BAD\n-A INPUT -s 203.0.113.0/24 -j DROP\n-A INPUT -s 203.0.113.7/32 -j BAD\n' +
          '-A BAD -s 203.0.113.0/24 -j DROP',
        user('BAD'),
      ),
      expected: {
        'INPUT 1': 'none stateful-match',
        'INPUT 2': 'full offloaded',
        'INPUT 3': 'none not-a-drop',
        'BAD 1': 'partial stateful-match',
      },
    },
  };

for (const [title, { text, expected }] of Object.entries(cases))
  test(title, (t) => {
    t.deepEqual(decisions(planText(text)), expected);
  });

test('the reason names the rule that stands before it', (t) => {
  const { text } = cases['a chain entered by one kind of packet'] ?? { text: '' };
  const rule = planText(text).rules.find(({ id }) => id === 'ip filter TCP 1');
  t.deepEqual(rule?.reason.blockedBy, ['ip filter INPUT 1']);
});
