/** What the prefilter is made of, in numbers. */
import type { Prefilter } from '../plan/program.js';

export interface TableSummary {
  readonly name: string;
  /** How it is looked up: the name of the data structure. */
  readonly structure: string;
  readonly entries: number;
  readonly bytes: number;
}

export interface PrefilterSummary {
  readonly steps: number;
  readonly fields: readonly string[];
  readonly tables: readonly TableSummary[];
}

/** `tables` comes from the compiled image. */
export function summarisePrefilter(prefilter: Prefilter, tables: readonly TableSummary[]): PrefilterSummary {
  const programs = [prefilter.ip, prefilter.ip6];
  const fields = new Set<string>();
  for (const { steps, atoms } of programs) {
    for (const { when } of steps) for (const { atom } of when) fields.add(atoms[atom]!.field);
  }
  return { steps: programs.reduce((sum, { steps }) => sum + steps.length, 0), fields: [...fields], tables };
}
