/** Packets over time, in few slots: they widen as the capture goes on. */

export interface Slot {
  /** Seconds since the epoch at which it begins. */
  readonly start: number;
  readonly dropped: number;
  readonly passed: number;
}

/** Slots that are kept at most. */
const most = 1200;

export class Timeline {
  readonly #slots = new Map<number, { dropped: number; passed: number }>();
  #width = 1;
  #low = Infinity;
  #high = -Infinity;

  /** Seconds from the first to the last packet, to the second. */
  get span(): number {
    return this.#slots.size === 0 ? 0 : this.#high - this.#low + 1;
  }

  get start(): number | null {
    return this.#slots.size === 0 ? null : this.#low;
  }

  add(seconds: number, dropped: boolean): void {
    const second = Math.floor(seconds);
    this.#low = Math.min(this.#low, second);
    this.#high = Math.max(this.#high, second);
    while ((this.#high - this.#low) / this.#width >= most) this.#widen();
    const at = Math.floor(second / this.#width);
    let slot = this.#slots.get(at);
    if (slot === undefined) this.#slots.set(at, (slot = { dropped: 0, passed: 0 }));
    if (dropped) slot.dropped++;
    else slot.passed++;
  }

  #widen(): void {
    const before = [...this.#slots];
    this.#slots.clear();
    this.#width *= 2;
    for (const [at, { dropped, passed }] of before) this.#merge(this.#slots, Math.floor(at / 2), dropped, passed);
  }

  #merge(into: Map<number, { dropped: number; passed: number }>, at: number, dropped: number, passed: number): void {
    const slot = into.get(at);
    if (slot === undefined) into.set(at, { dropped, passed });
    else {
      slot.dropped += dropped;
      slot.passed += passed;
    }
  }

  /** At most `rows` slots of one width, empty ones between them included; the width in seconds. */
  rows(rows: number): { readonly width: number; readonly slots: readonly Slot[] } {
    if (this.#slots.size === 0) return { width: 1, slots: [] };
    const nice = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400];
    const first = (width: number): number => Math.floor(this.#low / width);
    const needed = (width: number): number => Math.floor(this.#high / width) - first(width) + 1;
    const width =
      nice.find((each) => each >= this.#width && needed(each) <= rows) ??
      Math.ceil((this.#high - this.#low + 1) / rows / 86_400 + 1) * 86_400;
    const merged = new Map<number, { dropped: number; passed: number }>();
    for (const [at, { dropped, passed }] of this.#slots) {
      this.#merge(merged, Math.floor((at * this.#width) / width), dropped, passed);
    }
    const slots = Array.from({ length: needed(width) }, (_, i): Slot => {
      const at = first(width) + i;
      return { start: at * width, ...(merged.get(at) ?? { dropped: 0, passed: 0 }) };
    });
    return { width, slots };
  }
}
