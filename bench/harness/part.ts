/** One part of the benchmark. It runs in a process of its own, whose mounts and network nobody else sees. */
import type { Measurement } from './result.js';

export interface Context {
  /** Counted rounds. */
  readonly rounds: number;
  /** Small sizes and short samples: the way is tried, the figures are not for telling. */
  readonly quick: boolean;
  /** Measure what this matches, by its name: `subject, scenario, size`. */
  readonly only: RegExp;
  /** Pins of foreign XDP programs. */
  readonly against: readonly string[];
  /** Seconds after which no further round begins; a part that has several interleaved blocks shares it out. */
  readonly seconds: number;
  readonly tell: (text: string) => void;
  /** Says in the result what was left out, and why. */
  readonly remark: (text: string) => void;
}

export interface Outcome {
  readonly settings: Readonly<Record<string, number | string>>;
  readonly measurements: readonly Measurement[];
}

export interface Part {
  readonly title: string;
  /** Debian packages whose versions matter, and that are installed if only the benchmark needs them. */
  readonly packages: readonly string[];
  /** Seconds of measuring by default, without loading. */
  readonly seconds: number;
  readonly run: (context: Context) => Promise<Outcome>;
}
