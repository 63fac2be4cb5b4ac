/** Elements of the fields that live in prefix tables. */
import type { Atom, StepProgram } from '../plan/program.js';
import { atomOfKind, type FieldUse } from './field-use.js';
import { PrefixCollector, type Carried, type Prefixes } from './prefix-split.js';

const carried = ({ counters, expires }: Atom, atom: number, i: number): Carried => ({
  atom,
  counter: counters === null ? 0 : counters[i]! + 1,
  expires: expires?.[i] ?? 0,
});

export function address6Prefixes(program: StepProgram, use: FieldUse): Prefixes {
  const atoms = use.atoms.map((index) => atomOfKind(program, index, 'addresses'));
  const capacity = atoms.reduce((sum, { ranges }) => sum + ranges.count, 0);
  const collector = new PrefixCollector(4, program.family, (atom) => use.atoms[atom]!, capacity);
  atoms.forEach((atom, position) => {
    const { ranges } = atom;
    if (ranges.family !== 6) throw new Error('bug: an IPv4 atom in the IPv6 program');
    for (let i = 0; i < ranges.count; i++) {
      collector.addRange(0, carried(atom, position, i), ranges.lo, ranges.hi, i * 4);
    }
  });
  return collector.finish();
}

/** A MAC is 16 bits of top and one word, always whole. */
export function macPrefixes(program: StepProgram, use: FieldUse): Prefixes {
  const atoms = use.atoms.map((index) => atomOfKind(program, index, 'macs'));
  const capacity = atoms.reduce((sum, { addresses }) => sum + addresses.length, 0);
  const collector = new PrefixCollector(1, program.family, (atom) => use.atoms[atom]!, capacity);
  const low = new Uint32Array(1);
  atoms.forEach((atom, position) => {
    atom.addresses.forEach((address, i) => {
      low[0] = address % 2 ** 32;
      collector.add(Math.floor(address / 2 ** 32), 32, carried(atom, position, i), low, 0);
    });
  });
  return collector.finish();
}
