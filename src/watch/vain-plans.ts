/** Plans in a row that are overtaken by what changes while they are made: what is said of them. */
import { duration } from './duration.js';
import type { WatchLog } from './filter.js';

/** After which somebody should look at what does it. */
const many = 10;

export class VainPlans {
  #row = 0;
  /** Milliseconds that the last plan took which was attached. */
  #took = 0;

  add(cause: string, { note, warn }: WatchLog): void {
    this.#row++;
    if (this.#row === 1)
      note(`${cause}, while a plan was made: it is begun anew, and everything passes until it is done`);
    if (this.#row === many)
      warn(
        `${cause}, and so it was while each of ${many} plans was made: everything passes until rules stand still for as long as a plan takes, ` +
          `some ${duration(this.#took)}. \`nft monitor\` shows what rewrites them; elements of sets can change as often as they like`,
      );
  }

  /** One was attached, and took so long. What there is to say of those before it. */
  done(took: number): string {
    const before = this.#row;
    [this.#row, this.#took] = [0, took];
    return before === 0 ? '' : `, after ${before === 1 ? 'a plan' : `${before} plans`} in vain`;
  }
}
