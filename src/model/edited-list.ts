/** A list that is edited in one place after another, as lines of a rules file do: what an edit costs is how far it lies from the last one. */
export class EditedList<T> {
  readonly #before: T[] = [];
  /** What follows `#before`, the last one first. */
  readonly #after: T[] = [];

  get length(): number {
    return this.#before.length + this.#after.length;
  }

  at(index: number): T | undefined {
    const beyond = index - this.#before.length;
    return beyond < 0 ? this.#before[index] : this.#after[this.#after.length - 1 - beyond];
  }

  push(value: T): void {
    this.insert(this.length, value);
  }

  /** So that the value comes to be number `index`; 0 is the first. */
  insert(index: number, value: T): void {
    this.#moveTo(index);
    this.#before.push(value);
  }

  replace(index: number, value: T): void {
    this.#moveTo(index + 1);
    this.#before[index] = value;
  }

  remove(index: number): void {
    this.#moveTo(index + 1);
    this.#before.pop();
  }

  clear(): void {
    this.#before.length = 0;
    this.#after.length = 0;
  }

  /** Puts several values in the place of some. */
  expand(each: (value: T) => readonly T[]): void {
    const values = this.all().flatMap(each);
    this.clear();
    for (const value of values) this.#before.push(value);
  }

  /** Index of the first for which it holds; -1 where there is none. */
  findIndex(holds: (value: T) => boolean): number {
    let index = 0;
    for (const value of this) {
      if (holds(value)) return index;
      index++;
    }
    return -1;
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.#before;
    for (let i = this.#after.length - 1; i >= 0; i--) yield this.#after[i]!;
  }

  /** The whole list as it is now; not to be changed. */
  all(): readonly T[] {
    this.#moveTo(this.length);
    return this.#before;
  }

  #moveTo(index: number): void {
    for (; this.#before.length > index; this.#after.push(this.#before.pop()!));
    for (; this.#before.length < index && this.#after.length > 0; this.#before.push(this.#after.pop()!));
  }
}
