/** Milliseconds, for people. */
export const duration = (milliseconds: number): string =>
  milliseconds < 999 ? `${Math.ceil(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
