/** Tables as Prettier would leave them, so that generated pages pass the format check. */

export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => lengthOf(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    `| ${head.map((_, i) => (right.includes(i) ? pad(row[i] ?? '', widths[i]!, true) : pad(row[i] ?? '', widths[i]!, false))).join(' | ')} |\n`;
  const rule = `| ${widths.map((wide, i) => (right.includes(i) ? `${'-'.repeat(wide - 1)}:` : '-'.repeat(wide))).join(' | ')} |\n`;
  return line(head) + rule + rows.map(line).join('');
}

/** Characters, not code units. */
const lengthOf = (text: string): number => Array.from(text).length;

const pad = (text: string, wide: number, right: boolean): string => {
  const space = ' '.repeat(wide - lengthOf(text));
  return right ? space + text : text + space;
};
