/**
 * What an unwanted packet from the internet looks like: whole, well-formed, to an address of the host, from a random source or from one that
 * the ruleset names; scans of popular ports, UDP noise, pings.
 */
import { dumpsOf, type FirewallCase } from './firewall-case.js';
import { ipv4, ipv6, stamp, type Segment } from './frame.js';
import type { Datagram } from './pool.js';
import { createRandom, type Random } from './random.js';
import { icmp, tcp, udp } from './segment.js';
import { wordsOf, type Words } from './words.js';

const scanned = [
  22, 23, 25, 53, 80, 123, 135, 139, 443, 445, 1433, 1900, 3306, 3389, 5060, 5432, 6379, 8080, 8443, 11211,
];

function segment(random: Random, words: Words, version: 4 | 6, index: number): Segment {
  const dport = random.chance(0.4)
    ? random.pick(words.ports)
    : random.chance(0.7)
      ? random.pick(scanned)
      : 1 + random.below(65535);
  const sport = 1024 + random.below(64512);
  const kind = random.below(20);
  if (kind < 13) {
    // Scans mostly; now and then the answer to a packet with a forged source, or a stray segment.
    const flags = random.pick([2, 2, 2, 2, 2, 2, 2, 2, 18, 20, 4, 16]);
    return tcp({ sport, dport, flags, sequence: index * 256, acknowledgement: flags === 2 ? 0 : index * 256 });
  }
  if (kind < 19)
    return udp(random.chance(0.2) ? random.pick([53, 123, 389, 1900, 11211]) : sport, dport, 8 + random.below(400));
  return icmp(version, version === 4 ? 8 : 128, 0, 56);
}

/** Anywhere in unicast space but here and the private and documentation blocks that the bed routes on. */
const randomSource = (random: Random): string =>
  `${random.pick([1, 5, 23, 45, 61, 77, 91, 103, 141, 155, 178, 185, 198, 203, 218])}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`;
const randomSource6 = (random: Random): string =>
  `2${random.pick(['400', '600', '803', 'a00', 'a02', '001'])}:${random.below(65536).toString(16)}:${random.below(65536).toString(16)}::${(1 + random.below(65535)).toString(16)}`;

const isUnicast4 = (address: string): boolean => {
  const [first = 0] = address.split('.').map(Number);
  return first > 0 && first < 224 && first !== 127 && address !== '192.0.2.1' && address !== '198.51.100.1';
};
const isUnicast6 = (address: string): boolean => /^2/.test(address) && !/:0:0:0:1$/.test(address);

export function trafficDatagrams(firewall: FirewallCase, count: number, seed: number): Datagram[] {
  const random = createRandom(seed);
  const text = dumpsOf(firewall)
    .map((dump) => dump.text)
    .join('\n');
  const words = wordsOf(text, random);
  const listed4 = words.ip.sources.filter(isUnicast4);
  const listed6 = words.ip6.sources.filter(isUnicast6);
  const share6 = words.hasIpv6 ? (words.hasIpv4 ? 0.2 : 1) : 0;
  return Array.from({ length: count }, (_, at): Datagram => {
    const version = random.chance(share6) ? 6 : 4;
    const index = at + 1;
    const body = segment(random, words, version, index);
    const frame =
      version === 4
        ? ipv4({ saddr: random.chance(0.5) ? random.pick(listed4) : randomSource(random), daddr: '192.0.2.1' }, body)
        : ipv6(
            { saddr: random.chance(0.5) ? random.pick(listed6) : randomSource6(random), daddr: '2001:db8:1::1' },
            body,
          );
    stamp(frame, index);
    return { index, version, shape: 'traffic', frames: [frame] };
  });
}
