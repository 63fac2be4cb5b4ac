/** Two listings of a large set: what differs is told exactly, and others have the event loop meanwhile. */
import test from 'ava';
import { FollowedIpset } from '../../src/follow/poll/followed-ipset.js';
import { sectionsOf, type Section } from '../../src/follow/poll/ipset-text.js';
import { Slices } from '../../src/follow/poll/slices.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { NamedSet } from '../../src/model/set.js';
import type { HostChange } from '../../src/follow/change.js';

/** More than one chunk of text, and more than one share. */
const count = 20_000;
const began = Date.parse('2026-01-02T03:04:05Z');

type Line = (i: number) => string;

const kinds: Readonly<Record<string, { readonly create: string; readonly element: Line; readonly words: number }>> = {
  'hash:ip': { create: 'hash:ip family inet', element: (i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, words: 1 },
  'hash:net of IPv6': {
    create: 'hash:net family inet6',
    element: (i) => `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::/64`,
    words: 4,
  },
  'hash:ip,port': {
    create: 'hash:ip,port family inet',
    element: (i) => `198.18.${(i >> 8) & 255}.${i & 255},tcp:${1 + (i >> 4)}`,
    words: 1,
  },
};

/** In an order of its own, as hash tables list their elements. */
function listing(create: string, elements: Iterable<readonly [string, number]>, seed: number): string {
  const lines = [...elements].map(([element, left]) => `add x ${element} timeout ${left}\n`);
  for (let i = lines.length - 1, state = seed; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = state % (i + 1);
    [lines[i], lines[j]] = [lines[j]!, lines[i]!];
  }
  return `create x ${create} hashsize 1024 maxelem 1000000 timeout 0\n${lines.join('')}`;
}

const sectionOf = (text: string): Section => sectionsOf(text).get('x')!;

function read(text: string): NamedSet {
  const { ruleset } = readRuleset([{ file: 'x', text, takenAt: began }]);
  return [...ruleset.sets.values()][0]!;
}

function toldOf(changes: readonly HostChange[]): Readonly<Record<string, number>> {
  const told: Record<string, number> = {};
  for (const change of changes)
    if (change.kind !== 'elements') told[change.kind] = 1;
    else for (const { op, ranges } of change.changes) told[op] = ranges.count;
  return told;
}

/** Seconds later. */
const at = (seconds: number): { began: number; ended: number } => ({
  began: began + seconds * 1000,
  ended: began + seconds * 1000 + 500,
});

for (const [name, { create, element, words }] of Object.entries(kinds)) {
  test(`${name}: what has come, gone, or been given another time`, async (t) => {
    const elements = new Map(Array.from({ length: count }, (_, i) => [element(i), 600 + (i % 50)] as const));
    const first = listing(create, elements, 1);
    const set = read(first);
    for (const section of [null, sectionOf(first)]) {
      const followed = new FollowedIpset(set, section);
      let turns = 0;
      let ticking = setImmediate(function turn() {
        turns++;
        ticking = setImmediate(turn);
      });
      const later = new Map([...elements].map(([one, left]) => [one, left - 20]));
      t.deepEqual(toldOf(await followed.compare(sectionOf(listing(create, later, 2)), at(20), new Slices(0))), {});
      clearImmediate(ticking);
      t.true(turns > 8, `${turns} turns of the event loop`);

      const last = new Map([...elements].map(([one, left]) => [one, left - 40]));
      for (let i = 0; i < 7; i++) last.delete(element(i * 2000));
      for (let i = 0; i < 3; i++) last.set(element(count + i), 500);
      last.set(element(1), 5000);
      const changes = await followed.compare(sectionOf(listing(create, last, 3)), at(40), new Slices());
      t.deepEqual(toldOf(changes), { remove: 7, add: 4 });
      const [change] = changes;
      if (change?.kind !== 'elements') throw new Error('elements are told');
      const [removed, added] = change.changes;
      t.is(removed!.ranges.lo.length, 7 * words);
      t.true(added!.expires!.includes(Math.floor(began / 1000) + 40 - 1 + 5000));
      t.is(added!.ports !== undefined, name === 'hash:ip,port');
      t.deepEqual(await followed.compare(sectionOf(listing(create, last, 3)), at(40), new Slices()), []);
    }
  });
}

test('a set that grows from nothing, and is emptied', async (t) => {
  const { create, element } = kinds['hash:ip']!;
  const empty = listing(create, [], 1);
  const followed = new FollowedIpset(read(empty), sectionOf(empty));
  const full = listing(create, Array.from({ length: count }, (_, i) => [element(i), 600] as const), 2); // prettier-ignore
  t.deepEqual(toldOf(await followed.compare(sectionOf(full), at(0), new Slices())), { add: count });
  t.deepEqual(toldOf(await followed.compare(sectionOf(empty), at(5), new Slices())), { remove: count });
});

test('made anew, and elements that columns do not say', async (t) => {
  const { create, element } = kinds['hash:net of IPv6']!;
  const text = listing(create, [[element(1), 600]], 1);
  const followed = new FollowedIpset(read(text), sectionOf(text));
  const odd = text.replace('timeout 600', 'timeout 600 nomatch');
  t.deepEqual(toldOf(await followed.compare(sectionOf(odd), at(0), new Slices())), { set: 1 });
  const other = text.replace('maxelem 1000000', 'maxelem 5');
  t.deepEqual(toldOf(await followed.compare(sectionOf(other), at(0), new Slices())), { rules: 1 });
});
