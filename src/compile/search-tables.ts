/** How the step that decides is found from the classes of a packet's fields: by decisions where they fit, else by rows of bits. */
import type { StepProgram } from '../plan/program.js';
import type { Arena } from './arena.js';
import { decisionsOf, type ClassedField, type Decisions, type Run } from './decisions.js';
import type { Numbers } from './table-numbers.js';
import type { Structure } from './image.js';
import type { Placement } from './placement.js';
import { RowBuilder, rowBytes } from './rows.js';

/** Bytes that have to be written into `tables`, from that offset on. */
export interface Store {
  readonly offset: number;
  readonly values: Uint16Array | Uint32Array;
}

export interface SearchTables {
  readonly numbers: Numbers;
  /** In the order of the fields. */
  readonly fields: readonly Numbers[];
  /** What a class of that field (by position) needs that is new; no packet has it yet. */
  readonly storesOf: (field: number, id: number) => Store[];
  /** What makes the search end at these steps, which decide nothing themselves. */
  readonly suspend: (steps: ReadonlySet<number>) => Store[];
  /** Named without the family. */
  readonly structures: readonly Structure[];
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
  return decisions === null || bytesOf(decisions) > arena.left
    ? byRows(program, placement, fields, arena)
    : byDecisions(decisions, fields, arena);
}

const bytesOf = ({ combined, paired, table }: Decisions): number =>
  table.byteLength + (combined?.byteLength ?? 0) + (paired?.byteLength ?? 0);

function byDecisions(decisions: Decisions, fields: readonly ClassedField[], arena: Arena): SearchTables {
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
  };
  const storeOf = ({ place, decisions: values }: Run): Store => ({ offset: numbers.decisions + place * 2, values });
  return {
    numbers,
    fields: fields.map(({ use, capacity }) => ({ stride: strides.get(use.slot) ?? 0, classes: capacity })),
    storesOf: (field, id) => decisions.ofClass(fields[field]!.use.slot, id).map(storeOf),
    suspend: (steps) => [storeOf(decisions.suspend(steps))],
    structures,
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
  return {
    numbers: {},
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
  };
}
