/**
 * Rules behind which a chain does nothing but drop. Whether a packet leaves such a chain early need not be known: if it does not, it is
 * dropped there or comes to the same place. So to go on at that place is right either way (`-m rpfilter -j RETURN`, then `-j DROP`).
 */
import type { Chain, Rule } from '../model/ruleset.js';

export interface QuietRest {
  /** Behind these a packet is dropped or comes to the chain's end. */
  readonly toEnd: ReadonlySet<Rule>;
  /** The same where an accept counts as the end, as in a base chain. */
  readonly toAccept: ReadonlySet<Rule>;
}

const known = new WeakMap<Chain, QuietRest>();

export function quietRest(chain: Chain): QuietRest {
  const found = known.get(chain);
  if (found) return found;
  const made: QuietRest = {
    toEnd: before(chain, (rule) => isQuiet(rule, false)),
    toAccept: before(chain, (rule) => isQuiet(rule, true)),
  };
  known.set(chain, made);
  return made;
}

/** From the last rule up to the one before which the rest is not quiet any more. */
function before({ rules }: Chain, quiet: (rule: Rule) => boolean): ReadonlySet<Rule> {
  const found = new Set<Rule>();
  for (const rule of rules.toReversed()) {
    found.add(rule);
    if (!quiet(rule)) break;
  }
  return found;
}

/** It drops the packet, leaves the chain or does nothing, and asking its matches changes nothing. */
const isQuiet = ({ parts }: Rule, accepts: boolean): boolean =>
  parts.every((part) => {
    if ('match' in part) return part.match.kind !== 'unknown' || part.match.knowledge === 'pure';
    const { kind } = part.statement;
    return kind === 'drop' || kind === 'return' || (accepts && kind === 'accept');
  });
