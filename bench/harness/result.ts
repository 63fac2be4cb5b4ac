/** What one part of the benchmark found, as docs/benchmarks/<part>.json holds it; every figure in any text comes from there. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Machine } from './machine.js';

export const units = ['ns/packet', 'requests/s', 'ms', 's', 'MB', 'Mpackets/s', 'packets', '%'] as const;
export type Unit = (typeof units)[number];

export interface What {
  /** Who was measured. */
  readonly subject: string;
  /** Doing what. */
  readonly scenario: string;
  /** Rules, elements or packets per second, as the scenario says; null where it has no size. */
  readonly size: number | null;
  readonly unit: Unit;
}

export interface Measurement extends What {
  readonly median: number;
  /** Quartiles. */
  readonly low: number;
  readonly high: number;
  /** In the order of the rounds. Samples of one place in two measurements of one scenario are of the same round. */
  readonly samples: readonly number[];
}

export interface Goal {
  readonly goal: string;
  /** What was found, as a number with its unit. */
  readonly figure: number;
  readonly unit: 'ns' | '×' | 'ms' | 's' | 'MB' | 'packets';
  readonly bound: number;
  readonly sense: 'at most' | 'at least';
  readonly met: boolean;
}

export interface PartResult {
  readonly schemaVersion: 1;
  readonly part: string;
  /** When the part began, ISO 8601. */
  readonly recorded: string;
  /** Of the part. */
  readonly seconds: number;
  /** Commit that was measured; `+` behind it: with changes that are not in it. */
  readonly commit: string;
  /** False: a short run, whose figures are for trying the benchmark and not for telling. */
  readonly full: boolean;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly measurements: readonly Measurement[];
  readonly goals: readonly Goal[];
  /** What was left out, and why. */
  readonly remarks: readonly string[];
}

const schema = JSON.parse(readFileSync(new URL('./result.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile<PartResult>(schema);

/** Throws with what is wrong where. */
export function checkResult(value: unknown, name: string): PartResult {
  if (validate(value)) return value;
  const errors = (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || '/'} ${message ?? ''}`);
  throw new Error(`${name} is not a result of the benchmark: ${errors.slice(0, 5).join('; ')}`);
}

export const readResult = (path: string): PartResult => checkResult(JSON.parse(readFileSync(path, 'utf8')), path);

/** One measurement. Throws when there is none: a text that names it would be wrong. */
export function find(result: PartResult, subject: string, scenario: string, size: number | null = null): Measurement {
  const found = result.measurements.find(
    (one) => one.subject === subject && one.scenario === scenario && one.size === size,
  );
  if (!found) throw new Error(`${result.part}: no measurement of ${subject}, ${scenario}, ${size ?? 'no size'}`);
  return found;
}
