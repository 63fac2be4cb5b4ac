/** Elements of one set while they are read: columns that grow. Unused columns are not made. */
import type { AddressFamily, AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';
import type { Bounds } from './address-text.js';
import { prefixMask } from './prefix.js';

/** What the options of an add line say. */
export interface ElementOptions {
  /** Seconds left; 0 never expires. */
  readonly timeout: number;
  readonly nomatch: boolean;
}

export class ElementColumns {
  count = 0;
  readonly words: 1 | 4;
  #lo = new Uint32Array(0);
  #hi = new Uint32Array(0);
  #protocol = new Uint8Array(0);
  #portLo = new Uint16Array(0);
  #portHi = new Uint16Array(0);
  #timeout: Uint32Array | null = null;
  #nomatch: Uint8Array | null = null;
  #capacity = 0;

  /** `ports`: elements have a protocol and a port range. */
  constructor(
    readonly family: AddressFamily,
    readonly ports: boolean,
  ) {
    this.words = wordsPerAddress(family);
  }

  /** Adds the network of `bits` bits around `address`. */
  addNetwork(options: ElementOptions, address: Uint32Array, bits: number): void {
    const at = this.#next(options) * this.words;
    for (let w = 0; w < this.words; w++) {
      const mask = prefixMask(bits - w * 32);
      this.#lo[at + w] = address[w]! & mask;
      this.#hi[at + w] = address[w]! | ~mask;
    }
  }

  /** Adds an element without address; `setPorts` gives it its ports. */
  addPorts(options: ElementOptions): void {
    this.#next(options);
  }

  /** Position of a new element. */
  #next(options: ElementOptions): number {
    if (this.count === this.#capacity) this.#grow();
    const i = this.count++;
    if (options.timeout > 0) (this.#timeout ??= new Uint32Array(this.#capacity))[i] = options.timeout;
    if (options.nomatch) (this.#nomatch ??= new Uint8Array(this.#capacity))[i] = 1;
    return i;
  }

  addRange(options: ElementOptions, bounds: Bounds): void {
    const at = this.#next(options) * this.words;
    this.#lo.set(bounds.lo, at);
    this.#hi.set(bounds.hi, at);
  }

  /** Protocol and ports of the element added last. */
  setPorts(protocol: number, low: number, high: number): void {
    const i = this.count - 1;
    this.#protocol[i] = protocol;
    this.#portLo[i] = low;
    this.#portHi[i] = high;
  }

  #grow(): void {
    this.#capacity = Math.max(64, this.count * 2);
    const addresses = this.#capacity * this.words;
    this.#lo = widened(this.#lo, new Uint32Array(addresses));
    this.#hi = widened(this.#hi, new Uint32Array(addresses));
    if (this.ports) {
      this.#protocol = widened(this.#protocol, new Uint8Array(this.#capacity));
      this.#portLo = widened(this.#portLo, new Uint16Array(this.#capacity));
      this.#portHi = widened(this.#portHi, new Uint16Array(this.#capacity));
    }
    this.#timeout &&= widened(this.#timeout, new Uint32Array(this.#capacity));
    this.#nomatch &&= widened(this.#nomatch, new Uint8Array(this.#capacity));
  }

  /** Whether elements `i` and `j` have the same key. */
  same(i: number, j: number): boolean {
    for (let w = 0; w < this.words; w++) {
      if (this.#lo[i * this.words + w] !== this.#lo[j * this.words + w]) return false;
      if (this.#hi[i * this.words + w] !== this.#hi[j * this.words + w]) return false;
    }
    if (!this.ports) return true;
    return (
      this.#protocol[i] === this.#protocol[j] &&
      this.#portLo[i] === this.#portLo[j] &&
      this.#portHi[i] === this.#portHi[j]
    );
  }

  /** Takes element `i` out; the order of the others stays. */
  remove(i: number): void {
    this.#lo.copyWithin(i * this.words, (i + 1) * this.words, this.count * this.words);
    this.#hi.copyWithin(i * this.words, (i + 1) * this.words, this.count * this.words);
    this.#protocol.copyWithin(i, i + 1, this.count);
    this.#portLo.copyWithin(i, i + 1, this.count);
    this.#portHi.copyWithin(i, i + 1, this.count);
    this.#timeout?.copyWithin(i, i + 1, this.count);
    this.#nomatch?.copyWithin(i, i + 1, this.count);
    this.count--;
    // A later element takes the freed place: options that it does not have must not be left there.
    if (this.#timeout) this.#timeout[this.count] = 0;
    if (this.#nomatch) this.#nomatch[this.count] = 0;
  }

  bounds(i: number): Bounds {
    const [from, to] = [i * this.words, (i + 1) * this.words];
    return { lo: [...this.#lo.subarray(from, to)], hi: [...this.#hi.subarray(from, to)] };
  }

  portsOf(i: number): { readonly protocol: number; readonly low: number; readonly high: number } {
    return { protocol: this.#protocol[i]!, low: this.#portLo[i]!, high: this.#portHi[i]! };
  }

  /** Takes out the elements from `count` on. */
  truncate(count: number): void {
    this.#timeout?.fill(0, count, this.count);
    this.#nomatch?.fill(0, count, this.count);
    this.count = count;
  }

  /** Cut one after the other, so that only one column is there twice at a time. */
  ranges(): AddressRanges {
    const size = this.count * this.words;
    const lo = (this.#lo = this.#lo.slice(0, size));
    const hi = (this.#hi = this.#hi.slice(0, size));
    this.#capacity = this.count;
    return { family: this.family, count: this.count, lo, hi };
  }

  ports16(): { protocol: Uint8Array; portLo: Uint16Array; portHi: Uint16Array } {
    return {
      protocol: this.#protocol.slice(0, this.count),
      portLo: this.#portLo.slice(0, this.count),
      portHi: this.#portHi.slice(0, this.count),
    };
  }

  options(): { timeout: Uint32Array | null; nomatch: Uint8Array | null } {
    return {
      timeout: this.#timeout?.slice(0, this.count) ?? null,
      nomatch: this.#nomatch?.slice(0, this.count) ?? null,
    };
  }
}

function widened<T extends Uint32Array | Uint16Array | Uint8Array>(old: T, wide: T): T {
  wide.set(old.length > wide.length ? old.subarray(0, wide.length) : old);
  return wide;
}
