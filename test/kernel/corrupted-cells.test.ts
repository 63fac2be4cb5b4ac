/** One thing wrong in the cells of networks that count for themselves (bpf/abi-addresses.h, struct cell): verification must see it. */
import test from 'ava';
import { addressConfig, config, offsetOf } from '../../src/compile/abi.js';
import { crossovers } from '../../src/compile/crossovers.js';
import type { Image } from '../../src/compile/image.js';
import { MAC } from '../oracle/rulesets.js';
import { asPlanned, check, type Subject } from './corrupted.js';

/** Apart, so that each has a range before it. */
const lines = Array.from({ length: crossovers.cellsFrom / 2 }, (_, i) => 0x0100_0000 + i * 0x2_8080);
const text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
const subject: Subject = { rules: lines.map((address) => `-s ${text(address)}/25 -j DROP`) };
const line = lines[12_345]!;

/** The cell of the line, in a copy of the tables that may be changed: where its range begins and ends are the first two of its starts. */
class Cell {
  readonly #view: DataView;
  readonly #at: number;

  constructor(tables: Uint8Array, image: Image) {
    const rodata = new DataView(image.rodata({ mac: MAC, position: 0 }, 0n).buffer);
    const of = (name: string): number =>
      rodata.getUint32(offsetOf(config, 'address') + offsetOf(addressConfig, name), true);
    if (of('cells') === 0) throw new Error('no cells');
    this.#view = new DataView(tables.buffer, tables.byteOffset, tables.length);
    this.#at = of('cells') + (line >>> of('cell_shift')) * 2 ** of('cell_bits');
  }

  changeFirst(by: number): void {
    this.#view.setUint32(this.#at, this.#view.getUint32(this.#at, true) + by, true);
  }

  flipCounted(bit: number): void {
    this.#view.setUint32(this.#at + 4, this.#view.getUint32(this.#at + 4, true) ^ (1 << bit), true);
  }

  changeStart(number: number, by: number): void {
    const at = this.#at + 8 + number * 2;
    this.#view.setUint16(at, this.#view.getUint16(at, true) + by, true);
  }
}

const corruptions: Readonly<Record<string, (cell: Cell, image: Image) => void>> = {
  'where the network begins, one too early': (cell) => {
    cell.changeStart(0, -1);
  },
  'where it begins, one too late': (cell) => {
    cell.changeStart(0, 1);
  },
  'where it ends, one too far': (cell) => {
    cell.changeStart(1, 1);
  },
  'that it has a counter': (cell) => {
    cell.flipCounted(1);
  },
  'that what lies before it has one': (cell) => {
    cell.flipCounted(0);
  },
  'the place of its counter': (cell) => {
    cell.changeFirst(1);
  },
  'whose counter stands at a place': (_, { countedPlaces }) => {
    countedPlaces!.numbers[100]! ^= 1;
  },
};

test('cells that are as they were compiled differ in nothing', async (t) => {
  const { frames, differences } = await check(subject, asPlanned, (tables, image) => new Cell(tables, image));
  t.true(frames > lines.length);
  t.is(differences, 0);
});

for (const [title, spoil] of Object.entries(corruptions))
  test(`a wrong cell is caught: ${title}`, async (t) => {
    const { differences } = await check(subject, asPlanned, (tables, image) => {
      spoil(new Cell(tables, image), image);
    });
    t.true(differences > 0);
  });
