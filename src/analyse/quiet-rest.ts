/**
 * Rules behind which a chain does nothing but drop. Whether a packet leaves such a chain early need not be known: if it does not, it is
 * dropped there or comes to the same place. So to go on at that place is right either way (`-m rpfilter -j RETURN`, then `-j DROP`).
 */
import type { AddressRun } from '../model/address-run.js';
import type { Chain, Rule } from '../model/ruleset.js';
import { isRun, segmentsOf } from '../model/segments.js';
import type { WalkedRule } from './walk.js';

/** Rules by themselves, and runs of which each rule is meant. */
export type RulesAndRuns = ReadonlySet<WalkedRule | AddressRun>;

export interface QuietRest {
  /** Behind these a packet is dropped or comes to the chain's end. */
  readonly toEnd: RulesAndRuns;
  /** The same where an accept counts as the end, as in a base chain. */
  readonly toAccept: RulesAndRuns;
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
function before(chain: Chain, quiet: (rule: Rule) => boolean): RulesAndRuns {
  const found = new Set<WalkedRule | AddressRun>();
  for (const segment of segmentsOf(chain).toReversed()) {
    const rule = isRun(segment) ? segment.first : segment;
    const isQuiet = quiet(rule);
    found.add(isRun(segment) && !isQuiet ? segment.ruleAt(segment.count - 1) : segment);
    if (!isQuiet) break;
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
