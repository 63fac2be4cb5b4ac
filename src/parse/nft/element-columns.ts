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
  switch (key.kind) {
    case 'value': {
      const value = plain(key);
      return value !== null && builder.add(value, value, 255);
    }
    case 'prefix': {
      const value = plain(key.address);
      return value !== null && builder.addPrefix(value, key.length);
    }
    case 'range': {
      const low = plain(key.low);
      const high = plain(key.high);
      return low !== null && high !== null && builder.add(low, high, 254);
    }
    default:
      return false;
  }
}

function plain(expression: Expression): PlainValue | null {
  if (expression.kind !== 'value' || (expression.form !== 'number' && expression.form !== 'address')) return null;
  return parsePlainValue(expression.text);
}
