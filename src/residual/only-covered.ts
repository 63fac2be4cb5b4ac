/** Rules that need not be held for other devices. */
import type { Match } from '../model/match.js';
import type { Rule } from '../model/ruleset.js';

/** Packets of other devices cannot match it, so it need not be held for them. Of an nft rule: this way through it. */
export function onlyCovered(rule: Rule, devices: readonly string[]): boolean {
  const covers = (match: Match): boolean =>
    match.kind === 'interface' &&
    match.direction === 'in' &&
    !match.negate &&
    !match.wildcard &&
    devices.includes(match.name);
  return rule.parts.some((part) => 'match' in part && covers(part.match));
}
