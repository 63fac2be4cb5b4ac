/**
 * Does the loaded program do what the plan's steps say? A second comparison beside the oracle's: it also sees what soundness cannot, a table
 * that drops too little of a rule that stays, or counts with the wrong rule.
 */
import { chosenFrames, frameAt, type FrameBatch } from '../oracle/frame-batch.js';
import type { Prefilter } from '../plan/program.js';
import { createSimulation, type Decision, type SimulatedDevice, type Simulation } from '../simulate/simulation.js';
import type { Coverage } from './coverage.js';
import { XDP_DROP, XDP_PASS } from './verify.js';

export interface UnfaithfulFrame {
  readonly frame: Uint8Array;
  /** What it was built for. */
  readonly origin: string;
  readonly verdict: number;
  readonly expected: 'drop' | 'pass';
}

export interface Miscount {
  readonly counter: number;
  /** Packets. */
  readonly counted: number;
  readonly expected: number;
}

const keptFrames = 100;

/** The data plane's clock is as of the last tick, and its ends are rounded down: elements may cease this much earlier, seconds. */
const clockSlack = 1;

const hasExpiring = ({ ip, ip6 }: Prefilter): boolean =>
  [ip, ip6].some(({ atoms }) => atoms.some(({ expires }) => expires?.some((end) => end > 0)));

const agrees = (decision: Decision, verdict: number): boolean => {
  switch (decision.verdict) {
    case 'drop':
      return verdict === XDP_DROP;
    case 'pass':
      return verdict === XDP_PASS;
    // Conntrack of the host may know the packet.
    case 'ask':
      return verdict === XDP_DROP || verdict === XDP_PASS;
  }
};

/** XDP verdicts of frames. */
type RunFrames = (frames: FrameBatch) => Promise<Uint8Array>;

/** Tosses that are the same each time (xorshift). */
function coin(): () => boolean {
  let state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state < 0;
  };
}

export class FidelityCheck {
  readonly #expected: Float64Array;
  /** Counters of frames that two elements may have counted, one of them about to expire. */
  readonly #uncertain = new Set<number>();
  readonly #simulation: Simulation;
  readonly #timed: boolean;
  #second = 0;
  readonly #coin = coin();
  readonly frames: UnfaithfulFrame[] = [];
  /** How many there are; `frames` holds the first hundred. */
  unfaithful = 0;

  /** @param coverage Is told what the frames reach. */
  constructor(
    prefilter: Prefilter,
    device: SimulatedDevice,
    private readonly coverage: Coverage | null = null,
  ) {
    this.#simulation = createSimulation(prefilter, device, () => this.#second);
    this.#timed = hasExpiring(prefilter);
    this.#expected = new Float64Array(Math.max(1, prefilter.counters));
  }

  /**
   * Runs the frames, some of them several times: else lines with as many frames each would count alike, and counters that are exchanged would
   * not be told apart. Resolves to the verdicts of the first time.
   */
  async run(batch: FrameBatch, run: RunFrames): Promise<Uint8Array> {
    const began = Date.now();
    const verdicts = await run(batch);
    const dropped = Array.from(verdicts, (verdict) => Number(verdict === XDP_DROP));
    let again = batch.origins.map((_, i) => i);
    while (again.length > 0) {
      again = again.filter(this.#coin);
      const repeated = await run(chosenFrames(batch, again));
      again.forEach((frame, i) => (dropped[frame]! += Number(repeated[i] === XDP_DROP)));
    }
    this.#add(batch, verdicts, dropped, [began / 1000, Date.now() / 1000 + clockSlack]);
    return verdicts;
  }

  /** Counters whose packets between two readings are not what the frames added since then should have made of them. */
  miscounts(before: Float64Array, after: Float64Array): Miscount[] {
    return Array.from(this.#expected, (expected, counter) => {
      return { counter, expected, counted: (after[counter] ?? 0) - (before[counter] ?? 0) };
    }).filter(({ counter, counted, expected }) => counted !== expected && !this.#uncertain.has(counter));
  }

  /** `dropped`: how often, of each frame. */
  #add(batch: FrameBatch, verdicts: Uint8Array, dropped: readonly number[], [began, ended]: [number, number]): void {
    batch.origins.forEach((origin, i) => {
      const frame = frameAt(batch, i);
      const verdict = verdicts[i] ?? 0;
      const before = this.#decide(frame, began);
      const after = this.#timed ? this.#decide(frame, ended) : before;
      this.#cover(frame, before);
      if (!agrees(before, verdict) && !agrees(after, verdict)) {
        this.unfaithful++;
        const expected = before.verdict === 'pass' ? 'pass' : 'drop';
        if (this.frames.length < keptFrames) this.frames.push({ frame: frame.slice(), origin, verdict, expected });
      } else if (dropped[i]! > 0) this.#count(before, after, dropped[i]!);
    });
  }

  #decide(frame: Uint8Array, second: number): Decision {
    this.#second = second;
    return this.#simulation.decide(frame);
  }

  #count(before: Decision, after: Decision, packets: number): void {
    const counters = [before, after].flatMap((each) => (each.verdict === 'pass' ? [] : [each.counter]));
    if (counters[0] !== counters[1] && counters.length > 1) for (const each of counters) this.#uncertain.add(each);
    this.#expected[counters[0]!]! += packets;
  }

  #cover(frame: Uint8Array, decision: Decision): void {
    if (this.coverage === null) return;
    const fields = this.#simulation.parse(frame);
    if (typeof fields !== 'string') this.coverage.add(fields, decision.step);
  }
}
