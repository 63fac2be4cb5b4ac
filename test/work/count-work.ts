/**
 * How much a run of the whole pipeline does, in executions of blocks (V8 counts them precisely) and in elements that built-in functions
 * go through: numbers that are the same on every machine, loaded or not.
 */
import { Session } from 'node:inspector';
import type { SourceText } from '../../src/model/read-ruleset.js';

/** Count by function, named by file and offset, or by built-in. */
export type Work = ReadonlyMap<string, number>;

const session = new Session();
session.connect();

function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}

post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
// Functions that were compiled before have no counters.
const { readRuleset } = await import('../../src/model/read-ruleset.js');
const { planWithinLimits } = await import('../../src/compile/fit.js');
const { residualTexts } = await import('../../src/residual/residual-texts.js');
const { textReport } = await import('../../src/report/text-report.js');
const { jsonReport } = await import('../../src/report/json-report.js');
const { createColors } = (await import('picocolors')).default;

type Sized = { readonly length: number };
type Cost = (self: Sized, parameters: readonly unknown[], result: unknown) => number;
type Method = (...parameters: unknown[]) => unknown;

const whole: Cost = (self) => self.length;
const made: Cost = (_, __, result) => (result as Sized).length;
const until: Cost = (self, [, from], result) =>
  ((result as number) < 0 ? self.length : Number(result)) - Number(from ?? 0);
const back: Cost = (self, [, from], result) => Number(from ?? self.length) - Math.max(0, Number(result));
const matched: Cost = (self, [text], result) => {
  const { sticky, global } = self as unknown as RegExp;
  const match = result as RegExpExecArray | null;
  if (!match) return sticky ? 1 : String(text).length;
  return match[0].length + (sticky || global ? 0 : match.index);
};

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
/** What goes through its elements unseen; where the engine does less, that is its own affair. */
const builtins: readonly (readonly [object, Readonly<Record<string | symbol, Cost>>])[] = [
  [
    Array.prototype,
    {
      indexOf: until,
      includes: whole,
      slice: made,
      concat: made,
      flat: made,
      splice: whole,
      shift: whole,
      unshift: whole,
      join: whole,
      reverse: whole,
      sort: whole,
      [Symbol.iterator]: whole,
    },
  ],
  [
    typedArray,
    { slice: made, set: (_, [source]) => (source as Sized).length, sort: whole, indexOf: until, includes: whole },
  ],
  [
    String.prototype,
    {
      indexOf: until,
      lastIndexOf: back,
      includes: whole,
      split: whole,
      replace: whole,
      replaceAll: whole,
      trim: whole,
      search: whole,
    },
  ],
  [RegExp.prototype, { exec: matched }],
];

function countingBuiltins<Result>(counts: Map<string, number>, run: () => Result): Result {
  const undo: (() => void)[] = [];
  for (const [prototype, methods] of builtins) {
    const owner = prototype as Record<string | symbol, Method>;
    for (const name of Reflect.ownKeys(methods)) {
      const original = owner[name]!;
      const cost = methods[name]!;
      const key = `built-in ${prototype.constructor.name} ${String(name)}`;
      owner[name] = function (this: Sized, ...parameters: unknown[]): unknown {
        const result: unknown = Reflect.apply(original, this, parameters);
        counts.set(key, (counts.get(key) ?? 0) + cost(this, parameters, result));
        return result;
      };
      undo.push(() => (owner[name] = original));
    }
  }
  try {
    return run();
  } finally {
    for (const one of undo) one();
  }
}

/**
 * Steps that the plans may have: tables of steps × classes are within bounds because steps are (`limits`), so they are not to count as
 * something that grows.
 */
const maxSteps = { 4: 16, 6: 16 };

function runPipeline(inputs: readonly SourceText[]): void {
  const { ruleset } = readRuleset(inputs);
  const { plan, image } = planWithinLimits(ruleset, {
    devices: ['eth0'],
    facts: null,
    strict: false,
    conntrack: true,
    maxSteps,
  });
  const prefilter = { steps: image.steps, fields: image.fields, tables: image.structures };
  residualTexts(plan);
  const style = { columns: 110, colors: createColors(false) };
  for (const all of [false, true]) Array.from(textReport(plan, prefilter, { done: null, next: [] }, { ...style, all }));
  Array.from(jsonReport(plan, prefilter));
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
    }[];
  }[];
}

/** Of the pipeline: its sources, what the suite has made of them, and the parser's libraries. */
const isCounted = (url: string): boolean => /\/(src|build\/suite|nearley|moo)\//.test(url) && !url.includes('/test/');

/** What ran since the last time, too, for to look is to begin anew. */
export function workOf(inputs: readonly SourceText[]): Work {
  const counts = new Map<string, number>();
  countingBuiltins(counts, () => runPipeline(inputs));
  for (const { url, functions } of (post('Profiler.takePreciseCoverage') as Coverage).result) {
    if (!isCounted(url)) continue;
    for (const { functionName, ranges } of functions) {
      const key = `${url.replace(/^.*\/(?=[^/]*\/[^/]*$)/, '')} ${functionName}@${ranges[0]?.startOffset ?? 0}`;
      counts.set(
        key,
        ranges.reduce((sum, { count }) => sum + count, counts.get(key) ?? 0),
      );
    }
  }
  return counts;
}

/** Functions whose work more than doubles with the input, again and again: those that go through everything for everything. */
export function growingFaster(size: number, works: readonly [Work, Work, Work]): string[] {
  const [once, twice, fourTimes] = works;
  return [...fourTimes].flatMap(([name, last]) => {
    const [first, middle] = [once.get(name) ?? 0, twice.get(name) ?? 0];
    const grows = last > 16 * size && last > 2.7 * middle && middle > 2.7 * first;
    return grows ? [`${name}: ${String(first)}, ${String(middle)}, ${String(last)}`] : [];
  });
}

export const total = (work: Work): number => [...work.values()].reduce((sum, count) => sum + count, 0);
