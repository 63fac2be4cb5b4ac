/** Takes turns: every subject once a round, in another order each round, so that a noisy minute hits all of them alike. */
import type { Measurement, What } from './result.js';
import { spreadOf } from './statistics.js';

export interface Subject extends What {
  /** One sample, in the unit that it says. */
  readonly measure: () => Promise<number> | number;
  /** What the same run tells besides, asked for after it. */
  readonly beside?: readonly (What & { readonly take: () => number })[];
}

export interface Turns {
  readonly rounds: number;
  /** Begin no further round after so many seconds, but for the first. */
  readonly seconds: number;
  /** Told before each round. */
  readonly observe?: (round: number, rounds: number) => void;
  /** Rounds that are not counted: they fill caches and start what starts late. */
  readonly warmUp?: number;
}

export async function interleave(subjects: readonly Subject[], turns: Turns): Promise<Measurement[]> {
  const samples = new Map<What, number[]>();
  const keep = (what: What, value: number): void => {
    if (!Number.isFinite(value)) throw new Error(`${nameOf(what)}: measured ${value}`);
    samples.set(what, [...(samples.get(what) ?? []), value]);
  };
  const warmUp = turns.warmUp ?? 1;
  const end = performance.now() + turns.seconds * 1000;
  for (let round = -warmUp; round < turns.rounds; round++) {
    if (round > 0 && performance.now() > end) break;
    turns.observe?.(round + 1, turns.rounds);
    for (const subject of rotated(subjects, round + warmUp)) {
      const value = await subject.measure();
      if (round < 0) continue;
      keep(subject, value);
      for (const also of subject.beside ?? []) keep(also, also.take());
    }
  }
  const whats = subjects.flatMap((subject): What[] => [subject, ...(subject.beside ?? [])]);
  return whats.map((what) => measurementOf(what, samples.get(what) ?? []));
}

export const nameOf = ({ subject, scenario, size }: What): string =>
  `${subject}, ${scenario}${size === null ? '' : `, ${size}`}`;

export function measurementOf({ subject, scenario, size, unit }: What, samples: readonly number[]): Measurement {
  return { subject, scenario, size, unit, ...spreadOf(samples), samples: samples.map(rounded) };
}

/** Five digits: more say nothing, and make the files longer. */
export const rounded = (value: number): number => Number(value.toPrecision(5));

/** Every other round backwards and each from another place: nobody always follows the same neighbour. */
function rotated<T>(list: readonly T[], round: number): T[] {
  if (list.length === 0) return [];
  const from = (round * 7) % list.length;
  const turned = [...list.slice(from), ...list.slice(0, from)];
  return round % 2 === 0 ? turned : turned.reverse();
}
