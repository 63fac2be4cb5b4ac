/**
 * Runs in a namespace: makes random changes to sets of every kind by nft and compares what was told of them with a fresh reading.
 * Arguments: seed, number of changes. Prints a JSON object.
 */
import { spawnSync } from 'node:child_process';
import { followHost } from '../../../src/follow/follow-host.js';
import type { HostChange } from '../../../src/follow/change.js';
import { loadNative } from '../../../src/load/native.js';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import type { Ruleset } from '../../../src/model/ruleset.js';
import type { SetId } from '../../../src/model/set.js';
import { Random } from '../../compile/random.js';
import { applyTo, contentsOf, differences, type Contents } from './set-contents.js';

const kinds = {
  plain4: 'type ipv4_addr;',
  net4: 'type ipv4_addr; flags interval;',
  merge4: 'type ipv4_addr; flags interval; auto-merge;',
  timed4: 'type ipv4_addr; flags timeout; timeout 1h;',
  net4timed: 'type ipv4_addr; flags interval,timeout;',
  counted4: 'type ipv4_addr; counter;',
  typeof4: 'typeof ip saddr; flags interval;',
  plain6: 'type ipv6_addr;',
  net6: 'type ipv6_addr; flags interval;',
  merge6: 'type ipv6_addr; flags interval; auto-merge;',
  ports: 'type inet_service; flags interval;',
  pairs: 'type ipv4_addr . inet_service;',
  netpairs: 'type ipv4_addr . inet_service; flags interval;',
  verdicts: 'type ipv4_addr : verdict;',
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

const [seed = 1, count = 200] = process.argv.slice(2).map(Number);
const random = new Random(seed);

function nft(script: string): boolean {
  return spawnSync('nft', ['-f', '-'], { input: script }).status === 0;
}

function read(): Ruleset {
  const text = spawnSync('nft', ['list', 'ruleset'], { maxBuffer: 1 << 28 }).stdout.toString();
  return readRuleset([{ file: 'live:nft', text, takenAt: Date.now(), origin: { format: 'nft' } }]).ruleset;
}

const four = (): string => `198.18.${random.below(3)}.${random.below(20)}`;
const six = (): string => `2001:db8:${random.below(3)}::${random.below(20).toString(16)}`;

function range(address: string, isSix: boolean): string {
  switch (random.below(5)) {
    case 0:
      return isSix
        ? `2001:db8:${random.below(4)}::/${random.pick([48, 64, 127])}`
        : `198.18.${random.below(3)}.${random.below(4) * 8}/${random.pick([29, 30, 31])}`;
    case 1:
      return isSix
        ? `${address}-2001:db8:3::${random.below(9)}`
        : `198.18.${random.below(2)}.${random.below(9)}-198.18.${1 + random.below(2)}.${random.below(9)}`;
    case 2:
      return isSix
        ? `2001:db8::${(0x100 + random.below(4)).toString(16)}`
        : random.pick(['224.0.0.0/3', '255.255.255.255', '0.0.0.0/8', '198.18.0.255', '198.18.1.0']);
    default:
      return address;
  }
}

function element(kind: Kind): string {
  const isSix = kind.endsWith('6');
  const address = isSix ? six() : four();
  switch (kind) {
    case 'ports':
      return random.pick(['80', '443', '1000-1010', '8080']);
    case 'pairs':
      return `${address} . ${random.pick([80, 443])}`;
    case 'netpairs':
      return `${random.pick([address, '198.18.1.0/24'])} . ${random.pick(['80', '1000-2000'])}`;
    case 'verdicts':
      return `${address} : drop`;
    case 'timed4':
      return `${address}${random.pick(['', ' timeout 100s', ' timeout 2d1h', ' timeout 1s'])}`;
    case 'net4timed':
      return `${range(address, false)}${random.pick(['', ' timeout 90s', ' timeout 3h'])}`;
    case 'counted4':
      return `${address}${random.pick(['', ' comment "a b"'])}`;
    case 'plain4':
    case 'plain6':
      return address;
    case 'net4':
    case 'merge4':
    case 'typeof4':
    case 'net6':
    case 'merge6':
      return range(address, isSix);
  }
}

/** Elements that are there, as nft takes them back. */
function present(kind: Kind): string[] {
  const text = spawnSync('nft', ['list', 'set', 'inet', 't', kind]).stdout.toString();
  const inside = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? '';
  return inside
    .split(',')
    .map((one) => one.replace(/ (timeout|expires|counter|comment).*$/s, '').trim())
    .filter((one) => one !== '');
}

function change(kind: Kind): string {
  const keyword = kind === 'verdicts' ? 'map' : 'set';
  switch (random.below(10)) {
    case 0:
      return `flush ${keyword} inet t ${kind}\n`;
    case 1:
    case 2:
    case 3: {
      const there = kind === 'verdicts' ? [] : present(kind);
      if (there.length === 0) return '';
      const chosen = Array.from({ length: random.between(1, 3) }, () => random.pick(there));
      return `delete element inet t ${kind} { ${[...new Set(chosen)].join(', ')} }\n`;
    }
    default:
      return `add element inet t ${kind} { ${Array.from({ length: random.between(1, 4) }, () => element(kind)).join(', ')} }\n`;
  }
}

const declarations = names
  .map((name) => `${name === 'verdicts' ? 'map' : 'set'} ${name} { ${kinds[name]} }\n`)
  .join('');
if (!nft(`table inet t {\n${declarations}}\n`)) throw new Error('the sets cannot be made');
const follower = followHost(loadNative(), { pollSeconds: 2 });
const told = new Map<SetId, Contents>();
const counts = { changes: 0, refused: 0, elements: 0, reread: {} as Record<string, number> };
const found: string[] = [];
const log: string[] = [];

function take(fresh: Ruleset, changes: readonly HostChange[]): void {
  const { reread, other } = applyTo(told, changes);
  for (const one of changes)
    if (one.kind === 'elements') counts.elements += one.changes.reduce((n, { ranges }) => n + ranges.count, 0);
  for (const one of other) found.push(`told: ${JSON.stringify(one)}`);
  for (const id of reread) {
    counts.reread[id] = (counts.reread[id] ?? 0) + 1;
    const contents = contentsOf(fresh.sets.get(id)!);
    if (contents !== null) told.set(id, contents);
  }
  const now = Math.floor(Date.now() / 1000);
  for (const set of fresh.sets.values()) {
    const contents = contentsOf(set);
    if (contents === null) continue;
    for (const difference of differences(told.get(set.id)!, contents, now, 4)) found.push(`${set.name}: ${difference}`);
  }
}

function begin(ruleset: Ruleset): void {
  follower.baseline(ruleset, null);
  told.clear();
  for (const set of ruleset.sets.values()) {
    const contents = contentsOf(set);
    if (contents !== null) told.set(set.id, contents);
  }
}

// Changes before the first reading are told again, and do no harm.
for (let i = 0; i < 10; i++) nft(change(random.pick(names)));
const first = read();
for (let i = 0; i < 10; i++) nft(change(random.pick(names)));
begin(first);
take(read(), follower.pending());
for (let i = 0; i < count && found.length === 0; i++) {
  const script = Array.from({ length: random.chance(0.2) ? 4 : 1 }, () => change(random.pick(names))).join('');
  log.push(script.trim());
  counts.changes++;
  if (script !== '' && !nft(script)) counts.refused++;
  take(read(), follower.pending());
  if (i === Math.floor(count / 2)) {
    follower.rereading();
    const again = read();
    nft(change('net4'));
    begin(again);
    take(read(), follower.pending());
  }
}
follower.close();
process.stdout.write(JSON.stringify({ ...counts, found, log: log.slice(-3) }));
