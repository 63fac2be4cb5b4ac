/**
 * Jumps that no kernel would load: to a chain that is gone again, or around in a circle (xt_check_table_hooks refuses loops; of nft's chains
 * nft_table_validate, Linux 6.18, those that a base chain leads to).
 */
import type { Span } from '../diagnostic.js';
import type { Chain, Table } from './ruleset.js';
import { kindsOf } from './segments.js';

export interface BadJump {
  readonly code: 'unknown-chain' | 'syntax';
  readonly span: Span;
  readonly message: string;
}

interface Jump {
  readonly to: string;
  readonly span: Span;
}

export function checkJumps(table: Table): BadJump[] {
  const jumps = jumpsByChain(table);
  const bad: BadJump[] = [];
  for (const { to, span } of [...jumps.values()].flat()) {
    if (!jumps.has(to)) bad.push({ code: 'unknown-chain', span, message: `chain "${to}" is removed before COMMIT` });
  }
  return [...bad, ...circles(jumps, jumps.keys())];
}

/** Circles that packets would come to. */
export function checkLoops(table: Table): BadJump[] {
  const bases = [...table.chains.values()].filter(({ kind }) => kind === 'base');
  return circles(
    jumpsByChain(table),
    bases.map(({ name }) => name),
  );
}

const jumpsByChain = ({ chains }: Table): ReadonlyMap<string, readonly Jump[]> =>
  new Map([...chains.values()].map((chain) => [chain.name, jumpsOf(chain)]));

/** Each target once: a chain may jump to another from 100,000 rules. */
function jumpsOf(chain: Chain): Jump[] {
  const first = new Map<string, Jump>();
  for (const rule of kindsOf(chain)) {
    for (const part of rule.parts) {
      if (!('statement' in part)) continue;
      const { statement } = part;
      if (statement.kind !== 'jump' && statement.kind !== 'goto') continue;
      if (!first.has(statement.chain)) first.set(statement.chain, { to: statement.chain, span: part.span });
    }
  }
  return [...first.values()];
}

/** Depth-first without recursion: chains may be nested deeper than our own stack. */
function circles(jumps: ReadonlyMap<string, readonly Jump[]>, starts: Iterable<string>): BadJump[] {
  const bad: BadJump[] = [];
  const done = new Set<string>();
  for (const start of starts) {
    const path: { readonly name: string; next: number }[] = [{ name: start, next: 0 }];
    const onPath = new Set([start]);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const jump = done.has(top.name) ? undefined : jumps.get(top.name)?.[top.next++];
      if (!jump) {
        done.add(top.name);
        onPath.delete(top.name);
        path.pop();
      } else if (onPath.has(jump.to)) {
        const message = `chain "${jump.to}" leads back to itself here; the kernel refuses such rules`;
        bad.push({ code: 'syntax', span: jump.span, message });
      } else {
        path.push({ name: jump.to, next: 0 });
        onPath.add(jump.to);
      }
    }
  }
  return bad;
}
