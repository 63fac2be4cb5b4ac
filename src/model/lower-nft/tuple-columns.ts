/** Elements of a concatenation as columns, one part a key, where each element asks for one range of each. */
import type { CatchAll, Expression } from '../../parse/nft/tree.js';
import { rangesOf, type Bounds } from '../address-text.js';
import type { Match } from '../match.js';
import type { SetPart } from '../set.js';
import type { SmallTupleField } from '../tuples.js';
import * as constants from './constants.js';
import type { Key, NumberKey } from './key.js';
import { compareLeaves } from './matches.js';
import type { Scope } from './scope.js';
import { numberRange } from './values.js';

export interface TupleElement {
  /** Null: not one part a key. */
  readonly parts: readonly (Expression | CatchAll)[] | null;
  readonly scope: Scope;
}

type Side = 'src' | 'dst';

/** What one part of one element asks of the packet. */
type Cell =
  | { readonly kind: 'address'; readonly side: Side; readonly bounds: Bounds }
  | { readonly kind: 'number'; readonly field: SmallTupleField; readonly lo: number; readonly hi: number }
  | { readonly kind: 'mac'; readonly address: number }
  | { readonly kind: 'interface'; readonly side: Side; readonly name: string; readonly wildcard: boolean };

export interface Tuples {
  readonly parts: readonly SetPart[];
  readonly sides: readonly Side[];
}

/** Protocols whose ports stand where `th` reads them. */
const portProtocols = new Set([6, 17, 33, 132, 136]);

/** Null: some key, or some element, is of a kind that has no column. */
export function lowerTuples(keys: readonly Key[], elements: readonly TupleElement[], negate: boolean): Tuples | null {
  const columns: Cell[][] = keys.map(() => []);
  for (const element of elements) {
    if (element.parts?.length !== keys.length) return null;
    const protocol = protocolOf(keys, element);
    for (const [i, key] of keys.entries()) {
      const part = element.parts[i];
      const cell = part ? cellOf(key, part, element.scope, protocol) : null;
      if (!cell) return null;
      // Without an output device older kernels break the rule, newer ones look the empty name up.
      if (cell.kind === 'interface' && cell.side === 'dst' && negate) return null;
      columns[i]?.push(cell);
    }
  }
  const parts = keys.map((key, i) => column(key, columns[i] ?? []));
  if (!parts.every((part) => part !== null)) return null;
  return { parts, sides: keys.map(sideOf) };
}

function sideOf(key: Key): Side {
  if (key.kind === 'address') return key.field === 'saddr' ? 'src' : 'dst';
  if (key.kind === 'name') return key.direction === 'in' ? 'src' : 'dst';
  return key.kind === 'number' && key.port?.field === 'dport' ? 'dst' : 'src';
}

/** The protocol that the element itself names; null: none, or several. */
function protocolOf(keys: readonly Key[], { parts, scope }: TupleElement): number | null {
  const at = keys.findIndex((key) => key.kind === 'number' && key.read === constants.protocol);
  const part = parts?.[at];
  const range = part ? numberRange(constants.protocol, 255, part, scope) : null;
  return range && range[0] === range[1] ? range[0] : null;
}

function cellOf(key: Key, part: Expression | CatchAll, scope: Scope, protocol: number | null): Cell | null {
  if (key.kind === 'number' && key.port) return portCell(key, key.port, part, scope, protocol);
  const found = compareLeaves(key, { leaves: [{ key: part, scope, element: null }], columns: [] }, false);
  const [only] = found ?? [];
  const [match] = only ?? [];
  return found?.length === 1 && only?.length === 1 && match ? matchCell(match) : null;
}

/** A port is one only under a protocol that has ports: the key's own, or that of the element. */
function portCell(
  key: NumberKey,
  { field, protocols }: NonNullable<NumberKey['port']>,
  part: Expression | CatchAll,
  scope: Scope,
  protocol: number | null,
): Cell | null {
  if (!protocols && (protocol === null || !portProtocols.has(protocol))) return null;
  const read = protocols ? key.read : constants.port(protocol);
  const range = numberRange(read, 65535, part, scope);
  return range && { kind: 'number', field, lo: range[0], hi: range[1] };
}

function matchCell(match: Match): Cell | null {
  if ('negate' in match && match.negate) return null;
  switch (match.kind) {
    case 'address': {
      const { ranges, field } = match;
      if (ranges.count !== 1) return null;
      return {
        kind: 'address',
        side: field === 'saddr' ? 'src' : 'dst',
        bounds: { lo: [...ranges.lo], hi: [...ranges.hi] },
      };
    }
    case 'protocol':
      return numberCell('protocol', match.protocols);
    case 'ttl':
      return numberCell('ttl', match.ranges);
    case 'tos': {
      // The bits left out are the lowest ones: values in a row.
      const rest = 0xff & ~match.mask;
      return (rest & (rest + 1)) === 0
        ? { kind: 'number', field: 'tos', lo: match.value, hi: match.value | rest }
        : null;
    }
    case 'icmp': {
      const [[from, to] = [0, -1], more] = match.types;
      const [[low, high] = [0, -1], others] = match.codes;
      if (more || others || from > to || low > high || (from !== to && (low !== 0 || high !== 255))) return null;
      return { kind: 'number', field: 'icmp', lo: from * 256 + low, hi: to * 256 + high };
    }
    case 'mac': {
      const [address, more] = match.addresses;
      return address !== undefined && more === undefined ? { kind: 'mac', address } : null;
    }
    case 'interface':
      return {
        kind: 'interface',
        side: match.direction === 'in' ? 'src' : 'dst',
        name: match.name,
        wildcard: match.wildcard,
      };
    case 'addressType':
    case 'comment':
    case 'ctState':
    case 'family':
    case 'fragment':
    case 'header':
    case 'length':
    case 'mark':
    case 'packetType':
    case 'port':
    case 'reversePath':
    case 'set':
    case 'tcpFlags':
    case 'unknown':
      return null;
  }
}

function numberCell(field: SmallTupleField, ranges: readonly (readonly [number, number])[]): Cell | null {
  const [range, more] = ranges;
  return range && !more ? { kind: 'number', field, lo: range[0], hi: range[1] } : null;
}

/** The cells of one key are of one kind; without elements the key says which. */
function column(key: Key, cells: readonly Cell[]): SetPart | null {
  const [first] = cells;
  if (!first) return emptyColumn(key);
  const ofKind = <Kind extends Cell['kind']>(kind: Kind): Extract<Cell, { kind: Kind }>[] =>
    cells.filter((cell): cell is Extract<Cell, { kind: Kind }> => cell.kind === kind);
  switch (first.kind) {
    case 'address': {
      if (key.kind !== 'address') return null;
      const bounds = ofKind('address').map((cell) => cell.bounds);
      return { kind: 'address', ranges: rangesOf(key.family, bounds), network: false };
    }
    case 'number': {
      const numbers = ofKind('number');
      if (numbers.length !== cells.length || numbers.some(({ field }) => field !== first.field)) return null;
      const lo = Uint16Array.from(numbers, (cell) => cell.lo);
      return { kind: 'number', field: first.field, lo, hi: Uint16Array.from(numbers, (cell) => cell.hi) };
    }
    case 'mac':
      return { kind: 'mac', addresses: Float64Array.from(ofKind('mac'), ({ address }) => address) };
    case 'interface': {
      const names = ofKind('interface');
      return {
        kind: 'interface',
        names: names.map(({ name }) => name),
        wildcard: Uint8Array.from(names, ({ wildcard }) => (wildcard ? 1 : 0)),
      };
    }
  }
}

function emptyColumn(key: Key): SetPart | null {
  return key.kind === 'address'
    ? { kind: 'address', ranges: rangesOf(key.family, []), network: false }
    : { kind: 'number', field: 'protocol', lo: new Uint16Array(), hi: new Uint16Array() };
}
