/** What the plan rests on: relations of a set to addresses of the ruleset and of the host, as its elements were when it was made. */
import { addressesDisjoint, addressesSubset } from '../analyse/address-index.js';
import type { LiveSet } from '../analyse/live-set.js';
import type { ValueSet } from '../analyse/logic.js';
import type { AddressRanges } from '../model/address.js';

export class Conclusions {
  /** Nothing of these may come into the set. */
  readonly #forbidden: AddressRanges[];
  /** What comes must lie in each of these. */
  readonly #bounds: AddressRanges[];
  /** Nothing of these may leave it. */
  readonly #needed: AddressRanges[];

  /** `sides`: the set as source and as destination. */
  constructor(sides: readonly LiveSet[]) {
    const of = (sets: (side: LiveSet) => ReadonlySet<ValueSet>): AddressRanges[] =>
      sides.flatMap((side) => [...sets(side)].flatMap((set) => (set.kind === 'addresses' ? [set.ranges] : [])));
    this.#forbidden = joined(of(({ apartFrom }) => apartFrom));
    this.#bounds = of(({ within }) => within);
    this.#needed = joined(of(({ around }) => around));
  }

  /** `element`: one range. */
  allow(op: 'add' | 'remove', element: AddressRanges): boolean {
    if (op === 'remove') return this.#needed.every((one) => addressesDisjoint(element, one));
    return (
      this.#forbidden.every((one) => addressesDisjoint(element, one)) &&
      this.#bounds.every((one) => addressesSubset(element, one))
    );
  }

  get isEmpty(): boolean {
    return this.#forbidden.length + this.#bounds.length + this.#needed.length === 0;
  }
}

/** As one list for each family: there may be as many as rules. */
function joined(all: readonly AddressRanges[]): AddressRanges[] {
  return ([4, 6] as const).flatMap((family): AddressRanges[] => {
    const own = all.filter((one) => one.family === family && one.count > 0);
    if (own.length < 2) return own;
    const words = own.reduce((sum, { lo }) => sum + lo.length, 0);
    const [lo, hi] = [new Uint32Array(words), new Uint32Array(words)];
    let at = 0;
    for (const one of own) {
      lo.set(one.lo, at);
      hi.set(one.hi, at);
      at += one.lo.length;
    }
    return [{ family, count: own.reduce((sum, { count }) => sum + count, 0), lo, hi }];
  });
}
