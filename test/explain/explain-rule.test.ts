/** Why a rule is decided as it is, what would help, and rules by the names that people type. */
import test from 'ava';
import { explainRule, type RuleExplanation } from '../../src/explain/explain-rule.js';
import { findRule } from '../../src/explain/find-rule.js';
import { filter, optionsFor, planOf } from './write.js';

function explain(text: string, name: string): RuleExplanation {
  const plan = planOf(text);
  const found = findRule(name, plan.rules);
  if (found.kind !== 'rule') throw new Error(`no rule ${name}`);
  return explainRule(plan, found.decision, optionsFor());
}

const blocked = filter(['-p udp -j ACCEPT', '-p tcp -m tcp --dport 22 -j LOG', '-s 198.51.100.0/24 -j DROP']);

test('what is in the way, and why', (t) => {
  const explained = explain(blocked, 'ip filter INPUT 3');
  t.is(explained.offload, 'partial');
  t.like(explained.blockedBy[0], {
    id: 'ip filter INPUT 2',
    line: 6,
    why: 'It observes some of its packets (LOG), which must still happen.',
  });
  t.is(explained.residual, 'stays');
  t.true(explained.assumptions.length > 0);
  t.is(explained.drops[0]?.condition, 'source address 198.51.100.0/24');
});

test('the smallest move that helps, as a plan of the changed ruleset decides', (t) => {
  t.like(explain(blocked, 'ip filter INPUT 3').change, {
    above: 'ip filter INPUT 1',
    to: 'ip filter INPUT',
    offload: 'full',
    code: 'offloaded',
  });
  const one = explain(
    filter(['-s 203.0.113.0/24 -j DROP', '-p udp -j ACCEPT', '-s 198.51.100.0/24 -j DROP']),
    'ip filter INPUT 3',
  );
  t.like(one.change, { above: 'ip filter INPUT 2', offload: 'full' });
});

test('a move out of the reach of NAT', (t) => {
  const nat =
    '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1\nCOMMIT\n';
  const { change } = explain(nat + filter(['-s 198.51.100.0/24 -j DROP']), 'ip filter INPUT 1');
  t.like(change, { above: null, to: 'ip raw PREROUTING', offload: 'full' });
});

test('no move is proposed for a drop of everything, nor where none helps', (t) => {
  const all = explain(filter(['-p tcp -m tcp --dport 22 -j ACCEPT', '-j DROP']), 'ip filter INPUT 2');
  t.is(all.offload, 'partial');
  t.is(all.change, null);
  t.is(explain(filter(['-s 198.51.100.0/24 -j REJECT']), 'ip filter INPUT 1').change, null);
  // Wherever it stands, its own match cannot be decided.
  const unknown = explain(
    filter(['-p udp -j ACCEPT', '-s 198.51.100.0/24 -m mark --mark 1 -j DROP']),
    'ip filter INPUT 2',
  );
  t.is(unknown.change, null);
});

test('a full rule leaves, and says what it rests on', (t) => {
  const explained = explain(filter(['-s 198.51.100.0/24 -j DROP']), 'ip filter INPUT 1');
  t.like(explained, { offload: 'full', residual: 'left out', hint: null, change: null, blockedBy: [] });
  t.is(explained.drops.length, 1);
});

test('names as people type them', (t) => {
  const { rules } = planOf(filter(['-s 198.51.100.0/24 -j DROP', '-s 203.0.113.0/24 -j DROP'], 'DROP'));
  for (const name of ['ip filter INPUT 2', '  IP   Filter input 2 ', 'filter INPUT 2', 'input 2'])
    t.like(findRule(name, rules), { kind: 'rule', decision: { id: 'ip filter INPUT 2' } }, name);
  t.like(findRule('ip filter INPUT Policy', rules), { kind: 'rule', decision: { number: null } });
  const near = findRule('ip filtr INPUT 9', rules);
  t.is(near.kind === 'none' ? near.near[0] : null, 'ip filter INPUT 2');
  t.deepEqual(findRule('ip filter INPUT 1', []), { kind: 'none', near: [] });
});

test('a name that is several', (t) => {
  const { rules } = planOf(
    'table inet fw {\n chain a {\n  ip saddr 1.2.3.4 drop\n }\n chain A {\n  ip saddr 1.2.3.4 drop\n }\n}\n',
  );
  t.deepEqual(findRule('INET fw a 1', rules), { kind: 'several', ids: ['inet fw a 1', 'inet fw A 1'] });
  t.like(findRule('inet fw A 1', rules), { kind: 'rule', decision: { id: 'inet fw A 1' } });
});
