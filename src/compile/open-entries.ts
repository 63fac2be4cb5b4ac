/** Entries with an end that cover the position where a sweep stands. */
import { maxExpiries } from './abi.js';

/** More of them at one place are not looked at, which is as if they had expired. */
const maxOpen = 1024;

export interface Stage {
  /** Second since the epoch. */
  readonly end: number;
  readonly entries: readonly number[];
}

export class OpenEntries {
  readonly #open = new Set<number>();

  constructor(private readonly expires: Uint32Array) {}

  start(entry: number): void {
    this.#open.add(entry);
  }

  end(entry: number): void {
    this.#open.delete(entry);
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /**
   * The entries by their ends, soonest first. Of more ends than the program follows, the latest and the soonest stay; whoever ends
   * between those goes with the last of the soonest, too early.
   */
  stages(): Stage[] {
    const byEnd = new Map<number, number[]>();
    let looked = 0;
    for (const entry of this.#open) {
      if (looked++ === maxOpen) break;
      const end = this.expires[entry]!;
      const entries = byEnd.get(end);
      if (entries === undefined) byEnd.set(end, [entry]);
      else entries.push(entry);
    }
    const all = [...byEnd].sort(([a], [b]) => a - b).map(([end, entries]): Stage => ({ end, entries }));
    if (all.length <= maxExpiries) return all;
    const [kept, last] = [all.slice(0, maxExpiries - 1), all[all.length - 1]!];
    const early = all.slice(maxExpiries - 2, -1).flatMap(({ entries }) => entries);
    return [...kept.slice(0, -1), { end: kept[kept.length - 1]!.end, entries: early }, last];
  }
}
