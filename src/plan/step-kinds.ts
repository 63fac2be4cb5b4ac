/** Which steps ask about the same fields, and what no tuple can say in the same words. A number each: lists have a hundred thousand steps. */
import { boxOf, isPlain, sideOf } from '../analyse/box.js';
import type { Conj, Lit } from '../analyse/logic.js';
import type { RawStep } from '../analyse/walk.js';

interface Kind {
  readonly number: number;
  readonly fields: readonly string[];
}

/** Conditions that others are compared with: most steps of a list are like one of a few. */
const mostExamples = 8;

export class StepKinds {
  readonly #kinds = new Map<string, Kind>();
  readonly #examples: { readonly when: Conj; readonly kind: Kind }[] = [];
  /** Of steps that are like none of the examples. */
  readonly #known = new Map<Conj, Kind | null>();

  /** `identify`: equal for equal literals. */
  constructor(private readonly identify: (literal: Lit) => string) {}

  /** Null: the condition is no box. */
  of({ when }: Pick<RawStep, 'when'>): Kind | null {
    const known = this.#known.get(when);
    if (known !== undefined) return known;
    for (const example of this.#examples) if (isLike(when, example.when)) return example.kind;
    const kind = this.#made(when);
    this.#known.set(when, kind);
    return kind;
  }

  #made(when: Conj): Kind | null {
    const box = boxOf(when);
    if (!box) return null;
    const fields = box.sides.map(({ field }) => field).sort();
    const name = `${fields.join()} ${box.rest.map(this.identify).sort().join()}`;
    const kind = this.#kinds.get(name) ?? { number: this.#kinds.size, fields };
    this.#kinds.set(name, kind);
    if (this.#examples.length < mostExamples) this.#examples.push({ when, kind });
    return kind;
  }
}

/** The same literals but for values of fields that a tuple can have; then both are boxes, or it is not known of `when`. */
function isLike(when: Conj, example: Conj): boolean {
  if (when.length !== example.length) return false;
  for (let i = 0; i < when.length; i++) {
    const [one, other] = [when[i]!, example[i]!];
    if (one.set === other.set && one.negate === other.negate) continue;
    if (one.set.field !== other.set.field || !isPlain(one) || !isPlain(other)) return false;
    if (sideOf(when, one.set.field) === null) return false;
  }
  return true;
}
