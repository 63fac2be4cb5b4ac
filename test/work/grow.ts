/** Makers of rulesets of any size. */

/** Texts by file name, each of `n` of something. */
export type Grow = Readonly<Record<string, (n: number) => string>>;

/** No two touch, up to 2^22. */
export const address = (i: number): string => `${10 + ((i >> 16) & 63)}.${(i >> 8) & 255}.${i & 255}.7`;

export const list = <Item>(n: number, make: (i: number) => Item): Item[] =>
  Array.from({ length: n }, (_, i) => make(i));

export const times = (n: number, make: (i: number) => string): string => list(n, make).join('');
