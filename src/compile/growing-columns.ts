/** Rows of a fixed number of u32s each, as columns that double as they fill up. */
export class GrowingColumns {
  count = 0;
  #columns: Uint32Array[];

  constructor(
    readonly width: number,
    capacity: number,
  ) {
    this.#columns = Array.from({ length: width }, () => new Uint32Array(Math.max(16, capacity)));
  }

  /** Index of a new row; the caller sets its values. */
  add(): number {
    if (this.count === this.#columns[0]!.length) {
      this.#columns = this.#columns.map((column) => {
        const grown = new Uint32Array(column.length * 2);
        grown.set(column);
        return grown;
      });
    }
    return this.count++;
  }

  /** A row of two. */
  append(first: number, second: number): void {
    const at = this.add();
    this.#columns[0]![at] = first;
    this.#columns[1]![at] = second;
  }

  /** Whole columns, longer than `count`: valid until the next `add`. */
  get columns(): readonly Uint32Array[] {
    return this.#columns;
  }

  cut(column: number): Uint32Array {
    return this.#columns[column]!.subarray(0, this.count);
  }
}
