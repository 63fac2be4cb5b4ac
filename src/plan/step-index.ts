/** Which steps packets of a condition may meet, by the ports and ICMP types that both ask for: of ten thousand steps most ask for others. */
import type { Conj } from '../analyse/logic.js';
import type { Field, SmallField } from '../model/field.js';
import type { Ranges } from '../model/match.js';

const fields: readonly SmallField[] = ['dport', 'sport', 'icmp'];
/** Of a field; a step or condition that asks for more is found by none. */
const mostValues = 16;

/** Number of the first step from that one on that may be met, or how many steps there are. */
export type NextMet = (from: number) => number;

/** Steps by what they ask for. */
interface Lists {
  /** By `keyOf` a field and a value. */
  readonly byValue: ReadonlyMap<number, readonly number[]>;
  /** Those that are found by a value of that field. */
  readonly ofField: readonly (readonly number[])[];
  readonly others: readonly number[];
}

type Steps = readonly { readonly when: Conj }[];

export class StepIndex {
  #made: Lists | null = null;

  constructor(private readonly steps: Steps) {}

  get #lists(): Lists {
    return (this.#made ??= listsOf(this.steps));
  }

  /** Errs to more. */
  metBy(condition: Conj): NextMet {
    const { byValue, ofField, others } = this.#lists;
    const { length } = this.steps;
    if (others.length === length) return (from) => from;
    const lists = [others];
    fields.forEach((name, field) => {
      const steps = ofField[field]!;
      if (steps.length === 0) return;
      const values = valuesIn(condition, name);
      if (values) for (const value of values) lists.push(byValue.get(keyOf(field, value)) ?? []);
      else lists.push(steps);
    });
    return (from) => {
      let next = length;
      for (const list of lists) next = Math.min(next, firstFrom(list, from) ?? next);
      return next;
    };
  }

  /** No step may be met by packets that have one of these values, for all ask for others. */
  isFree(field: Field, ranges: Ranges): boolean {
    const { byValue, ofField, others } = this.#lists;
    const at = fields.findIndex((one) => one === field);
    if (at < 0 || others.length > 0 || ofField.some(({ length }, other) => other !== at && length > 0)) return false;
    return valuesOf(ranges)?.every((value) => !byValue.has(keyOf(at, value))) === true;
  }
}

function listsOf(steps: Steps): Lists {
  const byValue = new Map<number, number[]>();
  const ofField: number[][] = fields.map(() => []);
  const others: number[] = [];
  steps.forEach(({ when }, step) => {
    const field = fields.findIndex((one) => valuesIn(when, one) !== null);
    if (field < 0) {
      others.push(step);
      return;
    }
    ofField[field]!.push(step);
    for (const value of valuesIn(when, fields[field]!)!) {
      const known = byValue.get(keyOf(field, value));
      if (known) known.push(step);
      else byValue.set(keyOf(field, value), [step]);
    }
  });
  return { byValue, ofField, others };
}

const keyOf = (field: number, value: number): number => field * 65_536 + value;

/** What it asks for at least, where those are few values; null: they are many, or it does not ask. */
function valuesIn(when: Conj, field: SmallField): readonly number[] | null {
  for (const { set, negate } of when)
    if (!negate && set.kind === 'values' && set.field === field) return valuesOf(set.ranges);
  return null;
}

function valuesOf(ranges: Ranges): readonly number[] | null {
  const values: number[] = [];
  for (const [low, high] of ranges) {
    if (high - low >= mostValues - values.length) return null;
    for (let value = low; value <= high; value++) values.push(value);
  }
  return values;
}

/** Of ascending numbers. */
function firstFrom(list: readonly number[], least: number): number | undefined {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return list[low];
}
