/** What must be known of a set to change one of its elements: what the plan rests on, and which elements lie within others. */
import { addressesDisjoint } from '../analyse/address-index.js';
import type { LiveSet } from '../analyse/live-set.js';
import type { AddressRanges } from '../model/address.js';
import type { Atom } from '../plan/program.js';
import { Conclusions } from './conclusions.js';
import { elementOf, type SetChange } from './set-change.js';
import type { Target } from './target.js';
import { WideElements } from './wide-elements.js';

/** Protocols under which both sets and the data plane read a port. */
const withPorts: ReadonlySet<number> = new Set([1, 6, 17, 58, 132, 136]);

/** Why a change wants a new plan; null: it does not. */
export type Obstacle = string | null;

type Elements = Extract<Atom, { readonly kind: 'addresses' | 'tuples' }>;
type Addresses = Extract<Atom, { readonly kind: 'addresses' }>;

export class SetState {
  #conclusions: Conclusions | null = null;
  readonly #elements: Elements | null;
  /** IPv4 addresses. */
  #wide: WideElements | null = null;
  /** IPv6 prefixes of other lengths than those that can change. */
  #others: AddressRanges | null = null;
  #singlePairs: boolean | null = null;

  constructor(
    readonly targets: readonly Target[],
    /** The set as source and as destination. */
    private readonly sides: () => readonly LiveSet[],
  ) {
    const atoms = targets.flatMap(({ layout, field, atoms: own }) =>
      own.map(({ atom }) => layout.program.atoms[field.use.atoms[atom]!]!),
    );
    const all = atoms.filter((atom): atom is Elements => atom.kind === 'addresses' || atom.kind === 'tuples');
    this.#elements = all.find(({ live }) => live?.as !== 'must') ?? all[0] ?? null;
  }

  /** Before anything is written. */
  obstacle(change: SetChange, i: number): Obstacle {
    const conclusions = (this.#conclusions ??= new Conclusions(this.sides()));
    if (!conclusions.isEmpty && !conclusions.allow(change.op, elementOf(change, i)))
      return 'the plan rests on what was in it';
    if (this.#elements === null) return null;
    if (this.#elements.kind === 'tuples') return this.#pairObstacle(change, i);
    const elements = this.#elements;
    return change.ranges.family === 4 ? this.#nested4(elements, change, i) : this.#nested6(elements, change, i);
  }

  /** A prefix to be removed that is none of the set's elements. */
  isMissing({ op, ranges }: SetChange, i: number): boolean {
    const [lo, hi] = [ranges.lo[i]!, ranges.hi[i]!];
    return op === 'remove' && ranges.family === 4 && lo !== hi && this.#wide?.position(lo, hi) === 'apart';
  }

  /** After the element has been put in or taken out. */
  note({ op, ranges }: SetChange, i: number): void {
    if (ranges.family !== 4 || this.#wide === null || ranges.lo[i] === ranges.hi[i]) return;
    const [lo, hi] = [ranges.lo[i]!, ranges.hi[i]!];
    const position = this.#wide.position(lo, hi);
    if (op === 'add' && position === 'apart') this.#wide.add(lo, hi);
    if (op === 'remove' && position === 'own') this.#wide.remove(lo);
  }

  #pairObstacle({ ports }: SetChange, i: number): Obstacle {
    if (ports === undefined || !withPorts.has(ports.protocol[i]!)) return 'its protocol has no ports';
    return (this.#singlePairs ??= isSingle(this.#elements!)) ? null : 'it has ranges of addresses or ports';
  }

  #nested4(elements: Addresses, { ranges, op }: SetChange, i: number): Obstacle {
    this.#wide ??= new WideElements(elements.ranges);
    const [lo, hi] = [ranges.lo[i]!, ranges.hi[i]!];
    const position = this.#wide.position(lo, hi);
    if (position === 'nested') return nested;
    // A prefix is put where no single element is.
    if (position === 'apart' && op === 'add' && lo !== hi && this.#holdsAny(lo, hi)) return nested;
    return null;
  }

  #holdsAny(lo: number, hi: number): boolean {
    return this.targets.some(({ slots, labels, atoms }) => {
      for (let address = lo; address <= hi; address++) {
        const label = slots.label([address, 0, 0, 0]);
        if (atoms.some(({ atom }) => labels.has(label, atom))) return true;
      }
      return false;
    });
  }

  #nested6(elements: Addresses, change: SetChange, i: number): Obstacle {
    this.#others ??= prefixesBut(elements.ranges, this.targets[0]?.field.prefix?.unit ?? 128);
    return this.#others.count === 0 || addressesDisjoint(elementOf(change, i), this.#others) ? null : nested;
  }
}

const nested = 'elements of it lie within others';

/** Nothing lies within an element, nor it within another. */
const isSingle = (elements: Elements): boolean =>
  elements.kind === 'tuples' &&
  elements.columns.every((column) => {
    if ('addresses' in column) return true;
    const { lo, hi } = 'ranges' in column ? column.ranges : column;
    return lo.every((low, i) => low === hi[i]);
  });

/** Elements that are no prefix of that length. */
function prefixesBut({ count, lo, hi }: AddressRanges, unit: number): AddressRanges {
  const hostBits = (w: number): number => 2 ** Math.max(0, Math.min(32, (w + 1) * 32 - unit)) - 1;
  const others: number[] = [];
  for (let i = 0; i < count; i++)
    if ([0, 1, 2, 3].some((w) => (lo[i * 4 + w]! ^ hi[i * 4 + w]!) >>> 0 !== hostBits(w))) others.push(i);
  const pick = (column: Uint32Array): Uint32Array =>
    Uint32Array.from(others.flatMap((i) => [...column.subarray(i * 4, i * 4 + 4)]));
  return { family: 6, count: others.length, lo: pick(lo), hi: pick(hi) };
}
