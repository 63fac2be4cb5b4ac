/** Random step programs as many rules of five fields make them, with whatever else may stand among them, and packets that their steps are about. */
import type { Atom, Literal, Outcome, SmallField, Step, StepProgram } from '../../src/plan/program.js';
import type { PacketSpec } from './frame.js';
import { expirySeconds, randomPacket, type Random } from './random.js';

export interface ListedShape {
  readonly steps: number;
  readonly counters: number;
  /** Share of networks that lie in, or around, one that was there before. */
  readonly nested: number;
  /** Share of steps that say something which only rows can. */
  readonly odd: number;
  /** Share of steps that have conntrack asked. */
  readonly asks: number;
}

const bits = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

class Networks {
  readonly #seen: number[] = [];
  constructor(
    private readonly random: Random,
    private readonly nested: number,
  ) {}

  next(shortest: number): [lo: number, hi: number] {
    const { random } = this;
    const length = random.chance(0.4) ? 32 : random.between(shortest, 31);
    const parent = this.#seen.length > 0 && random.chance(this.nested) ? random.pick(this.#seen) : random.word();
    const address = ((parent ^ (random.chance(0.5) ? random.below(256) : 0)) & bits(length)) >>> 0;
    this.#seen.push(address);
    return [address, (address | ~bits(length)) >>> 0];
  }
}

const mostOf = { protocol: 255, sport: 65535, dport: 65535, icmp: 65535, availability: 3, ttl: 255 } as const;
type Small = keyof typeof mostOf;

export function listedProgram(random: Random, shape: ListedShape): StepProgram {
  const atoms: Atom[] = [];
  const networks = { saddr: new Networks(random, shape.nested), daddr: new Networks(random, shape.nested) };
  const counters = (count: number): Uint32Array | null =>
    random.chance(0.2) ? Uint32Array.from({ length: count }, () => random.below(shape.counters)) : null;
  const add = (atom: Atom, negate = false): Literal => ({ atom: atoms.push(atom) - 1, negate });
  const address = (field: 'saddr' | 'daddr', odd: boolean, mayExpire: boolean): Literal => {
    const count = odd ? random.between(1, 3) : 1;
    const pairs = Array.from({ length: count }, () => networks[field].next(random.chance(0.05) ? 0 : 12));
    // Not a network any more.
    if (odd && random.chance(0.3)) pairs[0]![1] = Math.min(0xffffffff, pairs[0]![1] + 1 + random.below(3));
    const [lo, hi] = [0, 1].map((k) => Uint32Array.from(pairs, (pair) => pair[k]!)) as [Uint32Array, Uint32Array];
    const expires = Uint32Array.from({ length: count }, () => random.pick(expirySeconds));
    const made: Atom = { kind: 'addresses', field, ranges: { family: 4, count, lo, hi }, counters: counters(count) };
    return odd && mayExpire && random.chance(0.3) ? add({ ...made, expires }) : add(made, odd && random.chance(0.15));
  };
  const small = (field: Small, odd: boolean): Literal => {
    const value = (): number =>
      random.pick(field === 'protocol' ? [6, 17, 1, 47] : field.endsWith('port') ? [22, 53, 80, 443] : [0, 1, 2, 0x0800]) % (mostOf[field] + 1); // prettier-ignore
    const ranges = Array.from({ length: odd ? random.between(1, 3) : 1 }, (): [number, number] => {
      const [a, b] = [value(), random.chance(0.6) ? null : random.below(mostOf[field] + 1)];
      return b === null ? [a, a] : [Math.min(a, b), Math.max(a, b)];
    });
    const made: Atom = { kind: 'values', field, ranges, counters: counters(ranges.length) };
    return add(made, odd && random.chance(0.3));
  };
  const steps = Array.from({ length: shape.steps }, (): Step => {
    const odd = (): boolean => random.chance(shape.odd);
    const outcome = random.chance(shape.asks)
      ? 'ask'
      : random.pick(['drop', 'drop', 'drop', 'pass', 'skip', 'maybe skip'] as const);
    const when: Literal[] = [];
    const addressed = random.pick(['both', 'both', 'both', 'saddr', 'daddr', odd() ? 'none' : 'both']);
    for (const field of ['saddr', 'daddr'] as const)
      if (addressed === 'both' || addressed === field)
        for (let i = odd() ? 2 : 1; i > 0; i--)
          when.push(address(field, odd(), outcome === 'drop' || outcome === 'skip'));
    for (const field of ['protocol', 'sport', 'dport', 'icmp', 'availability'] as const)
      for (let i = random.pick([0, 0, 1, 1, 2]); i > 0 && random.chance(field === 'protocol' ? 0.8 : 0.3); i--)
        when.push(small(field, random.chance(0.1)));
    if (odd()) when.push(small('ttl', true));
    return { when, outcome: outcomeOf(outcome, when) };
  });
  return { family: 4, atoms, steps };

  function outcomeOf(kind: 'drop' | 'pass' | 'ask' | 'skip' | 'maybe skip', when: readonly Literal[]): Outcome {
    if (kind === 'pass' || kind === 'ask') return { kind };
    if (kind === 'skip') return { kind, to: shape.steps };
    if (kind === 'maybe skip') return { kind: 'skip', to: shape.steps, maybe: true };
    const counted = when.findIndex(({ atom, negate }) => !negate && atoms[atom]!.counters !== null);
    return { kind: 'drop', counter: random.below(shape.counters), counted: counted < 0 ? null : counted };
  }
}

/** One that a step is about, but for a field now and then. */
export function listedPacket(random: Random, program: StepProgram): PacketSpec {
  const packet: { -readonly [K in keyof PacketSpec]: PacketSpec[K] } = { ...randomPacket(random, program, 0) };
  const { when } = random.pick(program.steps);
  for (const { atom } of when) {
    const each = program.atoms[atom]!;
    if (random.chance(0.1)) continue;
    if (each.kind === 'addresses') {
      const at = random.below(each.ranges.count);
      packet[each.field] = [random.pick([each.ranges.lo, each.ranges.hi])[at]!];
    } else if (each.kind === 'values' && isOfPacket(each.field)) {
      const value = random.pick(random.pick(each.ranges));
      if (each.field !== 'availability') packet[each.field] = value;
      else if (random.chance(0.5)) packet.availability = value as PacketSpec['availability'];
    }
  }
  return packet;
}

const isOfPacket = (field: SmallField): field is Small => field in mostOf;
