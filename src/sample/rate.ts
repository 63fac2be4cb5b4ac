/** How many of the dropped packets are taken: each has the same chance, which follows the traffic where a number per second is wanted. */

export type Rate =
  | { readonly kind: 'per-second'; readonly packets: number }
  /** 1: all of them. */
  | { readonly kind: 'one-in'; readonly n: number };

/** What programs are told: the chance of each packet in 2^-32 (2^32 - 1: all are taken), and how many may be taken until told again. */
export interface Pace {
  readonly chance: number;
  readonly left: number;
}

export const everyPacket = 2 ** 32 - 1;
const unlimited = 2 ** 31 - 1;
/** Seconds' worth that may be taken at once: little, for packets in a row are often of one sender. */
const burst = 0.2;
/** Of each packet, until it is known how many there are. */
const firstChance = 2 ** 24;

/** How many dropped packets a taken one stands for. */
export const weightOf = (chance: number): number => (chance === everyPacket ? 1 : 2 ** 32 / Math.max(1, chance));

/** Paces one listener: told every so often how many were taken, it says how to go on. */
export class Pacer {
  #chance: number;
  /** Packets that may be taken, with fractions. */
  #allowance: number;
  #given = 0;

  constructor(private readonly rate: Rate) {
    if (rate.kind === 'one-in') this.#chance = rate.n === 1 ? everyPacket : Math.max(1, Math.round(2 ** 32 / rate.n));
    else this.#chance = firstChance;
    this.#allowance = this.#most();
  }

  first(): Pace {
    return this.#pace();
  }

  /** @param left What is left of what was said last; below zero where several CPUs met the end at once. */
  next(left: number, seconds: number): Pace {
    if (this.rate.kind === 'one-in') return this.#pace();
    const { packets } = this.rate;
    const taken = this.#given - Math.max(0, left);
    // What is taken is to be spread over time: if all of it was, fewer packets; if hardly any, more.
    if (this.#given > 0 && left <= 0) this.#chance = Math.max(1, Math.floor(this.#chance / 8));
    else if (taken < (packets * seconds) / 2)
      this.#chance = Math.min(everyPacket, this.#chance * (taken === 0 ? 8 : 2));
    this.#allowance = Math.min(this.#allowance - taken + packets * seconds, this.#most());
    return this.#pace();
  }

  #most(): number {
    return this.rate.kind === 'one-in' ? unlimited : Math.max(1, this.rate.packets * burst);
  }

  #pace(): Pace {
    this.#given = this.rate.kind === 'one-in' ? unlimited : Math.max(0, Math.floor(this.#allowance));
    return { chance: this.#chance, left: this.#given };
  }
}
