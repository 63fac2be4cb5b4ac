/** Lines of one shape are lowered once; the others get the same parts with their own address. A test compares with lowering each. */
import type { LineRun, Shape, VariantLine } from '../parse/iptables-tree.js';
import { expandVariant } from '../parse/rule-shape.js';
import type { AddressFamily, AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';
import { isEverything, rangeOf, xtablesNetwork } from './address-text.js';
import { partsOf, type ShapeParts } from './address-run.js';
import type { LoweredRule } from './lower-rule.js';
import { scanNetwork } from './scan-network.js';

/** One for each table: what a jump means depends on the table's chains. */
export class VariantLowering {
  readonly #shapes = new Map<Shape, ShapeParts | null>();

  constructor(
    readonly family: AddressFamily,
    readonly lower: (line: VariantLine | Shape['rule']) => LoweredRule,
  ) {}

  /** null: this line must be lowered by itself. */
  lowerVariant({ line, shape, address, counters }: VariantLine): LoweredRule | null {
    const lowered = this.shape(shape);
    if (!lowered) return null;
    const ranges = this.#rangesOf(address);
    if (ranges === null) return null;
    const place = { line, words: counters.length - shape.counters, behind: address.length - shape.length };
    const parts = partsOf(lowered, place, ranges);
    return { parts, rules: 1, onlyFamily: lowered.onlyFamily };
  }

  /** The address of each line; those that `odd` lists must be lowered by themselves. */
  addressesOf({ count, text, start, end }: LineRun): { ranges: AddressRanges; odd: readonly number[] } {
    const { family } = this;
    const words = wordsPerAddress(family);
    const lo = new Uint32Array(count * words);
    const hi = new Uint32Array(count * words);
    const odd: number[] = [];
    for (let i = 0; i < count; i++) {
      if (scanNetwork(family, text, start[i]!, end[i]!, { lo, hi, row: i })) continue;
      const ranges = this.#rangesOf(text.slice(start[i], end[i]));
      if (ranges === null) odd.push(i);
      lo.set(ranges?.lo ?? [], i * words);
      hi.set(ranges?.hi ?? [], i * words);
    }
    return { ranges: { family, count, lo, hi }, odd };
  }

  /** null: there are several, or none, or it is about every address and no match at all. */
  #rangesOf(address: string): AddressRanges | null {
    const words = wordsPerAddress(this.family);
    const [lo, hi] = [new Uint32Array(words), new Uint32Array(words)];
    if (scanNetwork(this.family, address, 0, address.length, { lo, hi, row: 0 }))
      return { family: this.family, count: 1, lo, hi: lo.every((word, w) => word === hi[w]) ? lo : hi };
    const range = address.includes(',') ? null : xtablesNetwork(this.family, address);
    return range === null || range === 'mask' || isEverything(range) ? null : rangeOf(this.family, range);
  }

  /** null: its lines must be lowered one by one. */
  shape(shape: Shape): ShapeParts | null {
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    const made = this.#lowerShape(shape);
    this.#shapes.set(shape, made);
    return made;
  }

  #lowerShape(shape: Shape): ShapeParts | null {
    const option = shape.rule.options[shape.option]!;
    const { parts, rules, onlyFamily } = this.lower(shape.rule);
    const varying = parts.findIndex(
      (one) => 'match' in one && one.match.kind === 'address' && one.span.column === option.span.column,
    );
    return rules === 1 && varying >= 0 ? { parts, varying, shape, onlyFamily } : null;
  }
}

export const ruleOf = (line: VariantLine | Shape['rule']): Shape['rule'] =>
  line.kind === 'variant' ? expandVariant(line) : line;
