/** Labels that change with time: chains of records, soonest first (bpf/abi.h, struct expiry). */
import { counterBits, counterMask, expiryBytes, expiryClass, expiryTickBits } from './abi.js';

/** A label that no record stands behind holds for good. */
export const isExpiring = (label: number): boolean => label >>> counterBits === expiryClass;

const recordWords = expiryBytes / 4;

/** Expiry records of one family. Elements that expire together share theirs. */
export class Expiries {
  #words = new Uint32Array(64 * recordWords);
  #count = 0;
  readonly #byHash = new Map<number, number>();
  /** Next record of the same hash, plus 1. */
  #next: number[] = [];

  /** `start`: second since the epoch that ticks are counted from; nothing expires before it. */
  constructor(private readonly start: number) {}

  /** A label that means `until` before that second, and `after` from then on. */
  label(seconds: number, until: number, after: number): number {
    const ends = this.tickOf(seconds);
    return ends === null ? after : this.labelUntil(ends, until, after);
  }

  labelUntil(ends: number, until: number, after: number): number {
    if (until === after || (isExpiring(after) && this.#words[(after & counterMask) * recordWords + 1] === until))
      return after;
    const hash = Math.imul(ends, 0x9e3779b1) ^ Math.imul(until, 0x85ebca77) ^ Math.imul(after, 0xc2b2ae3d);
    let record = (this.#byHash.get(hash) ?? 0) - 1;
    while (record >= 0 && !this.#equals(record, ends, until, after)) record = this.#next[record]! - 1;
    if (record < 0) record = this.#append(hash, [ends, until, after]);
    return ((expiryClass << counterBits) | (record & counterMask)) >>> 0;
  }

  /** Rounded down: too early is the safe side. Null: it has passed. */
  tickOf(seconds: number): number | null {
    if (seconds < this.start) return null;
    return Math.min(0xffffffff, Math.floor(((seconds - this.start) * 1e9) / 2 ** expiryTickBits));
  }

  #equals(record: number, ends: number, until: number, after: number): boolean {
    const at = record * recordWords;
    return this.#words[at] === ends && this.#words[at + 1] === until && this.#words[at + 2] === after;
  }

  #append(hash: number, record: readonly number[]): number {
    const id = this.#count++;
    if (this.#count * recordWords > this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words.set(record, id * recordWords);
    this.#next[id] = this.#byHash.get(hash) ?? 0;
    this.#byHash.set(hash, id + 1);
    return id;
  }

  /** What the record of the label says: when it ends, the label before that and the one from then on. */
  record(label: number): readonly [ends: number, until: number, after: number] {
    const at = (label & counterMask) * recordWords;
    return [this.#words[at]!, this.#words[at + 1]!, this.#words[at + 2]!];
  }

  get count(): number {
    return this.#count;
  }

  words(): Uint32Array {
    return this.#words.subarray(0, this.#count * recordWords);
  }
}
