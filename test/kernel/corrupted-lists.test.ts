/** One byte wrong in the lists by address, or in what they lead to (bpf/candidates.h): verification must see it. */
import test from 'ava';
import { config, counterMask, familyConfig, fieldConfig, offsetOf, sizeOf, slots } from '../../src/compile/abi.js';
import type { Image } from '../../src/compile/image.js';
import { MAC } from '../oracle/rulesets.js';
import { asPlanned, check, type Subject } from './corrupted.js';

const count = 300;
/** Of 400 steps: a drop of TCP, what an ACCEPT passes for certain and perhaps, and the drop behind it, from which it keeps a part. */
const [drop, guards, behind] = [122, [123, 124], 125] as const;

const subject: Subject = {
  compile: { decisions: false },
  rules: [
    // One step, whose lines have counters.
    ...[1, 5, 9].map((host) => `-s 198.18.252.${host} -d 203.0.113.128/25 -p udp -m udp --dport 53 -j DROP`),
    ...Array.from({ length: count }, (_, i) => {
      const [source, destination] = [`198.18.${i % 250}`, `203.0.113.${(i * 8) % 256}/29`];
      if (i % 3 === 2) return `-s ${source}.0/25 -d ${destination} -p udp -m udp --dport 1010:1020 -j ACCEPT`;
      if (i % 3 === 0 && i > 0)
        return `-s 198.18.${i - 1}.0/24 -d 203.0.113.0/24 -p udp -m udp --dport 1000:${1030 + i} -j DROP`;
      return `-s ${source}.64/26 -d ${destination} -p tcp -m tcp --sport ${100 + i}:${900 + i} --dport ${i}:${i + 50} -j DROP`;
    }),
  ],
};

/** The lists, in a copy of the tables that may be changed. */
class ListTables {
  readonly #view: DataView;
  readonly #rodata: DataView;

  constructor(tables: Uint8Array, image: Image) {
    if (!image.structures.some(({ structure }) => structure === 'lists')) throw new Error('no lists');
    this.#view = new DataView(tables.buffer, tables.byteOffset, tables.length);
    this.#rodata = new DataView(image.rodata({ mac: MAC, position: 0 }, 0n).buffer);
  }

  flip(step: number, part: 'addresses' | 'mask', bit: number): void {
    this.#change(step, part === 'addresses' ? 0 : 8, (word) => word ^ (1n << BigInt(bit)));
  }

  move(step: number, bound: 'low' | 'high', field: number, by: 1 | -1): void {
    this.#change(step, bound === 'low' ? 16 : 24, (word) => word + (BigInt(by) << BigInt(field)));
  }

  /** In all lists. */
  replace(step: number, by: number): void {
    const lists = this.#lists();
    const found = lists.filter((at) => this.#view.getUint16(at, true) === step + 1);
    if (found.length === 0) throw new Error(`step ${step} stands in no list`);
    for (const at of found) this.#view.setUint16(at, by, true);
  }

  /** Of a line of the source. */
  moveCounter(): void {
    const field = offsetOf(config, 'ip') + offsetOf(familyConfig, 'field') + slots.saddr * sizeOf(fieldConfig);
    let at = this.#rodata.getUint32(field + offsetOf(fieldConfig, 'numbered'), true);
    if (at === 0) throw new Error('labels have no numbers');
    while ((this.#view.getUint32(at, true) & counterMask) === 0) at += 4;
    this.#view.setUint32(at, this.#view.getUint32(at, true) ^ 1, true);
  }

  #family(name: string): number {
    return this.#rodata.getUint32(offsetOf(config, 'ip') + offsetOf(familyConfig, name), true);
  }

  #change(step: number, part: number, change: (word: bigint) => bigint): void {
    const at = this.#family('candidates') + (step + 1) * 32 + part;
    this.#view.setBigUint64(at, change(this.#view.getBigUint64(at, true)), true);
  }

  /** Offsets of all entries. */
  #lists(): number[] {
    const ip = offsetOf(config, 'ip') + offsetOf(familyConfig, 'field');
    return [slots.saddr, slots.daddr].flatMap((slot) => {
      const field = ip + slot * sizeOf(fieldConfig);
      const of = (name: string): number => this.#rodata.getUint32(field + offsetOf(fieldConfig, name), true);
      return Array.from({ length: of('classes') }, (_, id) => this.#entries(of('lists') + id * 8)).flat();
    });
  }

  /** Of a struct list (bpf/abi.h). */
  #entries(head: number): number[] {
    const [at, words, bits] = [
      this.#view.getUint32(head, true),
      this.#view.getUint8(head + 5),
      this.#view.getUint8(head + 7),
    ];
    if (bits > 0) return Array.from({ length: 2 ** bits }, (_, i) => this.#entries(at + i * 8)).flat();
    return Array.from({ length: words * 2 }, (_, i) => at + i * 2);
  }
}

/** Where the fields begin in a candidate's bounds (bpf/abi.h). */
const field = { sport: 0, dport: 17, protocol: 51, availability: 60 } as const;

const corruptions: Readonly<Record<string, (tables: ListTables) => void>> = {
  'a bit of the source': (tables) => {
    tables.flip(drop, 'addresses', 32 + 8);
  },
  'a bit of the destination': (tables) => {
    tables.flip(drop, 'addresses', 5);
  },
  "a bit of a guard's source": (tables) => {
    for (const step of guards) tables.flip(step, 'addresses', 32 + 10);
  },
  'one bit too many of the source': (tables) => {
    tables.flip(drop, 'mask', 32 + 5);
  },
  'one bit too few of the destination': (tables) => {
    tables.flip(drop, 'mask', 3);
  },
  'a guard that asks for one bit too many of the destination': (tables) => {
    for (const step of guards) tables.flip(step, 'mask', 2);
  },
  'where the source ports begin, one too late': (tables) => {
    tables.move(drop, 'low', field.sport, 1);
  },
  'where the source ports end, one too far': (tables) => {
    tables.move(drop, 'high', field.sport, 1);
  },
  'where the destination ports begin, one too early': (tables) => {
    tables.move(drop, 'low', field.dport, -1);
  },
  'where the destination ports of a guard end, one too early': (tables) => {
    for (const step of guards) tables.move(step, 'high', field.dport, -1);
  },
  'the protocol': (tables) => {
    for (const bound of ['low', 'high'] as const) tables.move(drop, bound, field.protocol, 1);
  },
  // Not every rule has its headers cut.
  'that ports must be known': (tables) => {
    for (let step = 2; step < drop; step += 4) tables.move(step, 'high', field.availability, 1);
  },
  'the counter of a line': (tables) => {
    tables.moveCounter();
  },
  'entries that lead to another step': (tables) => {
    tables.replace(drop, behind + 1);
  },
  'entries that are missing': (tables) => {
    tables.replace(behind, 0);
  },
  "a guard's entries that are missing": (tables) => {
    for (const step of guards) tables.replace(step, 0);
  },
};

test('lists that are as they were compiled differ in nothing', async (t) => {
  const { frames, differences } = await check(subject, asPlanned, (tables, image) => new ListTables(tables, image));
  t.true(frames > 1000);
  t.is(differences, 0);
});

for (const [title, spoil] of Object.entries(corruptions))
  test(`a wrong byte is caught: ${title}`, async (t) => {
    const { differences } = await check(subject, asPlanned, (tables, image) => {
      spoil(new ListTables(tables, image));
    });
    t.true(differences > 0);
  });
