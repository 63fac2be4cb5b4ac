/** Rules that XDP decides for the covered devices. */
import type { Chain, Table } from '../model/ruleset.js';
import type { Plan } from '../plan/plan.js';

const none: ReadonlySet<number> = new Set();

/** By chain: a number is less than a rule's id. */
export class FullRules {
  readonly #numbers = new Map<string, Set<number>>();

  constructor(rules: Plan['rules']) {
    for (const { offload, family, table, chain, number } of rules)
      if (offload === 'full' && number !== null) this.#add(`${family} ${table} ${chain}`, number);
  }

  #add(chain: string, number: number): void {
    const numbers = this.#numbers.get(chain);
    if (numbers) numbers.add(number);
    else this.#numbers.set(chain, new Set([number]));
  }

  /** Their numbers. */
  of({ family, name: table }: Table, { name }: Chain): ReadonlySet<number> {
    return this.#numbers.get(`${family} ${table} ${name}`) ?? none;
  }
}
