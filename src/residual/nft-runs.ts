/** Rules that leave an nft ruleset, in runs that become one jump each, and what to call the chains that hold them. */
import type { Cut } from '../model/nft-text.js';
import type { Chain, Rule, Table } from '../model/ruleset.js';
import { chainNamer } from './chain-name.js';
import type { ResidualOptions } from './iptables.js';
import { onlyCovered } from './only-covered.js';

type Removable = Exclude<Cut, { readonly kind: 'kept' }>;

/** How `C` one rule of a run can be taken out. */
export interface RunRule<C extends Removable> {
  readonly rule: Rule;
  readonly cut: C;
  /** Packets of other devices can match it. */
  readonly held: boolean;
}

/** Rules that stand one after the other in a chain, written in one way: all in one block, or all by one verb. */
export interface Run<C extends Removable = Removable> {
  readonly table: Table;
  readonly chain: string;
  /** Of the chain that holds them for other devices; null: none is needed. */
  readonly name: string | null;
  readonly rules: readonly RunRule<C>[];
}

/** nft takes 127 bytes (NFT_NAME_MAXLEN, Linux 4.14); names are ASCII. */
const style = { prefix: 'offload_', longest: 120 };

export function runsOf(table: Table, options: ResidualOptions): Run[] {
  const freshName = chainNamer(table.chains.keys(), style);
  return [...table.chains.values()].flatMap((chain) =>
    rulesInRuns(chain, options.full.of(table, chain), options.devices).map((rules): Run => {
      const name = rules.some(({ held }) => held) ? freshName(chain.name) : null;
      return { table, chain: chain.name, name, rules };
    }),
  );
}

function rulesInRuns(chain: Chain, full: ReadonlySet<number>, devices: readonly string[]): RunRule<Removable>[][] {
  const runs: RunRule<Removable>[][] = [];
  let run: RunRule<Removable>[] | null = null;
  let before: Rule | undefined;
  // Held if one way through it is for others: `iifname { "eth0", "wg0" }` is two.
  const others = new Set(chain.rules.filter((rule) => !onlyCovered(rule, devices)).map(({ id }) => id));
  for (const rule of chain.rules) {
    const isOtherWay = before?.id === rule.id;
    before = rule;
    if (isOtherWay) continue;
    const { cut } = rule;
    if (!cut || cut.kind === 'kept' || !full.has(rule.number)) {
      run = null;
      continue;
    }
    const next = { rule, cut, held: others.has(rule.id) };
    const last = run?.[run.length - 1];
    if (run && last && areTogether(last.cut, cut)) run.push(next);
    else runs.push((run = [next]));
  }
  return runs;
}

function areTogether(a: Removable, b: Removable): boolean {
  if (a.kind === 'block') return b.kind === 'block' && a.home === b.home;
  return b.kind !== 'block' && a.kind === b.kind && a.verb === b.verb;
}

/**
 * The rule of a run of commands before which its chain is made and jumped to: the first to be carried out. Inserted rules stand in the
 * reverse order of their commands. No other rule gets between those of a run, so the jump lands at their place.
 */
export function firstHeld<C extends Removable>(
  rules: readonly RunRule<C>[],
  verb: 'add' | 'insert',
): RunRule<C> | undefined {
  return verb === 'add' ? rules.find(({ held }) => held) : rules.findLast(({ held }) => held);
}
