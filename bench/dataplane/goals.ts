/** The goals for the data plane, as ratios and differences within one run. */
import type { Goal, Measurement, PartResult } from '../harness/result.js';
import { compared, difference, goalOf, measurementsOf, ratio } from '../report/page.js';

/** Over parse-only, in ns: sources up to `most`, for a miss and for a hit. */
const lookups = [
  { name: '10 k', least: 1, most: 10_000, miss: 10, hit: 15 },
  { name: '100 k', least: 100_000, most: 100_000, miss: 15, hit: 30 },
  { name: '1 M', least: 1_000_000, most: 1_000_000, miss: 60, hit: 80 },
] as const;

/** IPv6 may cost twice. Of sets only what is beyond the caches is measured. */
const families = [
  { name: 'IPv4 addresses', times: 1 },
  { name: 'IPv4 networks', times: 1 },
  { name: 'IPv6 addresses', times: 2 },
  { name: 'IPv6 networks', times: 2 },
  { name: 'IPv4 addresses of a set', times: 1 },
  { name: 'IPv4 networks of a set', times: 1 },
] as const;

const ruleBounds = [
  [1000, 40],
  [4096, 80],
  [10_000, 120],
] as const;

const one = (
  result: PartResult,
  subject: string,
  scenario: string,
  size: number | null = null,
): Measurement | undefined => measurementsOf(result, subject, scenario).find((found) => found.size === size);

function lookupGoals(result: PartResult): Goal[] {
  return families.flatMap(({ name, times }) =>
    lookups.flatMap(({ name: count, least, most, ...bounds }) =>
      (['miss', 'hit'] as const).flatMap((kind) => {
        const floor = one(result, 'parse only', name);
        const found = measurementsOf(result, 'offload', `${name}, ${kind}`).filter(
          ({ size }) => size !== null && size >= least && size <= most,
        );
        const over = found.map((each) => compared(each, floor, difference));
        return goalOf(`${name}, ${kind}, ${least === most ? count : `to ${count}`} sources: over parse-only`, 'ns', 'at most', bounds[kind] * times, over);
      }),
    ),
  ); // prettier-ignore
}

function hotGoal(result: PartResult): Goal[] {
  const figures = families.flatMap(({ name }) => {
    const drop = one(result, 'XDP_DROP', `${name}, one key`);
    return measurementsOf(result, 'offload', `${name}, one key`).map((each) =>
      compared(each, drop, (ours, trivial) => ours - 2 * trivial),
    );
  });
  return goalOf('one key, whole program, any size: over twice a trivial XDP_DROP', 'ns', 'at most', 10, figures);
}

function timesGoal(result: PartResult, goal: string, bound: number, rival: string, name: string, size: number): Goal[] {
  const figures = ['hit', 'miss'].map((kind) =>
    compared(one(result, rival, `${name}, ${kind}`, size), one(result, 'offload', `${name}, ${kind}`, size), ratio),
  );
  return goalOf(goal, '×', 'at least', bound, figures);
}

function ruleGoals(result: PartResult): Goal[] {
  const floor = one(result, 'parse only', 'rules');
  return ruleBounds.flatMap(([size, bound]) => {
    const found = result.measurements.filter(
      (each) => each.subject === 'offload' && / rules, (hit|miss)$/.test(each.scenario) && each.size === size,
    );
    const over = found.map((each) => compared(each, floor, difference));
    return goalOf(
      `${size.toLocaleString('en-US')} rules of five fields: over parse-only`,
      'ns',
      'at most',
      bound,
      over,
    );
  });
}

export function dataplaneGoals(result: PartResult): Goal[] {
  const hit = 'IPv4 addresses, hit';
  const flat = compared(one(result, 'offload', hit, 100_000), one(result, 'offload', hit, 1), ratio);
  return [
    ...lookupGoals(result),
    ...hotGoal(result),
    ...timesGoal(result, 'as fast as an LPM trie at 1 M IPv4 networks, times', 10, 'kernel trie', 'IPv4 networks', 1_000_000),
    ...timesGoal(result, 'as fast as an LPM trie at 1 M IPv4 networks of a set, times', 10, 'kernel trie', 'IPv4 networks of a set', 1_000_000),
    ...timesGoal(result, 'as fast as a kernel hash at 100 k IPv4 addresses, times', 2, 'kernel hash', 'IPv4 addresses', 100_000),
    ...timesGoal(result, 'as fast as a kernel hash at 100 k IPv4 addresses of a set, times', 2, 'kernel hash', 'IPv4 addresses of a set', 100_000),
    ...ruleGoals(result),
    ...goalOf('100 k lines against 1 line, hit', '×', 'at most', 2, [flat]),
  ]; // prettier-ignore
}
