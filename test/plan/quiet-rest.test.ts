/** Chains that do nothing but drop behind a rule that may leave them. */
import test from 'ava';
import { decisions, filter, planText, table } from './plan-text.js';

const chains = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]';

/** As NixOS writes it: who fails the reverse path test is dropped at the end of the chain. */
const nixos = (rest: string): string =>
  table(
    'mangle',
    '-A PREROUTING -j rpfilter\n-A rpfilter -m rpfilter --validmark -j RETURN\n' +
      `-A rpfilter -d 255.255.255.255/32 -p udp -m udp --sport 67 --dport 68 -j RETURN\n${rest}-A rpfilter -j DROP`,
    ':PREROUTING ACCEPT [0:0]\n:rpfilter - [0:0]',
  ) + filter('-A INPUT -s 203.0.113.7/32 -j DROP');

test('what may return, or else is dropped, guards nothing', (t) => {
  const found = decisions(planText(nixos('')));
  t.is(found['ip filter INPUT 1'], 'full offloaded');
  t.regex(found['ip mangle rpfilter 3'] ?? '', /^(none|partial)/);
});

test('a LOG in between must still see it', (t) => {
  t.is(decisions(planText(nixos('-A rpfilter -j LOG\n')))['ip filter INPUT 1'], 'none blocked');
});

test('a limit in between counts what it sees', (t) => {
  const limited = '-A rpfilter -m limit --limit 5/sec -j RETURN\n';
  t.is(decisions(planText(nixos(limited)))['ip filter INPUT 1'], 'none blocked');
});

test('an accept in between ends the whole chain, so it is a place of its own', (t) => {
  const accepts = '-A rpfilter -s 198.51.100.0/24 -j ACCEPT\n';
  t.is(decisions(planText(nixos(accepts)))['ip filter INPUT 1'], 'none blocked');
});

test('an uncertain accept before a policy of drop, with another chain behind it', (t) => {
  const raw = table('raw', '-A PREROUTING -m owner --uid-owner 0 -j ACCEPT', ':PREROUTING DROP [0:0]');
  const found = decisions(planText(raw + filter('-A INPUT -s 203.0.113.7/32 -j DROP', chains)));
  t.is(found['ip filter INPUT 1'], 'full offloaded');
  t.is(found['ip raw PREROUTING policy'], 'partial policy');
});
