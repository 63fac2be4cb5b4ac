/** Names of the chains that hold rules for other devices. */

export interface NameStyle {
  readonly prefix: string;
  /** Longest name that the tool takes. */
  readonly longest: number;
}

/** Makes names for chains beside `chain` that are none of `taken`, nor one that it made before. */
export function chainNamer(taken: Iterable<string>, { prefix, longest }: NameStyle): (chain: string) => string {
  const names = new Set(taken);
  const numbers = new Map<string, number>();
  return (chain) => {
    for (let n = (numbers.get(chain) ?? 0) + 1; ; n++) {
      const suffix = `_${String(n)}`;
      const name = `${prefix}${chain}`.slice(0, longest - suffix.length) + suffix;
      if (names.has(name)) continue;
      names.add(name);
      numbers.set(chain, n);
      return name;
    }
  };
}
