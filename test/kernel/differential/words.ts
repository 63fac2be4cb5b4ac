/**
 * The numbers and addresses that a ruleset talks about, found by the look of its words (no parser: the frames must not depend on the
 * code under test), with their neighbours and with what every ruleset should meet.
 */
import type { Random } from './random.js';
import { senderMac } from './frame.js';

interface FamilyWords {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  /** Addresses of the target itself. */
  readonly own: readonly string[];
}

export interface Words {
  readonly hasIpv4: boolean;
  readonly hasIpv6: boolean;
  readonly ip: FamilyWords;
  readonly ip6: FamilyWords;
  readonly ports: readonly number[];
  readonly protocols: readonly number[];
  readonly icmpTypes: readonly number[];
  readonly tos: readonly number[];
  readonly ttls: readonly number[];
  readonly macs: readonly number[];
}

const number4 = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
const text4 = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) & 0xff).join('.');

/** Members, both bounds and one beyond of an IPv4 prefix. */
function around4(address: string, length: number, random: Random): string[] {
  const size = 2 ** (32 - length);
  const low = Math.floor(number4(address) / size) * size;
  const values = [low, low + size - 1, low - 1, low + size, low + random.below(size)];
  return values.filter((value) => value > 0 && value < 2 ** 32).map(text4);
}

function value6(text: string): bigint {
  const [head, tail] = text.split('::') as [string, string | undefined];
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return all.reduce((sum, word) => (sum << 16n) | BigInt(Number.parseInt(word, 16)), 0n);
}

const text6 = (value: bigint): string =>
  Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16)).join(':');

function around6(address: string, length: number, random: Random): string[] {
  const size = 1n << BigInt(128 - length);
  const low = (value6(address) / size) * size;
  const inside = low + (BigInt(random.below(2 ** 30)) * size) / (1n << 30n);
  const values = [low, low + size - 1n, low - 1n, low + size, inside];
  return values.filter((value) => value > 1n && value < 1n << 128n).map(text6);
}

/** At most `limit` of the items, spread over the list: rulesets with thousands of addresses need a sample. */
function sample<T>(from: readonly T[], limit: number, random: Random): T[] {
  return from.length <= limit ? [...from] : Array.from({ length: limit }, () => random.pick(from));
}

const services: Readonly<Record<string, number>> = {
  ssh: 22,
  smtp: 25,
  domain: 53,
  http: 80,
  https: 443,
  ntp: 123,
  telnet: 23,
};

function portsOf(text: string): number[] {
  const ports = new Set<number>([22, 53, 80, 443, 1024, 40000, 65535]);
  const add = (value: number): void => {
    for (const port of [value - 1, value, value, value + 1]) if (port >= 0 && port < 65536) ports.add(port);
  };
  for (const [, list = ''] of text.matchAll(/ports? (?:(?:!=|<=?|>=?) )?([^\s{]+)/g)) {
    for (const word of list.split(/[,:-]/)) add(services[word] ?? Number(word));
  }
  for (const [, low, high] of text.matchAll(/,(?:tcp:|udp:)?(\d+)(?:-(\d+))?\b/g))
    [low, high].filter(Boolean).forEach((word) => add(Number(word)));
  // nft: `dport { 22, 1000-2000 }`, elements of sets and maps, `192.0.2.1 . 80`.
  for (const [, low, high] of text.matchAll(/(?<=[{,.=:] )(\d+)(?:-(\d+))?(?=[ ,}\n])/g))
    [low, high].filter(Boolean).forEach((word) => add(Number(word)));
  for (const [, low, high] of text.matchAll(/^add \S+ (\d+)(?:-(\d+))?(?: |$)/gm))
    [low, high].filter(Boolean).forEach((word) => add(Number(word)));
  return [...ports].filter((port) => Number.isInteger(port));
}

function numbersAfter(text: string, option: RegExp, around: boolean): number[] {
  return [...text.matchAll(option)]
    .flatMap(([, word]) => {
      const value = Number(word);
      return Number.isInteger(value) ? (around ? [value - 1, value, value + 1] : [value]) : [];
    })
    .filter((value) => value >= 0 && value < 256);
}

export function wordsOf(text: string, random: Random): Words {
  const found4 = [...text.matchAll(/(?<![\d.])(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?(?![\d.])/g)];
  const found6 = [...text.matchAll(/(?<![\w:])([0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?:\/(\d+))?(?![\w:])/g)].filter(
    ([word, address = '']) => (address.includes('::') || address.split(':').length === 8 ? word.length > 2 : false),
  );
  const ip = sample(found4, 300, random).flatMap(([, address = '', length]) =>
    around4(address, Number(length ?? 32), random),
  );
  const ip6 = sample(found6, 300, random).flatMap(([, address = '', length]) =>
    around6(address, Number(length ?? 128), random),
  );
  const macs = [...text.matchAll(/\b([0-9a-f]{2}(?::[0-9a-f]{2}){5})\b/gi)].map(([, word = '']) =>
    Number.parseInt(word.replaceAll(':', ''), 16),
  );
  return {
    hasIpv4: found4.length > 0 || !/^:?\*?.*ip6/m.test(text),
    hasIpv6: found6.length > 0 || text.includes('icmpv6') || text.includes('ipv6-icmp'),
    ip: {
      sources: [
        '192.0.2.9',
        '203.0.113.77',
        '192.0.2.2',
        ...ip.filter((address) => Number(address.split('.')[0]) < 224),
      ],
      destinations: ['203.0.113.50', '198.51.100.20', '224.0.0.1', '255.255.255.255', ...ip],
      own: ['192.0.2.1', '192.0.2.1', '198.51.100.1', '192.0.2.255'],
    },
    ip6: {
      sources: ['2001:db8:1::9', '2001:db8:77::1', 'fe80::2', ...ip6.filter((address) => !address.startsWith('ff'))],
      destinations: ['2001:db8:2::20', '2001:db8:99::1', 'ff02::1', ...ip6],
      own: ['2001:db8:1::1', '2001:db8:1::1', '2001:db8:2::1'],
    },
    ports: portsOf(text),
    protocols: [0, 2, 47, 50, 51, 132, 33, 103, 255, ...numbersAfter(text, /-p (?:!\s*)?(\d+)/g, true)],
    icmpTypes: [
      0,
      3,
      5,
      8,
      8,
      11,
      13,
      128,
      128,
      129,
      1,
      3,
      130,
      133,
      135,
      136,
      ...numbersAfter(text, /icmp(?:v6)?-type (\d+)/g, true),
    ],
    tos: [
      0,
      4,
      8,
      0x10,
      0x28,
      0x2e << 2,
      0xfc,
      3,
      ...numbersAfter(text, /--dscp (0x[0-9a-f]+|\d+)/g, false).map((value) => (value << 2) & 0xff),
    ],
    ttls: [
      1,
      2,
      63,
      64,
      128,
      255,
      ...numbersAfter(text, /(?:--(?:ttl|hl)-\w+|(?:ttl|hoplimit)(?: [!=<>]+)?) (\d+)/g, true),
    ],
    macs: [...new Array<number>(6).fill(senderMac), ...macs],
  };
}
