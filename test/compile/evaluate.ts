/** The meaning of a step program, said as plainly as possible (src/plan/program.ts): what the compiled image must agree with. */
import { knownUpTo, lackingHolds, type Atom, type SmallField, type StepProgram } from '../../src/plan/program.js';

/** A packet as the steps see it. Addresses as words, most significant first. */
export interface Decoded {
  readonly saddr: readonly number[];
  readonly daddr: readonly number[];
  readonly smac: number;
  readonly small: Readonly<Record<SmallField, number>>;
}

export interface Decision {
  readonly verdict: 'drop' | 'pass';
  readonly counter: number | null;
}

/** Number of the first entry that contains the packet's value and has not expired at that second since the epoch, or -1. */
export function firstEntry(atom: Atom, packet: Decoded, at: number): number {
  const isLive = (i: number): boolean => {
    const end = atom.expires?.[i] ?? 0;
    return end === 0 || at < end;
  };
  switch (atom.kind) {
    case 'values':
      return atom.ranges.findIndex(
        ([lo, hi], i) => isLive(i) && lo <= packet.small[atom.field] && packet.small[atom.field] <= hi,
      );
    case 'macs':
      return atom.addresses.findIndex((address, i) => isLive(i) && address === packet.smac);
    case 'addresses':
      return find(atom.ranges, packet[atom.field], isLive);
    case 'tuples': {
      const holds = (i: number): boolean =>
        atom.columns.every((column) => {
          if ('addresses' in column) return column.addresses[i] === packet.smac;
          if ('ranges' in column) return isInside(column.ranges, packet[column.field], i);
          const value = packet.small[column.field];
          return column.lo[i]! <= value && value <= column.hi[i]!;
        });
      for (let i = 0; i < atom.count; i++) if (isLive(i) && holds(i)) return atom.except?.[i] === 1 ? -1 : i;
      return -1;
    }
  }
}

type Ranges = Extract<Atom, { kind: 'addresses' }>['ranges'];

/** Where these words, from `from` on, come after the address (> 0), before it (< 0), or neither. */
function compareAt(words: Uint32Array, from: number, address: readonly number[]): number {
  for (let i = 0; i < address.length; i++) {
    const difference = words[from + i]! - address[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function isInside({ family, lo, hi }: Ranges, address: readonly number[], i: number): boolean {
  const from = family === 4 ? i : i * 4;
  return compareAt(lo, from, address) <= 0 && compareAt(hi, from, address) >= 0;
}

function find(ranges: Ranges, address: readonly number[], also: (i: number) => boolean): number {
  for (let i = 0; i < ranges.count; i++) if (isInside(ranges, address, i) && also(i)) return i;
  return -1;
}

/** `at`: second since the epoch. */
export function evaluate(program: StepProgram, arrived: Decoded, at = 0): Decision {
  let packet = arrived;
  let number = 0;
  while (number < program.steps.length) {
    const { when, outcome } = program.steps[number]!;
    const holds = when.every(({ atom, negate }) => {
      if (packet.small.availability > knownUpTo(program.atoms[atom]!)) return lackingHolds(outcome);
      return firstEntry(program.atoms[atom]!, packet, at) >= 0 !== negate;
    });
    if (!holds) number++;
    // Nothing here knows conntrack, so what must be asked about cannot be dropped.
    else if (outcome.kind === 'pass' || outcome.kind === 'ask') return { verdict: 'pass', counter: null };
    else if (outcome.kind === 'skip') number = outcome.to;
    else if (outcome.kind === 'mark') {
      packet = { ...packet, small: { ...packet.small, mark: outcome.state } };
      number++;
    }
    // Nothing here knows a route: the field stays "unknown", 0.
    else if (outcome.kind === 'route') number++;
    else {
      const counted = outcome.counted === null ? null : program.atoms[when[outcome.counted]!.atom]!;
      const line = counted?.counters?.[firstEntry(counted, packet, at)];
      return { verdict: 'drop', counter: line ?? outcome.counter };
    }
  }
  return { verdict: 'pass', counter: null };
}
