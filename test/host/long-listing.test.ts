/** Listings that are not held as a whole say of the rules what whole ones say. */
import test from 'ava';
import { type Listing, listingOf } from '../../src/host/live/long-listing.js';
import { readLive, type LiveText } from '../../src/host/live/read-live.js';
import { structureOf } from '../../src/host/live/structure.js';
import { brokenOff } from '../../src/host/live/whole-output.js';
import type { Holding } from '../../src/host/long-text/long-text.js';
import { writtenDown } from '../../src/host/long-text/nameless-file.js';

const holding = (block: number): Holding => ({ whole: 32, list: 20, block, again: true });

const ruleset = (elements: string, rule = 'ip saddr @bad drop', comment = ''): string => `table ip f {${comment}
\tset bad {
\t\ttype ipv4_addr
\t\telements = { ${elements} }
\t}

\tset named {
\t\ttype inet_service
\t\telements = { 22, 80,
\t\t\t     443 }
\t}

\tset also {
\t\ttype ipv4_addr
\t\telements = { ${elements} }
\t}

\tchain c {
\t\ttype filter hook input priority filter; policy accept;
\t\t${rule}
\t}
}
`;
const many = (from: number): string =>
  Array.from({ length: 20 }, (_, i) => `192.0.2.${from + i}`).join(',\n\t\t\t     ');

const save = (elements: string, size: number): string =>
  `create bad hash:ip family inet hashsize ${size} maxelem 65536\n${elements}create also hash:net family inet\n`;
const adds = (from: number): string => Array.from({ length: 40 }, (_, i) => `add bad 192.0.2.${from + i}\n`).join('');

function listing(format: 'ipset' | 'nft', text: string, block: number): Listing {
  const kept = writtenDown('', Buffer.alloc(0), [Buffer.from(text)]);
  if (Buffer.isBuffer(kept)) throw new Error('there is no place for files without a name');
  return listingOf(format, kept, holding(block));
}

const texts: Readonly<Record<'ipset' | 'nft', readonly string[]>> = {
  nft: [
    ruleset(many(1)),
    ruleset(many(100)),
    ruleset(many(1), 'ip saddr @also drop'),
    ruleset('192.0.2.1'),
    ruleset(many(1), 'drop', '\n\tcomment "\u0001"'),
    ruleset(`${many(1)} comment "x"`),
    ruleset(many(1)).slice(0, -2),
    ruleset(many(1)).slice(0, 300),
    ruleset(many(1)).replace(
      /elements = \{ (192[^}]*)\}/,
      (_, list: string) => `flags interval; elements = { ${list}}`,
    ),
  ],
  ipset: [
    save(adds(1), 64),
    save(adds(100), 64),
    save(adds(1), 128),
    save(adds(1), 64).replace('hash:net', 'hash:ip'),
    save(adds(1), 64).slice(0, -1),
    save(adds(1), 64).replaceAll('bad', 'create'),
  ],
};

for (const format of ['nft', 'ipset'] as const) {
  test(`${format}: the same structure, and what breaks off, as of the whole text`, (t) => {
    for (const text of texts[format]) {
      for (const block of [7, 100, 10_000]) {
        const { text: long, discard, broken } = listing(format, text, block);
        t.is(structureOf(format, long.text, long.rest), structureOf(format, text));
        t.is(broken, brokenOff(format, text));
        discard?.();
      }
    }
    t.truthy(listing('nft', texts.nft[0]!, 100).text.marked);
    // Where it is asked for twice, it is there twice.
    const { rest } = listing('ipset', texts.ipset[0]!, 100).text;
    t.deepEqual([...rest!], [...rest!]);
  });
}

test('what stands for other lists than those of sets is read whole: these may change', (t) => {
  const [text] = texts.nft.slice(-1);
  const { text: long } = listing('nft', text!, 100);
  t.deepEqual([long.text, long.marked], [text, undefined]);
});

test('rules that changed between two readings are read again, elements that changed are not, and no file stays open for nothing', (t) => {
  const versions = ['nft:0', 'nft:2', 'nft:0', 'nft:1', 'ipset:0'];
  let discarded = 0;
  const readings = versions.map((version) => (): readonly LiveText[] => {
    const [format, number] = version.split(':') as ['nft' | 'ipset', string];
    const { text, discard } = listing(format, texts[format][Number(number)]!, 100);
    const counted = (): void => {
      discarded++;
      discard!();
    };
    return [{ name: `live:${format}`, format, ...text, takenAt: 0, discard: counted }];
  });
  const [read] = readLive(null, () => readings.shift()!());
  t.is(readings.length, 1);
  t.is(discarded, 3);
  t.is(read!.marked!.whole(), texts.nft[1]!);
});
