/** Elements of a set as columns, from what was read or from a listing: a million of them is nothing that may take the event loop's time at once. */
import { wordsPerAddress, type AddressFamily, type AddressRanges } from '../../model/address.js';
import { lowerIpset } from '../../model/lower-ipset.js';
import type { NamedSet, SetPart } from '../../model/set.js';
import { parseIpset } from '../../parse/parse-ipset.js';
import type { Slices } from './slices.js';

export interface SetElements {
  readonly family: AddressFamily;
  readonly count: number;
  /** First and last address, a column for each word; then, with `ports`, protocol << 16 | first port, and the last port. */
  readonly columns: readonly Uint32Array[];
  readonly ports: boolean;
  /** Second since the epoch at which each element expires, or later; 0: it stays. Null: all stay. */
  readonly expires: Uint32Array | null;
  /** Seconds by which `expires` may be early. */
  readonly early: number;
}

type Ports = Extract<SetPart, { readonly kind: 'port' }>;

/** `asOf`: second since the epoch at which elements had what they have left, or more. Null: columns do not say what is in the set. */
export function elementsOfSet(set: NamedSet, asOf: number, early: number): SetElements | null {
  const parts = partsOf(set);
  if (parts === null || set.kind === 'opaque' || set.kind === 'list' || set.nomatch !== null) return null;
  const { ranges, ports } = parts;
  const { family, count } = ranges;
  const { timeout } = set;
  let expires: Uint32Array | null = null;
  if (timeout !== null) {
    expires = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const left = timeout[i]!;
      expires[i] = left === 0 ? 0 : Math.min(0xffffffff, asOf + left);
    }
  }
  return { family, count, columns: columnsOf(ranges, ports), ports: ports !== null, expires, early };
}

/** Sets of addresses, and of pairs of address and port. */
function partsOf(set: NamedSet): { readonly ranges: AddressRanges; readonly ports: Ports | null } | null {
  if (set.kind === 'addresses') return { ranges: set.ranges, ports: null };
  if (set.kind !== 'tuples' || set.parts.length !== 2) return null;
  const [first, second] = set.parts;
  return first?.kind === 'address' && second?.kind === 'port' ? { ranges: first.ranges, ports: second } : null;
}

function columnsOf({ family, count, lo, hi }: AddressRanges, ports: Ports | null): Uint32Array[] {
  const words = wordsPerAddress(family);
  const word = (from: Uint32Array, w: number): Uint32Array => {
    const column = new Uint32Array(count);
    for (let i = 0; i < count; i++) column[i] = from[i * words + w]!;
    return column;
  };
  const columns = [lo, hi].flatMap((bound) => Array.from({ length: words }, (_, w) => word(bound, w)));
  if (ports === null) return columns;
  const { protocol, portLo, portHi } = ports;
  return [
    ...columns,
    Uint32Array.from({ length: count }, (_, i) => protocol[i]! * 65536 + portLo[i]!),
    Uint32Array.from(portHi.subarray(0, count)),
  ];
}

/** Characters of a listing that are read at once. */
const chunk = 1 << 17;

/** A section of `ipset save`; `asOf` and `early` as in `elementsOfSet`, and null where that says so of any part of it. */
export async function elementsOfText(
  text: string,
  asOf: number,
  early: number,
  slices: Slices,
): Promise<SetElements | null> {
  const first = text.indexOf('\n') + 1;
  const create = text.slice(0, first);
  const parts: SetElements[] = [];
  let start = first;
  do {
    const end = start + chunk >= text.length ? text.length : text.indexOf('\n', start + chunk) + 1 || text.length;
    const dump = parseIpset(create + text.slice(start, end), 'ipset save');
    const [set] = dump.errors.length > 0 ? [] : lowerIpset(dump).sets;
    const elements = set === undefined ? null : elementsOfSet(set, asOf, early);
    if (elements === null) return null;
    parts.push(elements);
    start = end;
    await slices.pause();
  } while (start < text.length);
  return joined(parts);
}

/** Of one set. */
function joined(parts: readonly SetElements[]): SetElements | null {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first ?? null;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const join = (columnOf: (part: SetElements) => Uint32Array | null): Uint32Array => {
    const column = new Uint32Array(count);
    let at = 0;
    for (const part of parts) {
      column.set(columnOf(part) ?? new Uint32Array(part.count), at);
      at += part.count;
    }
    return column;
  };
  return {
    ...first,
    count,
    columns: first.columns.map((_, c) => join((part) => part.columns[c]!)),
    expires: parts.some(({ expires }) => expires !== null) ? join(({ expires }) => expires) : null,
  };
}
