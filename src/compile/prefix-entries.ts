/** Elements of the fields that live in prefix tables. */
import type { Atom, StepProgram } from '../plan/program.js';
import { wordsPerAddress } from '../model/address.js';
import { atomOfKind, type FieldUse } from './field-use.js';
import { CompileError, maxPrefixes } from './image.js';
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

export function tuplePrefixes(program: StepProgram, use: FieldUse): Prefixes {
  const index = use.atoms[0]!;
  const atom = atomOfKind(program, index, 'tuples');
  const { ranges, protocol, portLo, portHi } = atom;
  const words = wordsPerAddress(ranges.family);
  if (ranges.family !== program.family) throw new Error('bug: a tuple atom of the other family');
  let total = 0;
  for (let i = 0; i < ranges.count; i++) total += portHi[i]! - portLo[i]! + 1;
  if (total > maxPrefixes) {
    const message = `${total} elements when ranges of ports are split, at most ${maxPrefixes} fit`;
    throw new CompileError('too-large', message, program.family, [index]);
  }
  const collector = new PrefixCollector(words, program.family, () => index, total);
  for (let i = 0; i < ranges.count; i++) {
    const element = carried(atom, 0, i);
    for (let port = portLo[i]!; port <= portHi[i]!; port++) {
      collector.addRange((protocol[i]! << 16) | port, element, ranges.lo, ranges.hi, i * words);
    }
  }
  return collector.finish();
}
