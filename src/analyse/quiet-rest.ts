/**
 * Rules behind which a chain does nothing but drop. Whether a packet leaves such a chain early need not be known: if it does not, it is
 * dropped there or comes to the same place. So to go on at that place is right either way (`-m rpfilter -j RETURN`, then `-j DROP`).
 */
import type { Chain, Rule } from '../model/ruleset.js';
import { isRun, segmentsOf } from '../model/segments.js';
import type { WalkedRule } from './walk.js';

export interface QuietRest {
  /** Behind these a packet is dropped or comes to the chain's end. */
  readonly toEnd: ReadonlySet<WalkedRule>;
  /** The same where an accept counts as the end, as in a base chain. */
  readonly toAccept: ReadonlySet<WalkedRule>;
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

/** From the last rule up to the one before which the rest is not quiet any more; of a run of drops, about which nobody asks, none. */
function before(chain: Chain, quiet: (rule: Rule) => boolean): ReadonlySet<WalkedRule> {
  const found = new Set<WalkedRule>();
  for (const segment of segmentsOf(chain).toReversed()) {
    const rule = isRun(segment) ? segment.first : segment;
    const isQuiet = quiet(rule);
    if (!isRun(segment)) found.add(segment);
    else if (!isQuiet) found.add(segment.rules.at(-1)!);
    else if (!drops(rule)) for (const one of segment.rules) found.add(one);
    if (!isQuiet) break;
  }
  return found;
}

const drops = ({ parts }: Rule): boolean => parts.some((part) => 'statement' in part && part.statement.kind === 'drop');

/** It drops the packet, leaves the chain or does nothing, and asking its matches changes nothing. */
const isQuiet = ({ parts }: Rule, accepts: boolean): boolean =>
  parts.every((part) => {
    if ('match' in part) return part.match.kind !== 'unknown' || part.match.knowledge === 'pure';
    const { kind } = part.statement;
    return kind === 'drop' || kind === 'return' || (accepts && kind === 'accept');
  });
