/** How entries of several fields stand in a key, and the parts of it that a packet may differ in (bpf/abi.h, struct tuple_config). */
import type { AddressFamily } from '../model/address.js';
import type { TupleField } from '../model/tuples.js';
import { tupleWords } from './abi.js';

/** Where a field stands: its words, or the bits of one. `widths`: bits of each. */
interface Place {
  readonly word: number;
  readonly words: number;
  /** Bits below it in the word. */
  readonly shift: number;
  readonly width: number;
}

const places: Readonly<Record<Exclude<TupleField, 'saddr' | 'daddr'>, Place>> = {
  sport: { word: 8, words: 1, shift: 16, width: 16 },
  dport: { word: 8, words: 1, shift: 0, width: 16 },
  icmp: { word: 9, words: 1, shift: 16, width: 16 },
  protocol: { word: 9, words: 1, shift: 8, width: 8 },
  tos: { word: 9, words: 1, shift: 0, width: 8 },
  smac: { word: 10, words: 2, shift: 0, width: 48 },
  ttl: { word: 10, words: 1, shift: 0, width: 8 },
};

export function placeOf(field: TupleField, family: AddressFamily): Place {
  if (field !== 'saddr' && field !== 'daddr') return places[field];
  const words = family === 4 ? 1 : 4;
  return { word: field === 'saddr' ? 0 : 4, words, shift: 0, width: words * 32 };
}

/** Bit per word that some of the fields take. */
export function wordsOf(fields: readonly TupleField[], family: AddressFamily): number {
  let bits = 0;
  for (const field of fields) {
    const { word, words } = placeOf(field, family);
    for (let w = word; w < word + words; w++) bits |= 1 << w;
  }
  return bits;
}

/** Key and mask of an entry of which every bit counts; all bits of the key are 0 as yet. */
export function wholeKey(fields: readonly TupleField[], family: AddressFamily): KeyBuilder {
  const builder = new KeyBuilder();
  const zero = new Uint32Array(4);
  for (const field of fields) {
    const place = placeOf(field, family);
    if (field === 'saddr' || field === 'daddr') builder.setAddress(place, zero, 0, place.width);
    else if (field === 'smac') builder.setMac(place, 0);
    else builder.setSmall(place, 0, place.width);
  }
  return builder;
}

/** Key and mask of one entry under construction; all words, used or not. */
export class KeyBuilder {
  readonly key = new Uint32Array(tupleWords);
  readonly mask = new Uint32Array(tupleWords);

  /** The first `length` bits of the field are those of `value`, which is at most 16 bits wide. */
  setSmall(place: Place, value: number, length: number): void {
    const host = place.width - length;
    const all = 2 ** place.width - 1;
    const mask = (all ^ (2 ** host - 1)) & all;
    this.#put(place.word, place.shift, all, value & mask, mask);
  }

  setMac({ word }: Place, mac: number): void {
    this.#put(word, 16, 0xffff, Math.floor(mac / 2 ** 32), 0xffff);
    this.#put(word + 1, 0, 0xffffffff, mac % 2 ** 32, 0xffffffff);
  }

  /** The first `length` bits of the address that begins at `at`. */
  setAddress({ word, words }: Place, address: Uint32Array, at: number, length: number): void {
    for (let w = 0; w < words; w++) {
      const bits = Math.max(0, Math.min(32, length - w * 32));
      const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
      this.key[word + w] = address[at + w]! & mask;
      this.mask[word + w] = mask;
    }
  }

  #put(word: number, shift: number, all: number, value: number, mask: number): void {
    const field = (all << shift) >>> 0;
    this.key[word] = (this.key[word]! & ~field) | (value << shift);
    this.mask[word] = (this.mask[word]! & ~field) | (mask << shift);
  }
}
