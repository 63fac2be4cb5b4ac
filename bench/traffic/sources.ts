/** IPv4 addresses of senders, in host byte order. */

/** 64.0.0.0/4: what defences drop. */
export const blockedFirst = 0x40000000;
/** 32.0.0.0/4: dropped by none. */
export const freeFirst = 0x20000000;

export const dotted = (word: number): string =>
  [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');

/**
 * Number `i` of the /4 that begins there, scattered over it: neighbours would be one range to whoever looks for that. bench/bpf/traffic.bpf.c
 * computes the same.
 */
export const sourceOf = (first: number, i: number): number => first + (Math.imul(i, 0x9e3779b1) & (2 ** 28 - 1));

export const sourcesFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => dotted(sourceOf(first, i)));

export const blockedSources = (count: number): string[] => sourcesFrom(blockedFirst, count);
