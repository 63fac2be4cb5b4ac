/** Rules that leave an nft ruleset, in runs that become one jump each, and what to call the chains that hold them. */
import type { Cut } from '../model/nft-text.js';
import type { AddressRun } from '../model/address-run.js';
import type { Chain, Table } from '../model/ruleset.js';
import { isRun, segmentsOf, standingIn } from '../model/segments.js';
import { chainNamer } from './chain-name.js';
import type { ResidualOptions } from './iptables.js';
import { onlyCovered } from './only-covered.js';

type Removable = Exclude<Cut, { readonly kind: 'kept' }>;

/** How `C` one rule of a run can be taken out. */
export interface RunRule<C extends Removable> {
  /** As written. */
  readonly text: string;
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
  let before: number | null = null;
  const held = heldIn(chain, devices);
  for (const { segment, at } of standingIn(chain)) {
    const number = isRun(segment) ? segment.number(at) : segment.number;
    const isOtherWay = before === number;
    before = number;
    if (isOtherWay) continue;
    const cut = isRun(segment) ? segment.cut(at) : segment.cut;
    if (!cut || cut.kind === 'kept' || !full.has(number)) {
      run = null;
      continue;
    }
    const text = isRun(segment) ? segment.text(at) : segment.text;
    const next = { text, cut, held: held.has(isRun(segment) ? segment : number) };
    const last = run?.[run.length - 1];
    if (run && last && areTogether(last.cut, cut)) run.push(next);
    else runs.push((run = [next]));
  }
  return runs;
}

/** Runs, and numbers of rules, that are held: if one way through a rule is for others (`iifname { "eth0", "wg0" }` is two). */
function heldIn(chain: Chain, devices: readonly string[]): ReadonlySet<AddressRun | number> {
  const held = new Set<AddressRun | number>();
  for (const segment of segmentsOf(chain))
    if (!onlyCovered(isRun(segment) ? segment.first : segment, devices))
      held.add(isRun(segment) ? segment : segment.number);
  return held;
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
