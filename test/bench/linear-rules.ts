/** Rules of the benchmark decided in words of the text: each prefix as a string of bits. */
import { packetOf, type FilterRule, type FiveTuple, type Prefix } from '../../bench/dataplane/rule-set.js';
import { Random } from '../compile/random.js';

const bits = (address: number): string => address.toString(2).padStart(32, '0');
const within = (address: number, { address: network, length }: Prefix): boolean =>
  bits(address).startsWith(bits(network).slice(0, length));

export function decideLinearly(rules: readonly FilterRule[], packet: FiveTuple): 'drop' | 'accept' | null {
  const rule = rules.find(
    ({ source, destination, sport, dport, protocol }) =>
      within(packet.saddr, source) &&
      within(packet.daddr, destination) &&
      [0, packet.protocol].includes(protocol) &&
      packet.sport >= sport[0] &&
      packet.sport <= sport[1] &&
      packet.dport >= dport[0] &&
      packet.dport <= dport[1],
  );
  return rule === undefined ? null : rule.drops ? 'drop' : 'accept';
}

/** Of the rules, and beside them. */
export function packetsOf(rules: readonly FilterRule[]): FiveTuple[] {
  const random = new Random(1);
  return Array.from({ length: 2000 }, (_, i) => {
    const packet = packetOf(random, random.pick(rules));
    return i % 2 === 0 ? packet : { ...packet, daddr: random.word(), dport: random.below(65536) };
  });
}
