/** What a part's results become: goals, charts and text. Pure: the same results always make the same files. */
import type { Goal, Measurement, PartResult } from '../harness/result.js';
import { paired } from '../harness/statistics.js';

export interface Chart {
  /** Name of the file, without directory. */
  readonly file: string;
  /** What it shows, for who cannot see it. */
  readonly alt: string;
  readonly svg: string;
}

export interface Page {
  readonly title: string;
  readonly goals: (result: PartResult) => readonly Goal[];
  readonly charts: (result: PartResult) => readonly Chart[];
  /** Markdown: the method and its limits. */
  readonly method: string;
  /** Markdown: what was found. */
  readonly findings: (result: PartResult) => string;
}

export const measurementsOf = (result: PartResult, subject: string, scenario: string): Measurement[] =>
  result.measurements
    .filter((one) => one.subject === subject && one.scenario === scenario)
    .sort((a, b) => (a.size ?? 0) - (b.size ?? 0));

/** Null where one of both was not measured. */
export function compared(
  a: Measurement | undefined,
  b: Measurement | undefined,
  compare: (a: number, b: number) => number,
): number | null {
  return a && b ? paired(a.samples, b.samples, compare) : null;
}

export const difference = (a: number, b: number): number => a - b;
export const ratio = (a: number, b: number): number => a / b;

/** The worst of the figures decides; none where nothing of it was measured. */
export function goalOf(
  goal: string,
  unit: Goal['unit'],
  sense: Goal['sense'],
  bound: number,
  figures: readonly (number | null)[],
): Goal[] {
  const known = figures.filter((figure): figure is number => figure !== null);
  if (known.length === 0) return [];
  const worst = sense === 'at most' ? Math.max(...known) : Math.min(...known);
  const figure = Number(worst.toPrecision(3));
  return [{ goal, figure, unit, bound, sense, met: sense === 'at most' ? figure <= bound : figure >= bound }];
}
