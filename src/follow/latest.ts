/** Of changes that are given together only the last one of each element counts: one that came and has left again was never there. */
import type { SetChange } from '../update/set-change.js';
import { wordsPerAddress } from '../model/address.js';
import type { SetId } from '../model/set.js';
import type { HostChange } from './change.js';

/**
 * The same changes, without those of elements that change again later: when they are applied one after the other, no packet meets what is
 * over already.
 */
export function latestOf(changes: readonly HostChange[]): readonly HostChange[] {
  const both = setsWithBoth(changes);
  if (both.size === 0) return changes;
  const seen = new Map<SetId, Set<string>>([...both].map((set) => [set, new Set()]));
  const kept: HostChange[] = [];
  for (const change of changes.toReversed()) {
    if (change.kind !== 'elements') {
      kept.push(change);
      continue;
    }
    const left = change.changes.toReversed().flatMap((one) => unseen(one, seen.get(one.set)) ?? []);
    if (left.length > 0) kept.push({ kind: 'elements', changes: left.toReversed() });
  }
  return kept.toReversed();
}

/** Sets of which elements both come and go. */
function setsWithBoth(changes: readonly HostChange[]): ReadonlySet<SetId> {
  const ops = new Map<SetId, SetChange['op']>();
  const both = new Set<SetId>();
  for (const change of changes) {
    if (change.kind !== 'elements') continue;
    for (const { set, op } of change.changes) {
      const other = ops.get(set) ?? op;
      ops.set(set, other);
      if (other !== op) both.add(set);
    }
  }
  return both;
}

/** The elements that `seen` has not, which are then in it. Null: there are none. */
function unseen(change: SetChange, seen: Set<string> | undefined): SetChange | null {
  if (seen === undefined) return change;
  const picked: number[] = [];
  for (let i = change.ranges.count - 1; i >= 0; i--) {
    const key = keyOf(change, i);
    if (seen.has(key)) continue;
    seen.add(key);
    picked.push(i);
  }
  if (picked.length === change.ranges.count) return change;
  return picked.length === 0 ? null : pick(change, picked.toReversed());
}

function keyOf({ ranges: { family, lo, hi }, ports }: SetChange, i: number): string {
  const own = ports ? `${ports.protocol[i]!} ${ports.portLo[i]!} ${ports.portHi[i]!}` : '';
  if (family === 4) return `${lo[i]!} ${hi[i]!} ${own}`;
  return `${lo.subarray(i * 4, i * 4 + 4).join()} ${hi.subarray(i * 4, i * 4 + 4).join()} ${own}`;
}

/** The elements at `positions`. */
export function pick(change: SetChange, positions: ArrayLike<number>): SetChange {
  const { ranges, ports, expires } = change;
  const words = wordsPerAddress(ranges.family);
  const count = positions.length;
  const [lo, hi] = [new Uint32Array(count * words), new Uint32Array(count * words)];
  for (let i = 0; i < count; i++) {
    const from = positions[i]! * words;
    for (let w = 0; w < words; w++) {
      lo[i * words + w] = ranges.lo[from + w]!;
      hi[i * words + w] = ranges.hi[from + w]!;
    }
  }
  const at = (i: number): number => positions[i]!;
  return {
    set: change.set,
    op: change.op,
    ranges: { family: ranges.family, count, lo, hi },
    ...(ports && {
      ports: {
        protocol: Uint8Array.from({ length: count }, (_, i) => ports.protocol[at(i)]!),
        portLo: Uint16Array.from({ length: count }, (_, i) => ports.portLo[at(i)]!),
        portHi: Uint16Array.from({ length: count }, (_, i) => ports.portHi[at(i)]!),
      },
    }),
    ...(expires && { expires: Uint32Array.from({ length: count }, (_, i) => expires[at(i)]!) }),
  };
}
