/** What is written into each packet of a test run, and what the program must answer. */
import type { Random } from '../../test/compile/random.js';

/** As enum key_kind in bench/bpf/drive.bpf.c. */
export const keyKinds = { source4: 0, source6: 1, tuple4: 2 } as const;
export type KeyKind = keyof typeof keyKinds;

export const wordsOf: Readonly<Record<KeyKind, 1 | 4>> = { source4: 1, source6: 4, tuple4: 4 };

export const verdicts = { drop: 1, pass: 2 } as const;

export interface Keys {
  readonly kind: KeyKind;
  /** Numbers; the packet gets them in network order. The count of keys is a power of two. */
  readonly words: Uint32Array;
  /** XDP_DROP or XDP_PASS for a key. */
  readonly verdict: (key: number) => number;
}

/** Enough that a table's hot part is not all of it. */
export const keyCount = 2 ** 20;

export const countOf = ({ kind, words }: Keys): number => words.length / wordsOf[kind];

/** `count` keys picked at random from `list` (tuples of `words` words). */
export function draw(random: Random, list: Uint32Array, words: number, count: number = keyCount): Uint32Array {
  const keys = new Uint32Array(count * words);
  for (let i = 0; i < count; i++) {
    const at = random.below(list.length / words) * words;
    keys.set(list.subarray(at, at + words), i * words);
  }
  return keys;
}

/** Hits and misses in turn: no branch predictor has an easy time. */
export function mixed(hits: Keys, misses: Keys, random: Random): Keys {
  const words = wordsOf[hits.kind];
  const isHit = Uint8Array.from({ length: countOf(hits) }, () => random.below(2));
  const keys = misses.words.slice();
  isHit.forEach((hit, i) => {
    if (hit) keys.set(hits.words.subarray(i * words, (i + 1) * words), i * words);
  });
  return {
    kind: hits.kind,
    words: keys,
    verdict: (key) => (isHit[key] === 1 ? hits : misses).verdict(key),
  };
}
