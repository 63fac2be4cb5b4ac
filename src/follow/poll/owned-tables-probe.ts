/**
 * Tables of running programs (flag owner, Linux 5.12): when the program ends the kernel takes them away and tells nobody
 * (`nft_rcv_nl_event`, Linux 6.18). Where the planned ruleset has some, it is looked whether they are still there.
 */
import type { FollowedRuleset, HostChange } from '../change.js';
import { Budget } from './budget.js';
import { capture } from './capture.js';
import type { Probe } from './poll-source.js';

/** A look that costs a second is taken every 20 seconds. */
const times = 20;

export class OwnedTablesProbe implements Probe {
  readonly name = 'tables of programs';
  readonly #budget = new Budget(times);
  /** `<family> <name>` */
  #tables = new Set<string>();

  constructor(private readonly pollSeconds: number) {}

  baseline = ({ tables }: FollowedRuleset): boolean => {
    const owned = tables.filter(({ managed }) => managed === 'owner');
    this.#tables = new Set(owned.map(({ family, name }) => `${family} ${name}`));
    return owned.length > 0;
  };

  look = async (isCurrent: () => boolean): Promise<readonly HostChange[] | null> => {
    if (!this.#budget.isFree(Date.now())) return null;
    const captured = await capture('nft', ['list', 'tables']);
    if (captured.kind === 'failed') throw new Error(captured.why);
    if (!isCurrent()) return null;
    this.#budget.charge(captured.cpu, captured.began);
    const there = new Set(Array.from(captured.text.matchAll(/^table (\S+ \S+)/gm), ([, table]) => table!));
    const gone = [...this.#tables].filter((table) => !there.has(table));
    for (const table of gone) this.#tables.delete(table);
    return gone.map((table) => ({ kind: 'rules', addsDropsOnly: false, what: `table ${table} went with its program` }));
  };

  delay = (): number => this.#budget.delay(this.pollSeconds);
}
