/** Columns of elements that were read one by one, when all of them are plain: the same columns that the fast lane makes. */
import type { Element, ElementColumns, Expression } from './tree-expression.js';
import { ColumnBuilder } from './column-builder.js';
import { parsePlainValue, type PlainValue } from './plain-value.js';

export function columnsOf(elements: readonly Element[]): ElementColumns | null {
  if (elements.length === 0) return null;
  const builder = new ColumnBuilder(elements.length);
  for (const element of elements) {
    if (element.data || element.comment !== null || element.statements.length > 0) return null;
    if (element.key.kind === 'catchAll' || !addKey(builder, element.key)) return null;
    builder.setTimes(element.timeout, element.expires);
  }
  return builder.finish();
}

function addKey(builder: ColumnBuilder, key: Expression): boolean {
  if (key.kind === 'prefix') {
    const value = plain(key.address);
    return value !== null && builder.addPrefix(value, key.length);
  }
  const isRange = key.kind === 'range';
  const low = plain(isRange ? key.low : key);
  const high = plain(isRange ? key.high : key);
  return low !== null && high !== null && builder.add(low, high, isRange ? 254 : 255);
}

function plain(expression: Expression): PlainValue | null {
  if (expression.kind !== 'value' || (expression.form !== 'number' && expression.form !== 'address')) return null;
  return parsePlainValue(expression.text);
}
