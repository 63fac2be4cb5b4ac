/** What lines of a shape ask for in a field, read in place: lists have a hundred thousand lines. */
import type { AddressFamily, AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';
import { isEverything, xtablesNetwork, xtablesRange, type Bounds } from './address-text.js';
import { scanMac } from './scan-mac.js';
import { scanNetwork, scanRange } from './scan-network.js';
import { PortListBuilder, type RuleColumn } from './rule-columns.js';
import { noMac, type TupleColumn } from './tuples.js';

/** What a value says of which field. */
export type Asked =
  | { readonly field: 'saddr' | 'daddr'; readonly value: 'network' | 'range' }
  | { readonly field: 'smac'; readonly value: 'mac' }
  | { readonly field: 'protocol'; readonly value: 'protocol' }
  | { readonly field: 'sport' | 'dport'; readonly value: 'port' | 'ports' };

/** Where each value stands in a text. */
export interface ValuePlaces {
  readonly count: number;
  readonly text: string;
  readonly start: ArrayLike<number>;
  readonly end: ArrayLike<number>;
}

/** Lines whose value is several, or none, or no match at all, are added to `odd`. */
export function columnOf(family: AddressFamily, asked: Asked, places: ValuePlaces, odd: Set<number>): RuleColumn {
  switch (asked.value) {
    case 'network':
    case 'range':
      return { field: asked.field, ranges: addressesOf(family, asked.value, places, odd) };
    case 'mac':
      return { field: asked.field, addresses: macsOf(places, odd) };
    case 'protocol':
    case 'port':
      return { field: asked.field, ...numbersOf(asked.value, places) };
    case 'ports':
      return portLists(asked.field, places);
  }
}

function addressesOf(
  family: AddressFamily,
  value: 'network' | 'range',
  { count, text, start, end }: ValuePlaces,
  odd: Set<number>,
): AddressRanges {
  const scan = value === 'network' ? scanNetwork : scanRange;
  const boundsOf = value === 'network' ? onlyNetwork : xtablesRange;
  const words = wordsPerAddress(family);
  const lo = new Uint32Array(count * words);
  const hi = new Uint32Array(count * words);
  for (let row = 0; row < count; row++) {
    if (scan(family, text, start[row]!, end[row]!, { lo, hi, row })) continue;
    const bounds = boundsOf(family, text.slice(start[row], end[row]));
    if (bounds === null) odd.add(row);
    lo.set(bounds?.lo ?? [], row * words);
    hi.set(bounds?.hi ?? [], row * words);
  }
  const isSingle = count === 1 && lo.every((word, w) => word === hi[w]);
  return { family, count, lo, hi: isSingle ? lo : hi };
}

/** null: there are several, or none, or it is about every address and no match at all. */
function onlyNetwork(family: AddressFamily, text: string): Bounds | null {
  const bounds = text.includes(',') ? null : xtablesNetwork(family, text);
  return bounds === null || bounds === 'mask' || isEverything(bounds) ? null : bounds;
}

function macsOf({ count, text, start, end }: ValuePlaces, odd: Set<number>): Float64Array {
  const addresses = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const address = scanMac(text, start[row]!, end[row]!);
    if (address === noMac) odd.add(row);
    addresses[row] = address;
  }
  return addresses;
}

type Numbers = Pick<Extract<TupleColumn, { readonly lo: Uint16Array }>, 'lo' | 'hi'>;

function numbersOf(value: 'protocol' | 'port', { count, text, start, end }: ValuePlaces): Numbers {
  const [lo, hi] = [new Uint16Array(count), new Uint16Array(count)];
  const put = value === 'protocol' ? putProtocol : putPorts;
  let isSingle = true;
  for (let row = 0; row < count; row++) isSingle = put(text, start[row]!, end[row]!, { lo, hi, row }) && isSingle;
  return { lo, hi: isSingle ? lo : hi };
}

interface NumberRow extends Numbers {
  readonly row: number;
}

function putProtocol(text: string, start: number, _end: number, { lo, hi, row }: NumberRow): boolean {
  lo[row] = hi[row] = text.startsWith('tcp', start) ? 6 : 17;
  return true;
}

/** Puts the bounds down, and says whether they are one port. */
function putPorts(text: string, start: number, end: number, { lo, hi, row }: NumberRow): boolean {
  let port = 0;
  let low = -1;
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === colon) [low, port] = [port, 0];
    else port = port * 10 + c - 48;
  }
  hi[row] = port;
  lo[row] = low < 0 ? port : low;
  return lo[row] === hi[row];
}

/** `PORT[:PORT],…` */
function portLists(field: 'sport' | 'dport', { count, text, start, end }: ValuePlaces): RuleColumn {
  const lists = new PortListBuilder(count);
  for (let row = 0; row < count; row++) {
    const to = end[row]!;
    let port = 0;
    let low = -1;
    for (let at = start[row]!; at <= to; at++) {
      const c = at < to ? text.charCodeAt(at) : comma;
      if (c === comma) {
        lists.add(low < 0 ? port : low, port);
        [low, port] = [-1, 0];
      } else if (c === colon) [low, port] = [port, 0];
      else port = port * 10 + c - 48;
    }
    lists.close();
  }
  return lists.column(field);
}

const [comma, colon] = [44, 58];
