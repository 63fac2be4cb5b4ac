/** Names of the chains that hold rules for other devices. */

export interface NameStyle {
  readonly prefix: string;
  /** Longest name that the tool takes. */
  readonly longest: number;
}

/** A name that is not among `names`, which it joins. */
export function freshName(chain: string, names: Set<string>, { prefix, longest }: NameStyle): string {
  for (let n = 1; ; n++) {
    const suffix = `_${String(n)}`;
    const name = `${prefix}${chain}`.slice(0, longest - suffix.length) + suffix;
    if (names.has(name)) continue;
    names.add(name);
    return name;
  }
}
