/**
 * Runs in a namespace: makes random changes to sets of ipset and compares what polling tells of them with a fresh reading. Arguments: seed,
 * number of changes. Prints a JSON object.
 */
import { spawnSync } from 'node:child_process';
import { followHost } from '../../../src/follow/follow-host.js';
import { loadNative } from '../../../src/load/native.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import type { Ruleset } from '../../../src/model/ruleset.js';
import type { SetId } from '../../../src/model/set.js';
import type { LiveText } from '../../../src/host/live/read-live.js';
import { Random } from '../../compile/random.js';
import { applyTo, contentsOf, differences, type Contents } from './set-contents.js';

const four = (): string => `198.18.${random.below(3)}.${random.below(20)}`;
const six = (): string => `2001:db8:${random.below(3)}::${random.below(20).toString(16)}`;
const net4 = (): string =>
  random.pick([four(), `198.18.${random.below(3)}.0/24`, `198.18.${random.below(2)}.${random.below(4) * 8}/29`]);
const net6 = (): string => random.pick([six(), `2001:db8:${random.below(4)}::/48`]);
const port = (): string => `${random.pick(['tcp:', 'udp:', ''])}${random.pick([80, 443, 8080])}`;

interface Kind {
  readonly create: string;
  readonly element: () => string;
  readonly timed?: true;
}

const kinds: Readonly<Record<string, Kind>> = {
  ip: { create: 'hash:ip', element: four },
  ip2: { create: 'hash:ip', element: four },
  net: { create: 'hash:net', element: net4 },
  timed: { create: 'hash:ip timeout 600', element: four, timed: true },
  nettimed: { create: 'hash:net timeout 0', element: net4, timed: true },
  counted: { create: 'hash:net counters comment', element: () => `${net4()} packets ${random.below(9)} comment "a b"` },
  six: { create: 'hash:ip family inet6', element: six },
  netsix: { create: 'hash:net family inet6 timeout 100', element: net6, timed: true },
  pair: { create: 'hash:ip,port', element: () => `${four()},${port()}` },
  netpair: { create: 'hash:net,port timeout 300', element: () => `${net4()},${port()}`, timed: true },
  bits: { create: 'bitmap:ip range 198.18.0.0/16', element: four },
  wide: { create: 'hash:ip netmask 28', element: four },
  triple: { create: 'hash:ip,port,ip', element: () => `${four()},${port()},${four()}` },
  nomatch: { create: 'hash:net', element: () => `${net4()}${random.pick(['', ' nomatch'])}` },
  list: { create: 'list:set', element: () => random.pick(['ip', 'net', 'counted']) },
};
const names = Object.keys(kinds);

const [seed = 1, count = 100] = process.argv.slice(2).map(Number);
const random = new Random(seed);

const ipset = (script: string): boolean => spawnSync('ipset', ['restore'], { input: script }).status === 0;

function read(): { ruleset: Ruleset; live: readonly LiveText[] } {
  const takenAt = Date.now();
  const text = spawnSync('ipset', ['save'], { maxBuffer: 1 << 28 }).stdout.toString();
  const live: LiveText = { name: 'live:ipset', format: 'ipset', text, encoding: 'utf8', takenAt };
  const source = { file: live.name, text, takenAt, origin: { format: live.format } };
  return { ruleset: readRuleset([source]).ruleset, live: [live] };
}

/** Elements that are there, as ipset takes them back. */
const present = (name: string): string[] =>
  [
    ...spawnSync('ipset', ['save', name])
      .stdout.toString()
      .matchAll(/^add \S+ (\S+)/gm),
  ].map((match) => match[1]!);

function change(name: string): string {
  const kind = kinds[name]!;
  const timeout = kind.timed ? random.pick(['', ' timeout 50', ' timeout 5000', ' timeout 0']) : '';
  switch (random.below(12)) {
    case 0:
      return `flush ${name}\n`;
    case 1:
      return 'swap ip ip2\n';
    case 2:
    case 3:
    case 4: {
      const there = present(name);
      return there.length === 0 ? '' : `del ${name} ${random.pick(there)} -exist\n`;
    }
    case 5: {
      // One comes and one goes: their number stays.
      const there = present(name);
      return there.length === 0
        ? ''
        : `del ${name} ${random.pick(there)} -exist\nadd ${name} ${kind.element()} -exist\n`;
    }
    default:
      return Array.from(
        { length: random.between(1, 4) },
        () => `add ${name} ${kind.element()}${timeout} -exist\n`,
      ).join('');
  }
}

for (const name of names)
  if (!ipset(`create ${name} ${kinds[name]!.create}\n`)) throw new Error(`${name} cannot be made`);
const follower = followHost(loadNative(), { pollSeconds: 0.05 });
const told = new Map<SetId, Contents>();
const reread = new Set<SetId>();
const counts = { changes: 0, refused: 0, elements: 0, reread: {} as Record<string, number> };
const log: string[] = [];
const other: string[] = [];

function begin({ ruleset, live }: ReturnType<typeof read>): void {
  follower.baseline(ruleset, live);
  told.clear();
  for (const set of ruleset.sets.values()) {
    const contents = contentsOf(set);
    if (contents !== null) told.set(set.id, contents);
  }
}

function wrong(): string[] {
  const { ruleset } = read();
  for (const id of reread) {
    const contents = contentsOf(ruleset.sets.get(id)!);
    if (contents !== null) told.set(id, contents);
    else told.delete(id);
  }
  reread.clear();
  const now = Math.floor(Date.now() / 1000);
  return [...ruleset.sets.values()].flatMap((set) => {
    const contents = contentsOf(set);
    if (contents === null) return [];
    const mine = told.get(set.id);
    // A set that had exceptions and has none any more is told by being read anew.
    if (mine === undefined) return [`${set.name}: not told that it can be told`];
    return differences(mine, contents, now, 5).map((difference) => `${set.name}: ${difference}`);
  });
}

/** Takes what is told until it is as it should be; what is still wrong after many looks. */
async function settle(): Promise<string[]> {
  let found: string[] = [];
  for (let looks = 0; looks < 40; looks++) {
    const changes = await follower.next(100);
    for (const one of changes)
      if (one.kind === 'elements') counts.elements += one.changes.reduce((sum, { ranges }) => sum + ranges.count, 0);
    const done = applyTo(told, changes);
    for (const id of done.reread) {
      reread.add(id);
      counts.reread[id] = (counts.reread[id] ?? 0) + 1;
    }
    other.push(...done.other.map((one) => JSON.stringify(one)));
    found = wrong();
    if (found.length === 0) break;
  }
  return found;
}

for (let i = 0; i < 20; i++) ipset(change(random.pick(names)));
begin(read());
let found: string[] = [];
for (let i = 0; i < count && found.length === 0; i++) {
  const script = change(random.pick(names));
  log.push(script.trim());
  counts.changes++;
  if (!ipset(script)) counts.refused++;
  found = await settle();
  if (i === Math.floor(count / 2)) {
    follower.rereading();
    const again = read();
    ipset(change('net'));
    begin(again);
    found = await settle();
  }
}
const healthy = follower.healthy();
follower.close();
process.stdout.write(JSON.stringify({ ...counts, healthy, found, other, log: log.slice(-3) }));
