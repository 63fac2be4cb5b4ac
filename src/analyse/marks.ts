/**
 * The packet's mark while chains are walked. What is known of a mark is a state: some of its bits. The walk meets few of them, so they
 * are numbered, the prefilter keeps the number of the packet's state, and a mark match is a condition on that number. Nobody has
 * marked a packet that has just arrived: state 0 is "all bits zero".
 */
import type { MarkMatch, Statement } from '../model/match.js';
import type { Ruleset } from '../model/ruleset.js';
import { kindsOf } from '../model/segments.js';

/** The bits in `known` are those of `value`; the others may be anything. Unsigned. */
export interface MarkState {
  readonly known: number;
  readonly value: number;
}

/** Null where a change is meant: to something that nobody knows. */
export type MarkChange = Pick<Statement & { kind: 'setMark' }, 'keep' | 'flip'>;

/** More states than this and new ones are "nothing is known": then tests are undecided, which costs drops, not soundness. */
const maxStates = 256;

const join = (a: MarkState, b: MarkState): MarkState => {
  const known = (a.known & b.known & ~(a.value ^ b.value)) >>> 0;
  return { known, value: (a.value & known) >>> 0 };
};

/** A bit that is turned over is not known any more, so that a change is the same whether it is applied once or twice. */
function changed({ known, value }: MarkState, change: MarkChange | null): MarkState {
  if (!change) return { known: 0, value: 0 };
  const { keep, flip } = change;
  const after = ((known & ~(keep & flip)) | ~keep) >>> 0;
  return { known: after, value: (((value & keep) ^ flip) & after) >>> 0 };
}

export interface MarkTest {
  /** States of which every mark passes the test, and states of which some mark may. */
  readonly sure: readonly number[];
  readonly possible: readonly number[];
}

export class Marks {
  readonly #states: MarkState[];
  readonly #numbers = new Map<string, number>();

  /** `tested`: bits that some rule asks for; no others are followed. */
  constructor(readonly tested: number) {
    this.#states = [];
    this.#numberOf({ known: tested, value: 0 });
  }

  /** Number of states met so far: 0 to count - 1. */
  get count(): number {
    return this.#states.length;
  }

  /** What a rule makes of a state if it surely applies, or if it may: the state itself where it changes nothing. */
  after(state: number, change: MarkChange | null, surely: boolean): number {
    const before = this.#states[state] ?? nothing;
    const after = changed(before, change);
    return this.#numberOf(surely ? after : join(before, after));
  }

  changes(change: MarkChange | null): boolean {
    return this.tested !== 0 && (!change || (~change.keep & this.tested) !== 0 || (change.flip & this.tested) !== 0);
  }

  test({ mask, ranges, negate }: MarkMatch): MarkTest {
    const answers = this.#states.map((state) => answer(state, mask, ranges));
    const [yes, no] = negate ? (['no', 'yes'] as const) : (['yes', 'no'] as const);
    const where = (holds: (one: Answer) => boolean): number[] =>
      answers.flatMap((one, state) => (holds(one) ? [state] : []));
    return { sure: where((one) => one === yes), possible: where((one) => one !== no) };
  }

  #numberOf({ known, value }: MarkState): number {
    const bits = (known & this.tested) >>> 0;
    const of = (value & bits) >>> 0;
    const key = `${String(bits)} ${String(of)}`;
    const found = this.#numbers.get(key);
    if (found !== undefined) return found;
    if (this.#states.length >= maxStates && bits !== 0) return this.#numberOf(nothing);
    const number = this.#states.push({ known: bits, value: of }) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

const nothing: MarkState = { known: 0, value: 0 };

type Answer = 'yes' | 'no' | 'maybe';

/** What is not known may lie anywhere between all zeros and all ones. */
function answer({ known, value }: MarkState, mask: number, ranges: MarkMatch['ranges']): Answer {
  const open = (mask & ~known) >>> 0;
  const low = (value & mask) >>> 0;
  const high = (low | open) >>> 0;
  if (ranges.some(([from, to]) => from <= low && high <= to)) return 'yes';
  return ranges.some(([from, to]) => mayHold(low, open, from, to)) ? 'maybe' : 'no';
}

/** One wanted value is out of reach when it differs in a bit that is known. */
function mayHold(low: number, open: number, from: number, to: number): boolean {
  if (from === to) return (from & ~open) >>> 0 === low;
  return from <= (low | open) >>> 0 && low <= to;
}

/** Bits of the mark that some rule asks for. */
export function testedBits(ruleset: Ruleset): number {
  let bits = 0;
  for (const table of ruleset.tables)
    for (const chain of table.chains.values())
      for (const { parts } of kindsOf(chain))
        for (let i = 0; i < parts.length; i++) {
          const part = parts[i]!;
          if ('match' in part && part.match.kind === 'mark') bits |= part.match.mask;
        }
  return bits >>> 0;
}
