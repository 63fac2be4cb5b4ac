/**
 * Pass first: where a set has changed and its tables have not, the steps that would now decide wrongly pass until they are replaced. A step
 * that still matches what it must not passes itself. A guard, skip, question or mark that no longer matches what it must leaves packets
 * to the drops behind it: those pass. A drop that does not match yet drops less, which is only late.
 */
import { outcomes, stepBytes } from '../compile/abi.js';
import type { FamilyLayout } from '../compile/family.js';
import { lowHalf } from '../compile/halves.js';
import { searchesOn } from '../compile/placement.js';
import type { SetId } from '../model/set.js';
import type { TableMemory } from './table-memory.js';

/** `op` null: whatever has changed. Answers how many steps pass from now on that did not. */
export function suspendSteps(
  memory: TableMemory,
  layout: FamilyLayout,
  set: SetId,
  op: 'add' | 'remove' | null,
): number {
  const { program } = layout;
  const own = new Set(program.atoms.flatMap(({ live }, atom) => (live?.set === set ? [atom] : [])));
  const suspended = new Set<number>();
  let behind = false;
  program.steps.forEach(({ when, outcome }, number) => {
    const literals = when.filter(({ atom }) => own.has(atom));
    const holdsLess = literals.some(({ negate }) => op === null || negate === (op === 'add'));
    const holdsMore = literals.some(({ negate }) => op === null || negate === (op === 'remove'));
    if (holdsLess || (behind && outcome.kind === 'drop')) suspended.add(number);
    behind ||= holdsMore && outcome.kind !== 'drop';
  });
  return passAll(memory, layout, suspended);
}

/** All drops of a family pass: a set has changed of which nobody knows where it stands in the steps. */
export const suspendAll = (memory: TableMemory, layout: FamilyLayout): number =>
  passAll(
    memory,
    layout,
    layout.program.steps.flatMap(({ outcome }, number) => (outcome.kind === 'drop' ? [number] : [])),
  );

function passAll(memory: TableMemory, layout: FamilyLayout, numbers: Iterable<number>): number {
  const { steps, placement, program } = layout;
  const shift = lowHalf === 0 ? 0 : 24;
  const searchedOn = new Set<number>();
  let changed = 0;
  for (const number of numbers) {
    const word = (steps + placement.positions[number]! * stepBytes) >>> 2;
    const now = memory.words[word]!;
    if (((now >>> shift) & 255) === outcomes.pass) continue;
    memory.store32(word, (now & ~(255 << shift)) | (outcomes.pass << shift));
    if (searchesOn(program, program.steps[number]!)) searchedOn.add(number);
    changed++;
  }
  if (searchedOn.size > 0) for (const { offset, values } of layout.suspend(searchedOn)) memory.write(offset, values);
  return changed;
}
