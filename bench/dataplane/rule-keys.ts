/** Packets for a rule set: such that a rule matches, and such that none does. */
import { Random } from '../../test/compile/random.js';
import { verdicts, type Keys } from './keys.js';
import { FirstMatch, packetOf, type FilterRule, type FiveTuple } from './rule-set.js';

/** Fewer than for addresses: each is tried against every rule. */
const tupleCount = 2 ** 16;

function wordsOfTuple({ saddr, daddr, sport, dport, protocol }: FiveTuple): readonly number[] {
  return [saddr, daddr, ((sport << 16) | dport) >>> 0, (protocol << 24) >>> 0];
}

function keysOf(packets: readonly FiveTuple[], rules: FirstMatch): Keys {
  return {
    kind: 'tuple4',
    words: Uint32Array.from(packets.flatMap(wordsOfTuple)),
    verdict: (key) => (rules.decide(packets[key]!) === 'drop' ? verdicts.drop : verdicts.pass),
  };
}

/** Packets of rules picked at random: as likely of a late one as of an early one. */
export function ruleHits(rules: readonly FilterRule[]): Keys {
  const random = new Random(rules.length);
  return keysOf(
    Array.from({ length: tupleCount }, () => packetOf(random, random.pick(rules))),
    new FirstMatch(rules),
  );
}

/** Addresses of one rule with those of another, and any ports: near to what the rules name, which is the harder miss. */
export function ruleMisses(rules: readonly FilterRule[]): Keys {
  const random = new Random(rules.length + 1);
  const first = new FirstMatch(rules);
  const packets: FiveTuple[] = [];
  while (packets.length < tupleCount) {
    const [a, b] = [packetOf(random, random.pick(rules)), packetOf(random, random.pick(rules))];
    const sport = random.chance(0.5) ? a.sport : random.between(1024, 65535);
    const packet = { ...a, daddr: b.daddr, sport, dport: random.chance(0.5) ? b.dport : random.below(65536) };
    if (first.decide(packet) === null) packets.push(packet);
  }
  return keysOf(packets, first);
}
