/**
 * Rule sets in the style of ClassBench (Taylor and Turner, IEEE/ACM Transactions on Networking 15:3, 2007): access lists, firewalls and IP
 * chains differ in how long their prefixes are, how much these nest, and which ports they name. ClassBench's seed files are not used: the
 * shares below are rounded from what the paper reports, and written down here, so that anyone can judge and change them.
 */
import { Random } from '../../test/compile/random.js';

export const ruleSetKinds = ['acl', 'fw', 'ipc'] as const;
export type RuleSetKind = (typeof ruleSetKinds)[number];

export interface FiveTuple {
  readonly saddr: number;
  readonly daddr: number;
  readonly sport: number;
  readonly dport: number;
  readonly protocol: number;
}

export interface FilterRule {
  readonly source: Prefix;
  readonly destination: Prefix;
  readonly sport: PortRange;
  readonly dport: PortRange;
  /** 0: any. */
  readonly protocol: 0 | 6 | 17;
  readonly drops: boolean;
}

export interface Prefix {
  readonly address: number;
  readonly length: number;
}
export type PortRange = readonly [number, number];

/** Shares, not yet of one. */
type Shares<T> = readonly (readonly [T, number])[];
type PortClass = 'any' | 'low' | 'high' | 'range' | 'exact';

interface Style {
  /** Prefix lengths, from and to. */
  readonly source: Shares<readonly [number, number]>;
  readonly destination: Shares<readonly [number, number]>;
  readonly sport: Shares<PortClass>;
  readonly dport: Shares<PortClass>;
  readonly protocol: Shares<0 | 6 | 17>;
  /** Share of prefixes that are one already seen, or lie in one. */
  readonly nested: number;
}

const styles: Readonly<Record<RuleSetKind, Style>> = {
  acl: {
    source: [[[0, 0], 5], [[16, 24], 35], [[25, 31], 20], [[32, 32], 40]],
    destination: [[[16, 23], 15], [[24, 31], 30], [[32, 32], 55]],
    sport: [['any', 97], ['high', 3]],
    dport: [['any', 20], ['exact', 65], ['range', 10], ['high', 5]],
    protocol: [[6, 75], [17, 15], [0, 10]],
    nested: 0.7,
  },
  fw: {
    source: [[[0, 0], 30], [[8, 16], 15], [[17, 28], 30], [[32, 32], 25]],
    destination: [[[0, 0], 10], [[16, 24], 25], [[25, 31], 20], [[32, 32], 45]],
    sport: [['any', 70], ['exact', 12], ['high', 12], ['range', 6]],
    dport: [['any', 30], ['exact', 45], ['range', 10], ['high', 10], ['low', 5]],
    protocol: [[6, 60], [17, 30], [0, 10]],
    nested: 0.4,
  },
  ipc: {
    source: [[[0, 0], 10], [[12, 23], 25], [[24, 31], 30], [[32, 32], 35]],
    destination: [[[0, 0], 5], [[12, 23], 20], [[24, 31], 30], [[32, 32], 45]],
    sport: [['any', 80], ['exact', 12], ['high', 8]],
    dport: [['any', 35], ['exact', 50], ['range', 10], ['high', 5]],
    protocol: [[6, 55], [17, 30], [0, 15]],
    nested: 0.6,
  },
}; // prettier-ignore

/** One rule in eight accepts: a guard in the prefilter. */
const acceptShare = 0.125;

const knownPorts = [20, 21, 22, 23, 25, 53, 69, 80, 110, 123, 135, 137, 139, 143, 161, 179, 389, 443, 445, 514, 993, 1433, 1521, 3306, 3389, 5060, 8080]; // prettier-ignore

function share<T>(random: Random, shares: Shares<T>): T {
  let left = random.below(shares.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [value, weight] of shares) if ((left -= weight) < 0) return value;
  throw new Error('bug: no share');
}

const maskOf = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

/** Prefixes that come again and nest: a set of rules is about the networks of somebody. */
class PrefixPool {
  readonly #seen: Prefix[] = [];
  constructor(
    private readonly random: Random,
    private readonly nested: number,
  ) {}

  next([from, to]: readonly [number, number]): Prefix {
    const length = this.random.between(from, to);
    if (length === 0) return { address: 0, length: 0 };
    const host = this.random.word();
    const parent = this.#seen.length > 0 && this.random.chance(this.nested) ? this.random.pick(this.#seen) : null;
    const base = parent ? (parent.address | (host & ~maskOf(parent.length))) >>> 0 : this.random.below(0xdf000000);
    const made = { address: (base & maskOf(length)) >>> 0, length };
    if (length <= 28) this.#seen.push(made);
    return made;
  }
}

function portRange(random: Random, kind: PortClass): PortRange {
  switch (kind) {
    case 'any':
      return [0, 65535];
    case 'low':
      return [0, 1023];
    case 'high':
      return [1024, 65535];
    case 'exact': {
      const port = random.chance(0.8) ? random.pick(knownPorts) : random.below(65536);
      return [port, port];
    }
    case 'range': {
      const from = random.below(60000);
      return [from, from + random.pick([1, 9, 99, 999])];
    }
  }
}

const specificity = ({ source, destination, sport, dport, protocol }: FilterRule): number => {
  const open = (range: PortRange): number => Math.log2(range[1] - range[0] + 1);
  return source.length + destination.length - open(sport) - open(dport) + (protocol === 0 ? 0 : 8);
};

/**
 * The more specific rule stands first, as in ClassBench: few rules are hidden by others. No rule has nearly all fields open, for it would
 * decide everything behind it.
 */
export function ruleSet(kind: RuleSetKind, count: number): FilterRule[] {
  const style = styles[kind];
  const random = new Random(count * 3 + ruleSetKinds.indexOf(kind));
  const [sources, destinations] = [new PrefixPool(random, style.nested), new PrefixPool(random, style.nested)];
  const rules = Array.from({ length: count }, (): FilterRule => {
    for (;;) {
      const protocol = share(random, style.protocol);
      const port = (shares: Shares<PortClass>): PortRange =>
        portRange(random, protocol === 0 ? 'any' : share(random, shares));
      const rule: FilterRule = {
        source: sources.next(share(random, style.source)),
        destination: destinations.next(share(random, style.destination)),
        sport: port(style.sport),
        dport: port(style.dport),
        protocol,
        drops: !random.chance(acceptShare),
      };
      if (rule.source.length + rule.destination.length >= 16) return rule;
    }
  });
  return rules.sort((a, b) => specificity(b) - specificity(a));
}

/** The rules as columns: some hundred million comparisons are made, one rule after the other. */
export class FirstMatch {
  readonly #columns: Readonly<Record<'saddr' | 'smask' | 'daddr' | 'dmask', Int32Array>>;

  constructor(private readonly rules: readonly FilterRule[]) {
    const column = (of: (rule: FilterRule) => number): Int32Array => Int32Array.from(rules, of);
    this.#columns = {
      saddr: column(({ source }) => source.address),
      smask: column(({ source }) => maskOf(source.length)),
      daddr: column(({ destination }) => destination.address),
      dmask: column(({ destination }) => maskOf(destination.length)),
    };
  }

  /** What the first rule that matches says; null: none does. What the data plane is checked against. */
  decide({ saddr, daddr, sport, dport, protocol }: FiveTuple): 'drop' | 'accept' | null {
    const columns = this.#columns;
    for (let i = 0; i < this.rules.length; i++) {
      if (((saddr ^ columns.saddr[i]!) & columns.smask[i]!) !== 0) continue;
      if (((daddr ^ columns.daddr[i]!) & columns.dmask[i]!) !== 0) continue;
      const rule = this.rules[i]!;
      if (rule.protocol !== 0 && rule.protocol !== protocol) continue;
      if (inRange(sport, rule.sport) && inRange(dport, rule.dport)) return rule.drops ? 'drop' : 'accept';
    }
    return null;
  }
}

const inRange = (port: number, [from, to]: PortRange): boolean => port >= from && port <= to;

/** A packet that the rule matches (an earlier one may too). */
export function packetOf(random: Random, rule: FilterRule): FiveTuple {
  const within = ({ address, length }: Prefix): number => {
    // Sources from 224.0.0.0 on are nobody's.
    const host = length === 0 ? random.below(0xdf000000) : random.word();
    return (address | (host & ~maskOf(length))) >>> 0;
  };
  return {
    saddr: within(rule.source),
    daddr: within(rule.destination),
    sport: random.between(...rule.sport),
    dport: random.between(...rule.dport),
    protocol: rule.protocol === 0 ? random.pick([6, 17]) : rule.protocol,
  };
}

const dotted = (word: number): string => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');

/** As `iptables-save` prints it, in the raw table: every packet meets it. */
export function iptablesText(rules: readonly FilterRule[]): string {
  const prefix = (flag: string, { address, length }: Prefix): string =>
    length === 0 ? '' : ` ${flag} ${dotted(address)}/${length}`;
  const port = (flag: string, [from, to]: PortRange): string => {
    if (from === 0 && to === 65535) return '';
    return ` --${flag} ${from === to ? from : `${from}:${to}`}`;
  };
  const lines = rules.map(({ source, destination, sport, dport, protocol, drops }) => {
    const name = protocol === 6 ? 'tcp' : 'udp';
    const l4 = protocol === 0 ? '' : ` -p ${name} -m ${name}${port('sport', sport)}${port('dport', dport)}`;
    const addresses = `${prefix('-s', source)}${prefix('-d', destination)}`;
    return `-A PREROUTING${addresses}${l4} -j ${drops ? 'DROP' : 'ACCEPT'}\n`;
  });
  return `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('')}COMMIT\n`;
}
