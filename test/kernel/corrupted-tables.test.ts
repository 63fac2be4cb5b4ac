/** One entry of a table wrong in the kernel: verification must see it, whatever kind of entry it is. */
import test from 'ava';
import { addressConfig, config, offsetOf, trieBlock, trieEnded } from '../../src/compile/abi.js';
import { crossovers } from '../../src/compile/crossovers.js';
import type { Atom, Prefilter, Step } from '../../src/plan/program.js';
import { entriesOf } from '../compile/random.js';
import { MAC } from '../oracle/rulesets.js';
import { asPlanned, check, type Corruption as Spoil, type Subject } from './corrupted.js';

const singles: Subject = { rules: Array.from({ length: 200 }, (_, i) => `-s 203.0.113.${i + 1}/32 -j DROP`) };
const prefixes: Subject = { rules: Array.from({ length: 60 }, (_, i) => `-s 198.18.${i * 4}.0/23 -j DROP`) };
const ipv6: Subject = {
  rules: Array.from({ length: 60 }, (_, i) => `-s 2001:db8:${(i + 1).toString(16)}::/48 -j DROP`),
  file: 'rules.v6',
};
const ofTwoLengths: Subject = {
  rules: Array.from(
    { length: 100 },
    (_, i) => `-s 2001:db8:${(i + 1).toString(16)}::/${i % 2 === 0 ? 48 : 64} -j DROP`,
  ),
  file: 'rules.v6',
};
const services: Subject = {
  rules: ['-p tcp -m tcp --dport 23 -j DROP', '-p udp -m udp --dport 53 -j DROP', '-p icmp -j DROP'],
};
const macs: Subject = {
  rules: Array.from({ length: 20 }, (_, i) => `-m mac --mac-source 02:00:00:00:00:${(i + 16).toString(16)} -j DROP`),
};
const set = (type: string, elements: readonly string[], options = ''): Omit<Subject, 'age'> => ({
  rules: [`-m set --match-set blocked ${type.includes('port') ? 'src,dst' : 'src'} -j DROP`],
  ipset: `create blocked ${type}${options}\n${elements.map((element) => `add blocked ${element}\n`).join('')}`,
});
const hosts = Array.from({ length: 60 }, (_, i) => `198.18.7.${i + 1}`);
const tuples: Subject = set(
  'hash:ip,port',
  hosts.map((host) => `${host},tcp:80`),
);
const timed = (left: number, age: number): Subject => ({
  ...set(
    'hash:ip',
    hosts.map((host) => `${host} timeout ${left}`),
    ' timeout 0',
  ),
  age,
});

/** The atom, of those that the steps use, with the most entries of the kind. */
function largest<Kind extends Atom['kind']>({ ip, ip6 }: Prefilter, kind: Kind): Extract<Atom, { kind: Kind }> {
  const atoms = [ip, ip6]
    .flatMap(({ steps, atoms: all }) => steps.flatMap(({ when }) => when.map(({ atom }) => all[atom]!)))
    .filter((atom): atom is Extract<Atom, { kind: Kind }> => atom.kind === kind);
  const [found] = atoms.sort((a, b) => entriesOf(b) - entriesOf(a));
  if (found === undefined) throw new Error(`no atom of ${kind}`);
  return found;
}

const dropStep = ({ ip }: Prefilter, n: number): Step => ip.steps.filter(({ outcome }) => outcome.kind === 'drop')[n]!;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Corruption {
  readonly title: string;
  readonly subject: Subject;
  readonly spoil: Spoil;
}

const middle = 30;

function exchange(counters: Uint32Array, at: number): void {
  [counters[at], counters[at + 1]] = [counters[at + 1]!, counters[at]!];
}

const corruptions: readonly Corruption[] = [
  {
    title: 'an IPv4 address',
    subject: singles,
    spoil: (prefilter) => {
      const { lo, hi } = largest(prefilter, 'addresses').ranges;
      lo[middle] = hi[middle]! ^= 0x8000;
    },
  },
  {
    title: 'the counter of an IPv4 address',
    subject: singles,
    spoil: (prefilter) => {
      largest(prefilter, 'addresses').counters![middle]! ^= 1;
    },
  },
  {
    title: 'the counters of two IPv4 addresses, exchanged',
    subject: singles,
    spoil: (prefilter) => {
      exchange(largest(prefilter, 'addresses').counters!, middle);
    },
  },
  {
    title: 'where a range of IPv4 addresses begins',
    subject: prefixes,
    spoil: (prefilter) => largest(prefilter, 'addresses').ranges.lo[middle]!++,
  },
  {
    title: 'where a range of IPv4 addresses ends, one too far',
    subject: prefixes,
    spoil: (prefilter) => largest(prefilter, 'addresses').ranges.hi[middle]!++,
  },
  {
    title: 'the counter of a range',
    subject: prefixes,
    spoil: (prefilter) => {
      largest(prefilter, 'addresses').counters![middle]! ^= 1;
    },
  },
  {
    title: 'a bit of an IPv6 prefix',
    subject: ipv6,
    spoil: (prefilter) => {
      const { lo, hi } = largest(prefilter, 'addresses').ranges;
      lo[4 * middle + 1]! ^= 0x100_0000;
      hi[4 * middle + 1]! ^= 0x100_0000;
    },
  },
  {
    title: 'a bit of an IPv6 prefix among those of two lengths',
    subject: ofTwoLengths,
    spoil: (prefilter) => {
      const { lo, hi } = largest(prefilter, 'addresses').ranges;
      lo[4 * middle + 1]! ^= 0x100_0000;
      hi[4 * middle + 1]! ^= 0x100_0000;
    },
  },
  {
    title: 'the counter of such a prefix',
    subject: ofTwoLengths,
    spoil: (prefilter) => {
      largest(prefilter, 'addresses').counters![middle]! ^= 1;
    },
  },
  {
    title: 'the counters of two such prefixes, exchanged',
    subject: ofTwoLengths,
    spoil: (prefilter) => {
      exchange(largest(prefilter, 'addresses').counters!, middle);
    },
  },
  {
    title: 'the port of an address and a port',
    subject: tuples,
    spoil: (prefilter) => {
      const ports = largest(prefilter, 'tuples').columns.find(({ field }) => field === 'dport');
      if (!ports || !('lo' in ports)) throw new Error('no ports');
      ports.lo[middle] = ports.hi[middle]! ^= 1;
    },
  },
  {
    title: 'a MAC address',
    subject: macs,
    spoil: (prefilter) => {
      largest(prefilter, 'macs').addresses[10]! += 0x100;
    },
  },
  {
    title: 'the class of a port',
    subject: services,
    spoil: (prefilter) => {
      (dropStep(prefilter, 0) as Writable<Step>).when = dropStep(prefilter, 1).when;
    },
  },
  {
    title: 'the counters of two steps',
    subject: services,
    spoil: (prefilter) => {
      const [first, second] = [dropStep(prefilter, 0), dropStep(prefilter, 1)] as Writable<Step>[];
      [first!.outcome, second!.outcome] = [second!.outcome, first!.outcome];
    },
  },
  {
    title: 'an element that expires long before its time',
    subject: timed(10_000, 0),
    spoil: (prefilter) => {
      (largest(prefilter, 'addresses').expires as Uint32Array)[middle]! -= 9_999;
    },
  },
  {
    title: 'an element that outlives its time',
    subject: timed(20, 1000),
    spoil: (prefilter) => {
      (largest(prefilter, 'addresses').expires as Uint32Array)[middle]! += 10_000;
    },
  },
];

for (const { title, subject, spoil } of corruptions) {
  test(`a wrong entry is caught: ${title}`, async (t) => {
    const right = await check(subject, asPlanned);
    t.is(right.differences, 0);
    t.true(right.frames > 1000);
    t.true((await check(subject, spoil)).differences > 0);
  });
}

/** Where the address stands once. */
function flip(words: Uint32Array, address: number): void {
  const at = words.indexOf(address);
  if (at < 0 || words.includes(address, at + 1)) throw new Error('the address does not stand there once');
  words[at]! ^= 0x8000;
}

const listed = 0xcb00_7164;

test('a bit that flips is caught: an address beside its counter', async (t) => {
  const { differences } = await check(singles, asPlanned, (_, { countedPlaces }) => flip(countedPlaces!.words, listed));
  t.true(differences > 0);
});

test('a bit that flips is caught: an address in its bucket', async (t) => {
  // So many CPUs that no address stands beside its counter.
  const { differences } = await check({ ...singles, compile: { cpus: 2 ** 20 } }, asPlanned, (tables) =>
    flip(new Uint32Array(tables.buffer, tables.byteOffset, tables.length >> 2), listed),
  );
  t.true(differences > 0);
});

test('a bit that flips is caught: an IPv6 prefix among those of two lengths, in its bucket', async (t) => {
  const { differences } = await check(ofTwoLengths, asPlanned, (tables) => {
    const words = new Uint32Array(tables.buffer, tables.byteOffset, tables.length >> 2);
    flip(words, 31 << 16);
  });
  t.true(differences > 0);
});

const manyIpv6: Subject = {
  rules: Array.from(
    { length: crossovers.orderedCountersFrom },
    (_, i) => `-s 2001:db8:${(i + 1).toString(16)}::1 -j DROP`,
  ),
  file: 'rules.v6',
};

test('counters of many IPv6 addresses that stand where they were compiled to differ in nothing', async (t) => {
  t.is((await check(manyIpv6, asPlanned)).differences, 0);
});

test('another counter where one of them stands is caught', async (t) => {
  const { differences } = await check(manyIpv6, asPlanned, (_, { countedPlaces }) => {
    const { numbers } = countedPlaces!;
    numbers[numbers.findIndex((number) => number !== 0)]! ^= 1;
  });
  t.true(differences > 0);
});

test('the counters of two of them, exchanged, are caught', async (t) => {
  const { differences } = await check(manyIpv6, asPlanned, (_, { countedPlaces }) => {
    const { numbers } = countedPlaces!;
    const places = [...numbers.keys()].filter((place) => numbers[place] !== 0);
    const [a, b] = [places[middle]!, places[middle + 1]!];
    [numbers[a], numbers[b]] = [numbers[b]!, numbers[a]!];
  });
  t.true(differences > 0);
});

const networks: Subject = {
  rules: Array.from({ length: 20 }, (_, i) => [
    `-s 10.${i}.0.0/16 -j DROP`,
    `-s 198.18.${i * 2}.0/24 -j DROP`,
    `-s 203.0.113.${i * 2} -j DROP`,
  ]).flat(),
};

/** An address of a listed network that the level decides about. */
const decided = { 'the first': 0x0a07_0000, 'the second': 0xc612_0800, 'the last': 0xcb00_7108 } as const;

for (const [level, address] of Object.entries(decided)) {
  test(`a bit that flips is caught: of a cell of ${level} level of a trie`, async (t) => {
    const { differences } = await check(networks, asPlanned, (tables, image) => {
      const rodata = new DataView(image.rodata({ mac: MAC, position: 0 }, 0n).buffer);
      const cells = new Uint16Array(tables.buffer, tables.byteOffset, tables.length >> 1);
      const first = (part: string): number =>
        rodata.getUint32(offsetOf(config, 'address') + offsetOf(addressConfig, part), true) / 2;
      const below = (at: number, bits: number): number =>
        first('trie_blocks') + (cells[at]! - trieEnded) * trieBlock + (bits % trieBlock);
      let at = first('trie') + (address >>> 16);
      if (level !== 'the first') at = below(at, address >>> 8);
      if (level === 'the last') at = below(at, address);
      t.true(first('trie') > 0 && cells[at]! < trieEnded);
      cells[at]! ^= 1;
    });
    t.true(differences > 0);
  });
}
