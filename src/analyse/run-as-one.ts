/**
 * When a run of rules is walked as one rule about all their addresses. Drops are: side by side they are the drop of what any of them
 * drops, whatever the order; and so are rules that drop nothing themselves (guards.ts). It must also be all the same which of them is asked, so
 * nothing else about the addresses may be known or asked where they stand, and nothing may wait that depends on one of them. Else the rules are
 * walked one by one.
 */
import type { AddressRun } from '../model/address-run.js';
import { wordsPerAddress } from '../model/address.js';
import type { Part } from '../model/match.js';
import {
  allAddresses,
  isAddressColumn,
  ruleEntries,
  sizeAt,
  type RuleColumn,
  type RuleEntries,
} from '../model/rule-columns.js';
import { absorbed } from '../model/tuple-gaps.js';
import { leastAvailable } from '../model/tuples.js';
import { prefixLength } from './address-index.js';
import { narrow, type Arrival } from './arrival.js';
import type { Context } from './context.js';
import { isGuardWhere, type GuardPlace } from './guards.js';
import { exactly, longestInterned, small, type Condition, type Conj, type Lit, type TupleValues } from './logic.js';
import { portProtocols } from './lower-match.js';
import { learns } from './lower-set-match.js';
import { isPlainMatch } from './plain-match.js';
import { maxCombinations } from './tuple-entries.js';
import { entryKeys, isWhole, type EntryKeys } from './tuple-ranges.js';
import { mostDeferred, type Walk } from './walk.js';

/** Notes which way the run is taken. */
export function isTakenAsOne({ runs }: Walk, run: AddressRun, possible: boolean): boolean {
  const asOne = possible && !runs.split.has(run);
  if (asOne) runs.asOne.add(run);
  else noteByItself(runs, run, 0);
  return asOne;
}

/** So many of its first rules were gone through by themselves. */
export function noteByItself({ ruleByRule }: Walk['runs'], run: AddressRun, rules: number): void {
  ruleByRule.set(run, Math.max(ruleByRule.get(run) ?? 0, rules));
}

export const takenBothWays = ({ runs: { asOne, ruleByRule } }: Walk): AddressRun[] =>
  [...asOne].filter((run) => ruleByRule.has(run));

export function actsAsOne(walk: Walk, run: AddressRun, arrival: Arrival, place: GuardPlace): boolean {
  if (run.negated || !asksByItself(run, arrival)) return false;
  if (!isPlainHere(walk, run, null) && !isGuardWhere(walk, run, place)) return false;
  return run.fields.length > 1 ? fitsTuples(walk, run, place.context) : differs(run);
}

/** They differ in several fields, or in an address that packets must not have, and what is found of one of them holds of each but for its values, were they many or few. */
export const areAlike = (walk: Walk, run: AddressRun, arrival: Arrival, context: Context): boolean =>
  (run.negated ? run.mayMatch(context.family) : areTuples(run, context)) &&
  !context.destinationRewritten &&
  asksByItself(run, arrival) &&
  isPlainHere(walk, run, null);

/**
 * What is found of one of the rules holds of each but for its values, were they tuples of any number of fields; also where rules of other runs
 * stand between them.
 */
export const canBeLeft = (walk: Walk, run: AddressRun, arrival: Arrival, context: Context): boolean =>
  run.mayMatch(context.family) &&
  !context.destinationRewritten &&
  asksByItself(run, arrival) &&
  isPlainHere(walk, run, context.sets);

/** `sets`: a match of one of these is as plain as others. */
function isPlainHere(walk: Walk, run: AddressRun, sets: Context['sets'] | null): boolean {
  if (walk.deferred.length > mostDeferred || walk.deferred.some(({ outcome }) => outcome.kind === 'drop')) return false;
  return isPlainDrop(run, sets);
}

/** Nothing about the connection is known where the rules stand, nor of what they differ in. */
function asksByItself(run: AddressRun, { may, must, ofAll, relies }: Arrival): boolean {
  if (ofAll || relies || may.length !== 1 || (must && must.length !== 1)) return false;
  const several = run.fields.length > 1;
  const asksElsewhere = (conj: Conj): boolean =>
    conj.some(({ set }) => (set.field === 'tuple' ? several : run.fields.some((field) => field === set.field)));
  return !may.some(asksElsewhere) && must?.some(asksElsewhere) !== true;
}

/** What the rules differ in is asked once, in one place. */
function isPlainDrop({ first, fields, varying }: AddressRun, sets: Context['sets'] | null): boolean {
  return first.parts.every((part, i) => {
    if ('statement' in part) return part.statement.kind === 'drop' && i === first.parts.length - 1;
    const { match } = part;
    if (varying.includes(i)) return true;
    if (match.kind === 'set') return sets !== null && !learns(match, sets);
    return isPlainMatch(match, fields);
  });
}

/** Rules that are all the same may become one step with others that differ from them elsewhere. */
function differs({ columns: [column], ports }: AddressRun): boolean {
  if (ports)
    return (
      ports.length > longestInterned && !ports.every(([low, high]) => low === ports[0]![0] && high === ports[0]![1])
    );
  if (column && 'addresses' in column) return column.addresses.some((address) => address !== column.addresses[0]);
  if (!column || !isAddressColumn(column)) return false;
  const { family, count, lo, hi } = allAddresses(column);
  const words = wordsPerAddress(family);
  for (let i = words; i < count * words; i++) if (lo[i] !== lo[i % words] || hi[i] !== hi[i % words]) return true;
  return false;
}

/** So many steps are matched as fast by rows of bits. */
export const fewestForTuples = 512;
/** Each combination of prefix lengths costs packets a lookup. */
export const mostShapes = 16;
/** Of a table of tuples made of rules. */
export const mostEntries = 4_000_000;

function fitsTuples({ runs }: Walk, run: AddressRun, { family, destinationRewritten }: Context): boolean {
  // No packet matches any of them.
  if (!run.mayMatch(family)) return true;
  if (run.count < runs.tuplesFrom) return false;
  if (destinationRewritten && run.fields.some((field) => field === 'daddr' || field === 'dport')) return false;
  let entries = 0;
  for (let i = 0; i < run.count; i++) {
    const own = run.columns.reduce((n, column) => n * sizeAt(column, i), 1);
    if (own === 0 || own > maxCombinations || (entries += own) > mostEntries) return false;
  }
  const { tuples, keys } = runTuples(run);
  return keys.areFew && haveFewShapes(tuples, keys);
}

/** Which rule each entry is of. */
function ownersOf(starts: Uint32Array, count: number): Uint32Array {
  const owners = new Uint32Array(count);
  for (let i = 0; i + 1 < starts.length; i++) owners.fill(i, starts[i], starts[i + 1]);
  return owners;
}

function haveFewShapes({ columns, count }: TupleValues, { gaps }: EntryKeys): boolean {
  const shapes = new Set<number>();
  for (let i = 0; i < count && shapes.size <= mostShapes; i++) {
    const gap = gaps?.[i] ?? 0;
    if (gap === absorbed) continue;
    let [shape, left] = [0, 0];
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      if ('addresses' in column) continue;
      const length = 'lo' in column ? Number(!isWhole(column, i)) : prefixLength(column.ranges, i);
      if (length === null) return false;
      shape = shape * 129 + length;
      left = left * 129 + (gap === c + 1 ? 0 : length);
    }
    shapes.add(shape);
    if (left !== shape) shapes.add(left);
  }
  return shapes.size <= mostShapes;
}

interface RunTuples {
  readonly tuples: TupleValues;
  readonly entries: RuleEntries;
  readonly keys: EntryKeys;
}

const known = new WeakMap<AddressRun, RunTuples>();

/** What rules ask for that differ in several fields; always the same object. */
export const tuplesOf = (run: AddressRun): TupleValues => runTuples(run).tuples;

/** The same, where somebody has asked for them. */
export const madeTuples = (run: AddressRun): TupleValues | undefined => known.get(run)?.tuples;

function runTuples(run: AddressRun): RunTuples {
  const made = known.get(run) ?? makeTuples(run);
  known.set(run, made);
  return made;
}

function makeTuples(run: AddressRun): RunTuples {
  const entries = ruleEntries(run.columns, run.count);
  const set = { id: `rules from ${run.id(0)}`, name: run.id(0) };
  const values = asTupleValues(entries);
  const keys = entryKeys(values, entries.starts && ownersOf(entries.starts, entries.count));
  // What leaves out ports has all others as one key.
  const apart = keys.gaps === null ? {} : { apart: true as const };
  return { tuples: { kind: 'tuples', field: 'tuple', set, ...values, ...apart, counters: null }, entries, keys };
}

/** Of some of the rules. */
export const asTupleValues = ({
  count,
  columns,
}: RuleEntries): Pick<TupleValues, 'count' | 'columns' | 'except' | 'availableUpTo'> => ({
  ...{ count, columns, except: null, availableUpTo: leastAvailable(columns) },
});

/** They are those of the run. */
export const areTuplesOf = (run: AddressRun, { columns }: TupleValues): boolean =>
  known.get(run)?.entries.columns === columns;

/** Where those of each rule begin; null: each has one. */
export const tupleStarts = (run: AddressRun): Uint32Array | null => runTuples(run).entries.starts;

/** Rules of the other family are no tuples: their addresses match no packet, whichever of them is asked. */
const areTuples = (run: AddressRun, { family }: Context): boolean => run.fields.length > 1 && run.mayMatch(family);

/** The parts of the rules as if they were one; but for those that `together` has. */
export function sharedParts(run: AddressRun, context: Context): readonly Part[] {
  const { varying, first, fields } = run;
  if (fields.length === 1 && !run.negated) return run.parts;
  return run.negated || areTuples(run, context) ? first.parts.filter((_, i) => !varying.includes(i)) : first.parts;
}

/** What is known of the packets that the rules match by the fields in which they differ, where those are several; of what they must not have, nothing. */
export const together = (run: AddressRun, arrival: Arrival, context: Context): Arrival =>
  areTuples(run, context) ? narrowToTuples(run, arrival) : arrival;

/** By the fields in which the rules differ, be it one. */
export const narrowToTuples = (run: AddressRun, arrival: Arrival): Arrival =>
  run.fields.length === 0 || run.negated ? arrival : narrow(arrival, asTuples(run));

function asTuples(run: AddressRun): Condition {
  const tuples: Lit = { set: tuplesOf(run), negate: false };
  return exactly([
    run.columns.some(isPort) && !run.columns.some(isOfPorts) ? [tuples, small('protocol', portProtocols)] : [tuples],
  ]);
}

/** Protocols that have ports, each by itself. */
const isOfPorts = (column: RuleColumn): boolean =>
  column.field === 'protocol' &&
  column.lo.every((low, i) => low === column.hi[i] && portProtocols.some(([protocol]) => protocol === low));

const isPort = ({ field }: RuleColumn): boolean => field === 'sport' || field === 'dport';
