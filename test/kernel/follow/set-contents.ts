/** What followed sets hold: as a reading says, and as the changes that were told make of an earlier one. */
import type { HostChange } from '../../../src/follow/change.js';
import type { NamedSet, SetId } from '../../../src/model/set.js';

/** Second at which each element expires, 0: never; by `lo-hi` in hexadecimal, with protocol and port where the set has them. */
export type Contents = Map<string, number>;

const hex = (words: Uint32Array, i: number, size: number): string =>
  Array.from(words.subarray(i * size, (i + 1) * size), (word) => word.toString(16).padStart(8, '0')).join('');

/** Null: its elements are not told one by one. */
export function contentsOf(set: NamedSet): Contents | null {
  const columns = columnsOf(set);
  if (columns === null || set.kind === 'opaque' || set.kind === 'list') return null;
  const { ranges, ports } = columns;
  const contents: Contents = new Map();
  for (let i = 0; i < ranges.count; i++) {
    const left = set.timeout?.[i] ?? 0;
    contents.set(keyOf(ranges, ports, i), left === 0 ? 0 : set.asOf! + left);
  }
  return contents;
}

type Told = Extract<HostChange, { kind: 'elements' }>['changes'][number];

function columnsOf(set: NamedSet): Pick<Told, 'ranges' | 'ports'> | null {
  if (set.kind === 'addresses') return set.nomatch === null ? { ranges: set.ranges } : null;
  if (set.kind !== 'tuples') return null;
  const [first, second, more] = set.parts;
  if (first?.kind !== 'address' || second?.kind !== 'port' || more || set.nomatch !== null) return null;
  return { ranges: first.ranges, ports: second };
}

function keyOf({ family, lo, hi }: Told['ranges'], ports: Told['ports'], i: number): string {
  const size = family === 4 ? 1 : 4;
  const range = `${hex(lo, i, size)}-${hex(hi, i, size)}`;
  return ports ? `${range} ${ports.protocol[i]!}:${ports.portLo[i]!}-${ports.portHi[i]!}` : range;
}

/** Applies changes; returns the sets that must be read anew, or what else was told. */
export function applyTo(
  sets: Map<SetId, Contents>,
  changes: readonly HostChange[],
): { reread: SetId[]; other: HostChange[] } {
  const reread: SetId[] = [];
  const other: HostChange[] = [];
  for (const change of changes) {
    if (change.kind === 'set') reread.push(change.set);
    else if (change.kind !== 'elements') other.push(change);
    else
      for (const { set, op, ranges, ports, expires } of change.changes) {
        const contents = sets.get(set);
        for (let i = 0; contents && i < ranges.count; i++) {
          const key = keyOf(ranges, ports, i);
          if (op === 'remove') contents.delete(key);
          else contents.set(key, expires?.[i] ?? 0);
        }
      }
  }
  return { reread, other };
}

/** The differences, in words. `slack`: seconds that an element may be thought to expire early. */
export function differences(told: Contents, read: Contents, now: number, slack: number): string[] {
  const found: string[] = [];
  // What is about to expire may be in one of them only.
  const lasting = (second: number): boolean => second === 0 || second > now + 2;
  for (const [key, second] of told) {
    const other = read.get(key);
    if (other === undefined) {
      if (lasting(second)) found.push(`${key} is told, and not there`);
    } else if ((second === 0) !== (other === 0) || second > other + slack || second < other - slack)
      found.push(`${key} is told to expire at ${second}, and expires at ${other}`);
  }
  for (const [key, second] of read) if (!told.has(key) && lasting(second)) found.push(`${key} is there, and not told`);
  return found;
}
