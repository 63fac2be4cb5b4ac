/** Constants of nft as sets of values. Null wherever a constant is not understood: then nothing is claimed of the match. */
import type { AddressFamily, AddressRanges } from '../address.js';
import { wordsPerAddress } from '../address.js';
import type { Bounds } from '../address-text.js';
import { inOrder, network, rangesOf } from '../address-text.js';
import type { Ranges } from '../match.js';
import { addressWords, prefixMask } from '../prefix.js';
import type { CatchAll, ElementColumns, Expression, ValueForm } from '../../parse/nft/tree.js';
import type { Leaves, Scope } from './scope.js';
import { resolve } from './scope.js';

export type NumberReader = (text: string, form: ValueForm) => number | null;

export interface DeviceName {
  readonly name: string;
  readonly wildcard: boolean;
}

/** All of `leaves` as address ranges, columns first. */
export function addressRanges(
  family: AddressFamily,
  { leaves, columns }: Leaves,
  read: AddressReader = addressText(family),
): AddressRanges | null {
  const bounds: Bounds[] = [];
  for (const { key, scope } of leaves) {
    const one = addressBounds(family, key, scope, read);
    if (!one) return null;
    bounds.push(one);
  }
  const parts = columns.map((column) => columnRanges(family, column));
  if (parts.some((part) => part === null)) return null;
  return joinRanges(family, [...parts.filter((part) => part !== null), rangesOf(family, bounds)]);
}

export function joinRanges(family: AddressFamily, parts: readonly AddressRanges[]): AddressRanges {
  const filled = parts.filter((part) => part.count > 0);
  if (filled.length === 1 && filled[0]) return filled[0];
  const words = wordsPerAddress(family);
  const count = filled.reduce((sum, part) => sum + part.count, 0);
  const lo = new Uint32Array(count * words);
  const hi = new Uint32Array(count * words);
  let at = 0;
  for (const part of filled) {
    lo.set(part.lo.subarray(0, part.count * words), at);
    hi.set(part.hi.subarray(0, part.count * words), at);
    at += part.count * words;
  }
  return { family, count, lo, hi };
}

/** Marks of `ElementColumns.form`. */
const single = 255;
const range = 254;

/** The reader keeps the low bound as it was written, which may lie inside of its prefix. */
export function columnRanges(family: AddressFamily, column: ElementColumns): AddressRanges | null {
  if (column.type !== (family === 4 ? 'ipv4' : 'ipv6')) return null;
  const words = wordsPerAddress(family);
  const lo = column.lo.slice(0, column.count * words);
  for (let i = 0; i < column.count; i++) {
    const form = column.form[i] ?? single;
    if (form === single || form === range) continue;
    for (let w = 0; w < words; w++) lo[i * words + w] = (lo[i * words + w]! & prefixMask(form - w * 32)) >>> 0;
  }
  return { family, count: column.count, lo, hi: column.hi.subarray(0, column.count * words) };
}

export type AddressReader = (text: string) => Bounds | null;

const readers: Readonly<Record<AddressFamily, AddressReader>> = {
  4: (text) => host(4, text),
  6: (text) => host(6, text),
};
const addressText = (family: AddressFamily): AddressReader => readers[family];

function host(family: AddressFamily, text: string): Bounds | null {
  const words = addressWords(family, text);
  return words && { lo: words, hi: words };
}

export function addressBounds(
  family: AddressFamily,
  key: Expression | CatchAll,
  scope: Scope,
  read: AddressReader = addressText(family),
): Bounds | null {
  if (key.kind === 'catchAll') return network(Array<number>(wordsPerAddress(family)).fill(0), 0);
  const found = resolve({ expression: key, scope });
  if (!found) return null;
  const { expression } = found;
  if (expression.kind === 'prefix') {
    const address = addressBounds(family, expression.address, found.scope, read);
    const most = family === 4 ? 32 : 128;
    return address && expression.length >= 0 && expression.length <= most
      ? network(address.lo, expression.length)
      : null;
  }
  if (expression.kind === 'range') {
    const low = addressBounds(family, expression.low, found.scope, read);
    const high = addressBounds(family, expression.high, found.scope, read);
    const bounds = low && high ? { lo: low.lo, hi: high.hi } : null;
    return bounds && inOrder(bounds) ? bounds : null;
  }
  return expression.kind === 'value' ? read(expression.text) : null;
}

export function numberRanges(read: NumberReader, max: number, { leaves, columns }: Leaves): Ranges | null {
  const ranges: (readonly [number, number])[] = [];
  for (const column of columns) {
    if (column.type !== 'number') return null;
    for (let i = 0; i < column.count; i++) {
      const [low, high] = [column.lo[i]!, column.hi[i]!];
      if (high > max || low > high || (column.form[i] !== single && column.form[i] !== range)) return null;
      ranges.push([low, high]);
    }
  }
  for (const { key, scope } of leaves) {
    const one = numberRange(read, max, key, scope);
    if (!one) return null;
    ranges.push(one);
  }
  return ranges;
}

export function numberRange(
  read: NumberReader,
  max: number,
  key: Expression | CatchAll,
  scope: Scope,
): readonly [number, number] | null {
  if (key.kind === 'catchAll') return [0, max];
  const found = resolve({ expression: key, scope });
  if (!found) return null;
  const { expression } = found;
  if (expression.kind === 'range') {
    const low = flagBits(read, expression.low, found.scope);
    const high = flagBits(read, expression.high, found.scope);
    return low !== null && high !== null && low <= high && high <= max ? [low, high] : null;
  }
  const value = flagBits(read, expression, found.scope);
  return value !== null && value <= max ? [value, value] : null;
}

/** A number, or several combined by `|` or (where `list`) by commas. */
export function flagBits(read: NumberReader, key: Expression | CatchAll, scope: Scope, list = false): number | null {
  if (key.kind === 'catchAll') return null;
  const found = resolve({ expression: key, scope });
  if (!found) return null;
  const { expression } = found;
  if (expression.kind === 'value') return read(expression.text, expression.form);
  const parts =
    expression.kind === 'binary' && expression.operator === '|'
      ? [expression.left, expression.right]
      : list && expression.kind === 'list'
        ? expression.parts
        : null;
  if (!parts) return null;
  let bits = 0;
  for (const part of parts) {
    const value = flagBits(read, part, found.scope, list);
    if (value === null) return null;
    bits |= value;
  }
  return bits;
}

export function deviceNames({ leaves, columns }: Leaves): DeviceName[] | null {
  if (columns.length > 0) return null;
  const names: DeviceName[] = [];
  for (const { key, scope } of leaves) {
    const one = deviceName(key, scope);
    if (!one) return null;
    names.push(one);
  }
  return names;
}

export function deviceName(key: Expression | CatchAll, scope: Scope): DeviceName | null {
  if (key.kind === 'catchAll') return { name: '', wildcard: true };
  const found = resolve({ expression: key, scope });
  if (found?.expression.kind !== 'value') return null;
  const { text, form } = found.expression;
  // `eth\\*` is a name with a star.
  if (form === 'quoted' && /^[^\\]*\\\*$/.test(text)) return { name: text.replace('\\', ''), wildcard: false };
  if (text.includes('\\')) return null;
  if (form === 'wildcard' || (form === 'quoted' && text.endsWith('*')))
    return { name: text.endsWith('*') ? text.slice(0, -1) : text, wildcard: true };
  return form === 'word' || form === 'quoted' ? { name: text, wildcard: false } : null;
}
