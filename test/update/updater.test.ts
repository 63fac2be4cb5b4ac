/** What is changed in place, what wants a new plan, and what passes until there is one. The kernel's side: test/kernel/updates*.test.ts. */
import test from 'ava';
import { outcomes } from '../../src/compile/abi.js';
import { compileWithLayout } from '../../src/compile/compile.js';
import { spareFor } from '../../src/compile/spare.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { SetId } from '../../src/model/set.js';
import { planRuleset } from '../../src/plan/plan-ruleset.js';
import type { Plan } from '../../src/plan/plan.js';
import type { SetChange } from '../../src/update/set-change.js';
import { createUpdater, type Updated, type Updater } from '../../src/update/updater.js';
import { Random } from '../compile/random.js';
import { webServer } from '../plan/plan-text.js';
import { prefixBounds } from './prefix-bounds.js';

const now = 1_700_000_000;

interface Followed {
  readonly plan: Plan;
  readonly updater: Updater;
  readonly change: (op: SetChange['op'], set: string, ...elements: string[]) => Updated;
  /** Outcomes of the IPv4 steps as the program reads them now. */
  readonly outcomesNow: () => number[];
  readonly isClustered: boolean;
}

function follow(sets: string, rules: readonly string[], nft = '', rules6 = ''): Followed {
  const table = `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.map((rule) => `-A PREROUTING ${rule}\n`).join('')}COMMIT\n`;
  const texts = { 'sets.save': sets, 'rules.v4': table, 'rules.nft': nft, 'rules.v6': rules6 };
  const inputs = Object.entries(texts).filter(([, text]) => text !== '');
  const { ruleset } = readRuleset(inputs.map(([file, text]) => ({ file, text, takenAt: now * 1000 })));
  const plan = planRuleset(ruleset, { devices: ['eth0'], facts: webServer, strict: false, follow: true });
  const { image, layout } = compileWithLayout(plan.prefilter, { spare: (prefilter) => spareFor(prefilter, now) });
  const updater = createUpdater(plan, layout, image.tables);
  return {
    plan,
    updater,
    change: (op, set, ...elements) => updater.apply([changeOf(op, set, elements)]),
    outcomesNow: () =>
      plan.prefilter.ip.steps.map((_, i) => image.tables[layout.ip.steps + layout.ip.placement.positions[i]! * 8]!),
    isClustered: layout.ip.placement.clusters !== null,
  };
}

/** Elements as `198.18.0.1`, or `198.18.0.1 60` with seconds until they expire. */
function changeOf(op: SetChange['op'], set: string, elements: readonly string[]): SetChange {
  const bounds = elements.map((one) => prefixBounds(one.split(' ')[0]!));
  const left = elements.map((one) => Number(one.split(' ')[1] ?? 0));
  return {
    set: (set.includes(':') ? set : `ipset:${set}`) as SetId,
    op,
    ranges: {
      family: elements[0]!.includes(':') ? 6 : 4,
      count: elements.length,
      lo: Uint32Array.from(bounds.flatMap(({ lo }) => [...lo])),
      hi: Uint32Array.from(bounds.flatMap(({ hi }) => [...hi])),
    },
    ...(left.some((seconds) => seconds > 0) && { expires: Uint32Array.from(left, (s) => (s === 0 ? 0 : now + s)) }),
  };
}

const inPlace = (elements: number): Updated => ({ elements, replan: [], suspended: 0 });
const reasonOf = ({ replan }: Updated): string | undefined => replan[0]?.reason;
const dropFrom = (set: string): string => `-m set --match-set ${set} src -j DROP`;

test('single addresses go in place until the room is used up', (t) => {
  const random = new Random(7);
  const drawn = new Set<number>();
  while (drawn.size < 6000) drawn.add((0x0b000000 | random.below(2 ** 24)) >>> 0);
  const texts = [...drawn].map((one) => [24, 16, 8, 0].map((shift) => (one >>> shift) & 255).join('.'));
  const adds = texts.slice(0, 1000).map((one) => `add bad ${one}\n`);
  const { change } = follow(`create bad hash:ip\n${adds.join('')}`, [dropFrom('bad')]);
  const room = texts.slice(1000, 1000 + 4096);
  for (const one of room) t.deepEqual(change('add', 'bad', one), inPlace(1));
  t.deepEqual(change('remove', 'bad', ...room), inPlace(room.length));
  t.deepEqual(change('add', 'bad', ...texts.slice(1500)), inPlace(4500));
});

test('what the plan concluded from a set holds while it changes', (t) => {
  const rules = ['-m set --match-set seen src -j LOG', '-s 198.18.0.1/32 -j DROP'];
  const { plan, change, outcomesNow } = follow('create seen hash:ip\nadd seen 198.18.0.9\n', rules);
  t.is(plan.rules[1]?.offload, 'full');
  t.deepEqual(change('add', 'seen', '198.18.0.2'), inPlace(1));
  t.deepEqual(outcomesNow(), [outcomes.pass, outcomes.drop]);
  // Its packets would be logged and then, without the rule, accepted.
  const result = change('add', 'seen', '198.18.0.1');
  t.is(reasonOf(result), 'the plan rests on what was in it');
  t.is(result.suspended, 1);
  t.deepEqual(outcomesNow(), [outcomes.pass, outcomes.pass]);
});

test('an element with a timeout is new to a set that has none', (t) => {
  const { change } = follow('create bad hash:ip\n', [dropFrom('bad')]);
  t.is(reasonOf(change('add', 'bad', '198.18.0.1 60')), 'none of its elements timed out before');
  const timed = follow('create bad hash:ip timeout 0\n', [dropFrom('bad')]);
  t.deepEqual(timed.change('add', 'bad', '198.18.0.1 60', '198.18.0.2'), inPlace(2));
});

test('what must no longer drop passes at once, in place or not', (t) => {
  const sets =
    'create bad hash:net\nadd bad 198.18.0.0/16\nadd bad 198.19.0.1\ncreate good hash:ip\nadd good 198.18.0.1\n';
  const drops = follow(sets, [dropFrom('bad'), dropFrom('good')]);
  const wide = drops.change('remove', 'bad', '198.18.0.0/16');
  t.is(reasonOf(wide), 'an element is too large to change in place');
  t.deepEqual(drops.outcomesNow(), [outcomes.pass, outcomes.drop]);
  // One that comes late only drops late.
  const late = follow(sets, [dropFrom('bad')]).change('add', 'bad', '198.20.0.0/16');
  t.is(late.suspended, 0);
  t.is(late.replan.length, 1);
});

test('steps of many rules stand elsewhere, and those that must no longer drop are found', (t) => {
  const rules = Array.from(
    { length: 99 },
    (_, i) => `-s 10.${i}.0.0/16 -d 198.51.100.${i}/32 -p udp --dport ${i} -j DROP`,
  );
  rules.splice(50, 0, `-d 192.0.2.1/32 ${dropFrom('bad')}`);
  const sets = 'create bad hash:net\nadd bad 198.18.0.0/16\nadd bad 198.19.0.1\n';
  const { change, outcomesNow, isClustered } = follow(sets, rules);
  t.true(isClustered);
  const before = outcomesNow();
  t.is(change('remove', 'bad', '198.18.0.0/16').suspended, 1);
  const now = outcomesNow();
  t.deepEqual(
    before.flatMap((outcome, step) => (outcome === now[step] ? [] : [[step, outcome, now[step]]])),
    [[50, outcomes.drop, outcomes.pass]],
  );
});

test('elements that lie within others', (t) => {
  const sets = 'create bad hash:net\nadd bad 198.18.0.0/24\nadd bad 198.18.1.0/24\nadd bad 198.18.1.7\n';
  const { change } = follow(sets, [dropFrom('bad')]);
  const nested = 'elements of it lie within others';
  t.is(reasonOf(change('add', 'bad', '198.18.0.1')), nested);
  t.is(reasonOf(change('remove', 'bad', '198.18.1.0/24')), nested);
  t.deepEqual(change('remove', 'bad', '198.18.0.0/24'), inPlace(1));
  t.deepEqual(change('add', 'bad', '198.18.0.1'), inPlace(1));
  t.is(reasonOf(change('add', 'bad', '198.18.0.0/28')), nested);
  t.deepEqual(change('remove', 'bad', '198.18.7.0/24'), inPlace(1));
});

test('sets that do not stand in the tables one by one', (t) => {
  const exceptions = 'create bad hash:net\nadd bad 198.18.0.0/24\nadd bad 198.18.0.1 nomatch\n';
  const { change, outcomesNow } = follow(exceptions, [dropFrom('bad'), '-s 198.19.0.1/32 -j DROP']);
  const result = change('add', 'bad', '198.20.0.1');
  t.is(reasonOf(result), 'its elements do not stand in the tables one by one');
  t.true(outcomesNow().every((outcome) => outcome === outcomes.pass));
  const inRule = `table ip f { set s { type ipv4_addr; elements = { 198.18.0.1 }; }
    chain c { type filter hook prerouting priority -300; ip saddr @s drop; @nh,96,32 @s drop; }\n}\n`;
  const nft = follow('', [], inRule);
  t.is(reasonOf(nft.change('add', 'nft:ip f s', '198.18.0.2')), 'its elements do not stand in the tables one by one');
});

test('IPv6: single addresses beside a few prefixes, and prefixes where there are many of a length', (t) => {
  const rules6 = `# Generated by ip6tables-save\n*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING ${dropFrom('bad')}\nCOMMIT\n`;
  const create = 'create bad hash:net family inet6\n';
  const nets = Array.from({ length: 40 }, (_, i) => `add bad 2001:db8:${i}::/64\n`).join('');
  const few = follow(`${create}add bad 2001:db8:1::/48\nadd bad 2001:db8:2::/64\n`, [], '', rules6);
  t.deepEqual(few.change('add', 'bad', '2001:db8:3::1', '2001:db8:4::1'), inPlace(2));
  t.is(few.change('add', 'bad', '2001:db8:2::1').replan.length, 1);
  const many = follow(create + nets, [], '', rules6);
  t.deepEqual(many.change('add', 'bad', '2001:db8:100::/64'), inPlace(1));
  t.deepEqual(many.change('remove', 'bad', '2001:db8:7::/64'), inPlace(1));
  t.is(many.change('add', 'bad', '2001:db8:200::1').replan.length, 1);
});

test('sets that no step asks for', (t) => {
  const { change } = follow('create bad hash:ip\ncreate idle hash:ip\n', [dropFrom('bad')]);
  t.deepEqual(change('add', 'idle', '198.18.0.1'), inPlace(0));
  t.deepEqual(change('add', 'unheard-of', '198.18.0.1'), inPlace(0));
});
