/** Matches of a run that say nothing of what its rules differ in. */
import type { AddressRun } from '../model/address-run.js';
import type { Match } from '../model/match.js';

/** Those of which each packet meets at most one condition, and that ask for no address by other means. */
const plainMatches: ReadonlySet<Match['kind']> = new Set([
  'address',
  'family',
  'interface',
  'protocol',
  'port',
  'tcpFlags',
  'header',
  'icmp',
  'ttl',
  'tos',
  'mac',
  'mark',
  'packetType',
  'comment',
] as const);

export function isPlainMatch(match: Match, fields: AddressRun['fields']): boolean {
  if ((match.kind === 'address' || match.kind === 'port') && fields.some((field) => field === match.field))
    return false;
  if (match.kind === 'mac' && fields.includes('smac')) return false;
  return plainMatches.has(match.kind) && !(match.kind === 'port' && match.field === 'either');
}
