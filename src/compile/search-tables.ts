/**
 * How the step that decides is found from the classes of a packet's fields: by decisions where they fit, else by lists where addresses
 * leave few steps, and by rows of bits.
 */
import type { StepProgram } from '../plan/program.js';
import { candidateBytes, decisionNone } from './abi.js';
import type { Arena } from './arena.js';
import { decisionsOf, type ClassedField, type Decisions, type Run } from './decisions.js';
import type { Numbers } from './table-numbers.js';
import type { Structure } from './image.js';
import { listWalk, type ListWalk } from './list-walk.js';
import { listsOf, type Heads, type Lists } from './lists.js';
import { hasRow, type Placement } from './placement.js';
import { countedAtom, type FieldUse } from './field-use.js';
import { RowBuilder, rowBytes } from './rows.js';

/** Bytes that have to be written into `tables`, from that offset on. */
export interface Store {
  readonly offset: number;
  readonly values: Uint16Array | Uint32Array;
}

export interface SearchTables {
  readonly placement: Placement;
  readonly numbers: Numbers;
  /** Bit per slot: fields of which the search asks the label, and of which it has rows. */
  readonly used: number;
  readonly rowed: number;
  /** In the order of the fields. */
  readonly fields: readonly Numbers[];
  /** What a class of that field (by position) needs that is new; no packet has it yet. */
  readonly storesOf: (field: number, id: number) => Store[];
  /** What makes the search end at these steps, which decide nothing themselves. */
  readonly suspend: (steps: ReadonlySet<number>) => Store[];
  /** Named without the family. */
  readonly structures: readonly Structure[];
  /** Null: there are no lists. */
  readonly walk: ListWalk | null;
}

/** Throws CompileError when they would take more memory than they may. */
export function searchTables(
  program: StepProgram,
  placement: Placement,
  fields: readonly ClassedField[],
  arena: Arena,
  decided: boolean,
): SearchTables {
  const decisions = decided ? decisionsOf(program, placement, fields) : null;
  if (decisions !== null && bytesOf(decisions) <= arena.left)
    return byDecisions(program, decisions, placement, fields, arena);
  const lists = listsOf(program, placement, fields);
  return lists === null ? byRows(program, placement, fields, arena) : byLists(program, lists, fields, arena);
}

const slotsOf = (fields: readonly ClassedField[]): number => fields.reduce((sum, { use }) => sum | (1 << use.slot), 0);

const bytesOf = ({ combined, paired, table }: Decisions): number =>
  table.byteLength + (combined?.byteLength ?? 0) + (paired?.byteLength ?? 0);

/**
 * Where the source address alone decides, and sources of one class are dropped by one step while no step matches any others: what a drop needs
 * to know of the two, so that neither is looked up.
 */
function onlyDrop(
  program: StepProgram,
  { table }: Decisions,
  { positions }: Placement,
  fields: readonly ClassedField[],
): Numbers {
  const [source, ...others] = fields;
  if (source === undefined || others.length > 0 || source.use.field !== 'saddr' || source.use.live) return {};
  const [only, ...more] = [...table.keys()].filter((id) => table[id] !== decisionNone);
  const step = only === undefined || more.length > 0 ? -1 : positions.indexOf(table[only]!);
  const outcome = program.steps[step]?.outcome;
  if (outcome?.kind !== 'drop') return {};
  const isCounted = countedAtom(program, step) !== null;
  return {
    only_class: only! + 1,
    only_step: table[only!]!,
    only_counter: outcome.counter,
    only_counted: Number(isCounted),
  };
}

function byDecisions(
  program: StepProgram,
  decisions: Decisions,
  placement: Placement,
  fields: readonly ClassedField[],
  arena: Arena,
): SearchTables {
  const { combined, count, paired, table, strides } = decisions;
  arena.reserve(bytesOf(decisions));
  const structures: Structure[] = [];
  const add = (what: string, structure: Structure['structure'], part: Uint16Array | null): number => {
    if (part === null) return 0;
    structures.push({ name: what, structure, entries: part.length, bytes: part.byteLength });
    return arena.add(part);
  };
  const numbers = {
    combined: add('small fields', 'combinations', combined),
    combined_count: count,
    paired: add('addresses', 'combinations', paired),
    decisions: add('steps', 'decisions', table),
    ...onlyDrop(program, decisions, placement, fields),
  };
  const storeOf = ({ place, decisions: values }: Run): Store => ({ offset: numbers.decisions + place * 2, values });
  return {
    placement,
    numbers,
    used: slotsOf(fields),
    rowed: 0,
    fields: fields.map(({ use, capacity }) => ({ stride: strides.get(use.slot) ?? 0, classes: capacity })),
    storesOf: (field, id) => decisions.ofClass(fields[field]!.use.slot, id).map(storeOf),
    suspend: (steps) => [storeOf(decisions.suspend(steps))],
    structures,
    walk: null,
  };
}

function byRows(
  program: StepProgram,
  placement: Placement,
  fields: readonly ClassedField[],
  arena: Arena,
): SearchTables {
  const structures: Structure[] = [];
  const built = fields.map(({ use, classes, capacity }) => {
    arena.reserve(rowBytes(placement.words, capacity));
    const builder = new RowBuilder(program, use, classes, placement);
    const { rows, summaries } = builder.rows(capacity - classes.count);
    const at = { rows: arena.add(rows), summaries: summaries === null ? 0 : arena.add(summaries) };
    const bytes = rows.byteLength + (summaries?.byteLength ?? 0);
    structures.push({
      name: `${use.field} steps`,
      structure: 'bit-vectors',
      entries: classes.count,
      bytes,
    });
    return { builder, at, capacity };
  });
  const rowed = slotsOf(fields);
  return {
    placement,
    numbers: {},
    used: rowed,
    rowed,
    fields: built.map(({ at, capacity }) => ({ ...at, classes: capacity })),
    storesOf: (field, id) => {
      const { builder, at } = built[field]!;
      const { rows, summaries } = builder.row(id);
      const stores: Store[] = [{ offset: at.rows + id * builder.size * 4, values: rows }];
      if (summaries !== null) stores.push({ offset: at.summaries + id * 8, values: summaries });
      return stores;
    },
    // The search itself comes by them, and finds that they pass.
    suspend: () => [],
    structures,
    walk: null,
  };
}

/** Steps that no list has are few: only the fields that these ask for have rows. */
function byLists(program: StepProgram, lists: Lists, fields: readonly ClassedField[], arena: Arena): SearchTables {
  const { placement, candidates, heads, parts } = lists;
  const inRows = new Set(
    program.steps.flatMap(({ when }, step) => (hasRow(placement, step) ? when.map(({ atom }) => atom) : [])),
  );
  const rowed = fields.filter(({ use }) => use.atoms.some((atom) => inRows.has(atom)));
  const bytes =
    candidates.byteLength +
    lists.lists.byteLength +
    parts.byteLength +
    fields.reduce((sum, { use }) => sum + (headOf(use)?.byteLength ?? 0), 0);
  arena.reserve(bytes);
  const numbers = {
    candidates: arena.add(candidates),
    candidate_mask: candidates.byteLength / candidateBytes - 1,
  };
  const listsAt = arena.add(lists.lists);
  // Parts of parts say it themselves.
  const partsAt = arena.size;
  arena.add(parts.bytes(listsAt, partsAt));
  const listed = fields.map(({ use, number }) => {
    const head = headOf(use);
    if (head === null) return {};
    const numbered = number?.() ?? null;
    const of = numbered === null ? head : head.by(numbered.classes);
    return { lists: arena.add(of.bytes(listsAt, partsAt)), numbered: numbered?.offset ?? 0 };
  });
  const rows = byRows(program, placement, rowed, arena);
  const addresses = fields.filter(({ use }) => headOf(use) !== null);
  return {
    ...rows,
    numbers,
    used: rows.rowed | slotsOf(addresses),
    fields: fields.map((field, i) => ({
      classes: field.capacity,
      ...listed[i],
      ...(rowed.includes(field) ? rows.fields[rowed.indexOf(field)] : {}),
    })),
    structures: [{ name: 'addresses', structure: 'lists', entries: lists.entries, bytes }, ...rows.structures],
    walk: listWalk(program, lists, fields),
  };

  function headOf({ field }: FieldUse): Heads | null {
    return field === 'saddr' || field === 'daddr' ? (heads[field] ?? null) : null;
  }
}
