/** Who sends most of what is dropped, judged by a sample of the last seconds. */
import { HeavyHitters } from '../replay/heavy-hitters.js';
import { type SourceKey, sourceOf, sourceText } from '../replay/source-key.js';
import type { TappedSample } from './tap.js';

export interface TopSource {
  readonly source: string;
  /** Samples that are its. */
  readonly samples: number;
  /** Of what was dropped; 0 to 1. */
  readonly share: number;
}

export interface TopSources {
  /** Seconds that the sample is of. */
  readonly seconds: number;
  readonly samples: number;
  readonly sources: readonly TopSource[];
}

interface Seen {
  readonly at: number;
  readonly key: SourceKey;
  readonly weight: number;
}

/**
 * Times at which a sample stood for many more packets than usual say little (hardly any was taken), and one of their samples would outweigh
 * all others. Which times these are does not depend on who sent what, so leaving them out favours nobody.
 */
const mostWeight = 4;

/** Samples that are remembered: more come in a window only at a rate that nobody asks for. */
const most = 100_000;

export class RecentSources {
  #seen: Seen[] = [];
  readonly #since: number;

  /** `window`: seconds that are looked back; `now`: in milliseconds, as of all that follow. */
  constructor(
    private readonly window: number,
    now: number,
  ) {
    this.#since = now;
  }

  add(samples: readonly TappedSample[], now: number): void {
    for (const { frame, weight } of samples) {
      const key = sourceOf(frame);
      if (key !== null) this.#seen.push({ at: now, key, weight });
    }
    if (this.#seen.length > most) this.#seen = this.#seen.slice(-most);
  }

  top(n: number, now: number): TopSources {
    const from = Math.max(this.#since, now - this.window * 1000);
    this.#seen = this.#seen.filter(({ at }) => at >= from);
    const usual =
      mostWeight * (this.#seen.map(({ weight }) => weight).sort((a, b) => a - b)[this.#seen.length >> 1] ?? 0);
    const telling = this.#seen.filter(({ weight }) => weight <= usual);
    const samples = new Map<SourceKey, number>();
    const weights = new HeavyHitters<SourceKey>(Math.max(2048, n));
    let total = 0;
    for (const { key, weight } of telling) {
      samples.set(key, (samples.get(key) ?? 0) + 1);
      weights.add(key, weight);
      total += weight;
    }
    return {
      seconds: (now - from) / 1000,
      samples: telling.length,
      sources: weights
        .top(n)
        .map(([key, weight]) => ({ source: sourceText(key), samples: samples.get(key) ?? 0, share: weight / total })),
    };
  }
}
