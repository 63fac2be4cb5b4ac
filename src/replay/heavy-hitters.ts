/**
 * The most frequent keys of a stream in bounded memory (Misra and Gries 1982, in batches): when too many are kept, the count of the one in
 * the middle is subtracted from all. What a count may be short by is `uncertainty`; a key more frequent than that is not missed.
 */
export class HeavyHitters<Key extends number | string> {
  readonly #counts = new Map<Key, number>();
  #uncertainty = 0;

  /** Keys that are surely kept; twice as many are, for a while. */
  constructor(private readonly kept: number) {}

  get uncertainty(): number {
    return this.#uncertainty;
  }

  /** `weight`: occurrences that this one stands for. */
  add(key: Key, weight = 1): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + weight);
    if (this.#counts.size > 2 * this.kept) this.#prune();
  }

  /** Most frequent first. */
  top(n: number): readonly (readonly [Key, number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a).slice(0, n);
  }

  #prune(): void {
    const counts = Float64Array.from(this.#counts.values()).sort();
    const middle = counts[counts.length - this.kept - 1]!;
    this.#uncertainty += middle;
    for (const [key, n] of this.#counts) {
      if (n <= middle) this.#counts.delete(key);
      else this.#counts.set(key, n - middle);
    }
  }
}
