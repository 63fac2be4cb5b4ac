/** Collects elements into typed arrays that grow by doubling. */
import type { ElementColumns } from './tree-expression.js';
import { wordMask, type PlainValue } from './plain-value.js';

const bitsOf = { ipv4: 32, ipv6: 128 } as const;

export class ColumnBuilder {
  #type: ElementColumns['type'] | null = null;
  #words = 1;
  #count = 0;
  #capacity: number;
  #lo = new Uint32Array(0);
  #hi = new Uint32Array(0);
  #form = new Uint8Array(0);
  #timeout: Float64Array | null = null;
  #expires: Float64Array | null = null;

  constructor(capacity = 16) {
    this.#capacity = Math.max(1, capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** False when the element is of another type than those before. */
  add(low: PlainValue, high: PlainValue, form: number): boolean {
    if (low.type !== high.type || !this.#begin(low.type)) return false;
    const at = this.#count * this.#words;
    for (let i = 0; i < this.#words; i++) {
      this.#lo[at + i] = low.words[i]!;
      this.#hi[at + i] = high.words[i]!;
    }
    this.#form[this.#count++] = form;
    return true;
  }

  /** False when the length is no prefix length of the type. */
  addPrefix({ type, words }: PlainValue, length: number): boolean {
    if (type === 'number' || length > bitsOf[type] || !this.#begin(type)) return false;
    const at = this.#count * this.#words;
    for (let i = 0; i < this.#words; i++) {
      this.#lo[at + i] = words[i]!;
      this.#hi[at + i] = (words[i]! | ~wordMask(length - i * 32)) >>> 0;
    }
    this.#form[this.#count++] = length;
    return true;
  }

  /** As `add` and `addPrefix`, for one word and without objects: the hot path. */
  addWord(type: 'ipv4' | 'number', low: number, high: number, form: number): boolean {
    if (!this.#begin(type)) return false;
    this.#lo[this.#count] = low;
    this.#hi[this.#count] = form <= 32 ? (low | ~wordMask(form)) >>> 0 : high;
    this.#form[this.#count++] = form;
    return true;
  }

  /** Milliseconds, of the element added last. */
  setTimes(timeout: number | null, expires: number | null): void {
    if (timeout !== null) (this.#timeout ??= this.#times())[this.#count - 1] = timeout;
    if (expires !== null) (this.#expires ??= this.#times())[this.#count - 1] = expires;
  }

  #times = (): Float64Array => new Float64Array(this.#form.length).fill(NaN);

  /** Room for one more element of the type. */
  #begin(type: ElementColumns['type']): boolean {
    if (this.#type === null) {
      this.#type = type;
      this.#words = type === 'ipv6' ? 4 : 1;
      this.#grow(this.#capacity);
    }
    if (this.#type !== type) return false;
    if (this.#count === this.#form.length) this.#grow(this.#count * 2);
    return true;
  }

  #grow(capacity: number): void {
    const longer = <A extends Uint32Array | Uint8Array | Float64Array>(grown: A, old: A): A => {
      grown.set(old);
      return grown;
    };
    this.#lo = longer(new Uint32Array(capacity * this.#words), this.#lo);
    this.#hi = longer(new Uint32Array(capacity * this.#words), this.#hi);
    this.#form = longer(new Uint8Array(capacity), this.#form);
    if (this.#timeout) this.#timeout = longer(new Float64Array(capacity).fill(NaN), this.#timeout);
    if (this.#expires) this.#expires = longer(new Float64Array(capacity).fill(NaN), this.#expires);
  }

  finish(): ElementColumns | null {
    if (this.#type === null) return null;
    const words = this.#count * this.#words;
    return {
      type: this.#type,
      count: this.#count,
      lo: this.#lo.slice(0, words),
      hi: this.#hi.slice(0, words),
      form: this.#form.slice(0, this.#count),
      timeout: this.#timeout?.slice(0, this.#count) ?? null,
      expires: this.#expires?.slice(0, this.#count) ?? null,
    };
  }
}
