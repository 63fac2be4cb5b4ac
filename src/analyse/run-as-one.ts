/**
 * When a run of rules is walked as one rule about all their addresses. Drops alone are: side by side they are the drop of what any of them
 * drops, whatever the order. It must also be all the same which of them is asked, so nothing else about the addresses may be known or asked
 * where they stand, and nothing may wait that depends on one of them. Else the rules are walked one by one.
 */
import type { AddressRun } from '../model/address-run.js';
import { wordsPerAddress } from '../model/address.js';
import type { Match } from '../model/match.js';
import type { Arrival } from './arrival.js';
import type { Conj } from './logic.js';
import { mostDeferred, type Walk } from './walk.js';

/** Notes which way the run is taken. */
export function isTakenAsOne({ runs }: Walk, run: AddressRun, possible: boolean): boolean {
  const asOne = possible && !runs.split.has(run);
  (asOne ? runs.asOne : runs.ruleByRule).add(run);
  return asOne;
}

export const takenBothWays = ({ runs: { asOne, ruleByRule } }: Walk): AddressRun[] =>
  [...asOne].filter((run) => ruleByRule.has(run));

/** Those of which each packet meets at most one condition, and that ask for no address by other means. */
const plainMatches: ReadonlySet<Match['kind']> = new Set([
  'address',
  'interface',
  'protocol',
  'port',
  'header',
  'icmp',
  'ttl',
  'tos',
  'mac',
  'packetType',
  'comment',
] as const);

export function actsAsOne(walk: Walk, run: AddressRun, { may, must, ofAll, relies }: Arrival): boolean {
  if (run.negated || ofAll || relies || may.length !== 1 || (must && must.length !== 1)) return false;
  const asksElsewhere = (conj: Conj): boolean => conj.some(({ set }) => set.field === run.field);
  if (may.some(asksElsewhere) || must?.some(asksElsewhere)) return false;
  if (walk.deferred.length > mostDeferred || walk.deferred.some(({ outcome }) => outcome.kind === 'drop')) return false;
  return isPlainDrop(run) && differs(run);
}

function isPlainDrop({ first, field }: AddressRun): boolean {
  let addresses = 0;
  return first.parts.every((part, i) => {
    if ('statement' in part) return part.statement.kind === 'drop' && i === first.parts.length - 1;
    const { match } = part;
    if (match.kind === 'address' && match.field === field) return ++addresses === 1;
    return plainMatches.has(match.kind) && !(match.kind === 'port' && match.field === 'either');
  });
}

/** Rules that are all the same may become one step with others that differ from them elsewhere. */
function differs({ ranges: { family, count, lo, hi } }: AddressRun): boolean {
  const words = wordsPerAddress(family);
  for (let i = words; i < count * words; i++) if (lo[i] !== lo[i % words] || hi[i] !== hi[i % words]) return true;
  return false;
}
