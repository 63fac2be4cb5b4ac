/** Numbers as charts and tables show them. */

/** 1, 10, 1 k, 250 k, 1 M: no more than three digits count. */
export function short(value: number): string {
  for (const [unit, name] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (Math.abs(value) >= unit) return `${String(Number((value / unit).toPrecision(3)))} ${name}`;
  return String(Number(value.toPrecision(3)));
}

/** Three digits, with separators: 1,234 · 56.7 · 0.89. */
export function figures(value: number): string {
  if (value !== 0 && Math.abs(value) < 100) return String(Number(value.toPrecision(Math.abs(value) < 10 ? 2 : 3)));
  return Math.round(value).toLocaleString('en-US');
}

export const sizeText = (size: number): string => size.toLocaleString('en-US');
