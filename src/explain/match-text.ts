/** What a match asks about, in a few words: which one failed. */
import type { Match } from '../model/match.js';

const side = (field: 'saddr' | 'daddr'): string => (field === 'saddr' ? 'source address' : 'destination address');
const ports = { sport: 'source port', dport: 'destination port', either: 'ports' } as const;

type Namer<K extends Match['kind']> = (match: Extract<Match, { kind: K }>) => string;

const namers = {
  address: ({ field }) => side(field),
  family: ({ family }) => `family IPv${family}`,
  set: ({ name, dimensions }) => `set ${name} (${dimensions.join(',')})`,
  interface: ({ direction, name, wildcard }) =>
    `${direction === 'in' ? 'incoming' : 'outgoing'} device ${name}${wildcard ? '*' : ''}`,
  protocol: () => 'protocol',
  port: ({ field }) => ports[field],
  tcpFlags: () => 'TCP flags',
  header: () => 'whole header of the protocol',
  icmp: () => 'ICMP type',
  ttl: () => 'TTL',
  tos: () => 'TOS',
  length: () => 'length',
  mac: () => 'source MAC',
  addressType: ({ field }) => `type of the ${side(field)}`,
  reversePath: ({ sameDevice }) => (sameDevice ? 'route back to the source' : 'route to the source'),
  packetType: () => 'packet type',
  fragment: () => 'fragments',
  ctState: ({ states }) => `connection state ${states.join(',').toLowerCase()}`,
  mark: () => 'packet mark',
  comment: () => 'comment',
  unknown: ({ name, text }) => (text === '' ? name : text),
} satisfies { [K in Match['kind']]: Namer<K> };

export function matchText(match: Match): string {
  // The table is complete by `satisfies`; TypeScript cannot see that key and argument belong together.
  const name = (namers[match.kind] as (match: Match) => string)(match);
  return 'negate' in match && match.negate ? `${name} (negated)` : name;
}
