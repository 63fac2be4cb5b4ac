/** Lines of one shape are lowered once; the others get the same parts with their own address. A test compares with lowering each. */
import type { Span } from '../diagnostic.js';
import type { Shape, VariantLine } from '../parse/iptables-tree.js';
import { expandVariant } from '../parse/rule-shape.js';
import type { AddressFamily, AddressRanges } from './address.js';
import { isEverything, plainNetwork, rangeOf, xtablesNetwork } from './address-text.js';
import type { LoweredRule } from './lower-rule.js';
import type { AddressMatch, Part } from './match.js';

/** The parts of a shape, and which of them holds the address. */
interface LoweredShape {
  readonly lowered: LoweredRule;
  readonly part: number;
}

/** One for each table: what a jump means depends on the table's chains. */
export class VariantLowering {
  readonly #shapes = new Map<Shape, LoweredShape | null>();

  constructor(
    readonly family: AddressFamily,
    readonly lower: (line: VariantLine | Shape['rule']) => LoweredRule,
  ) {}

  /** null: this line must be lowered by itself. */
  lowerVariant(line: VariantLine): LoweredRule | null {
    const shape = this.#shape(line.shape);
    if (!shape) return null;
    const ranges = this.#rangesOf(line.address);
    if (ranges === null) return null;
    const { rule, option, length } = line.shape;
    const from = rule.options[option]!.values[0]!.span.column;
    const shift = line.address.length - length;
    const parts = shape.lowered.parts.map((part, i): Part => {
      const { file, column } = part.span;
      const span: Span = { file, line: line.line, column: column > from ? column + shift : column };
      if ('statement' in part) return { statement: part.statement, span };
      if (i !== shape.part) return { match: part.match, span };
      const { field, negate } = part.match as AddressMatch;
      const match: AddressMatch = { kind: 'address', field, ranges, negate };
      return { match, span };
    });
    return { parts, rules: 1, onlyFamily: shape.lowered.onlyFamily };
  }

  /** null: there are several, or none, or it is about every address and no match at all. */
  #rangesOf(address: string): AddressRanges | null {
    const plain = this.family === 4 ? plainNetwork(address) : null;
    if (plain !== null) return plain.lo[0] === 0 && plain.hi[0] === 0xffffffff ? null : plain;
    const range = address.includes(',') ? null : xtablesNetwork(this.family, address);
    return range === null || range === 'mask' || isEverything(range) ? null : rangeOf(this.family, range);
  }

  #shape(shape: Shape): LoweredShape | null {
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    const made = this.#lowerShape(shape);
    this.#shapes.set(shape, made);
    return made;
  }

  #lowerShape(shape: Shape): LoweredShape | null {
    const option = shape.rule.options[shape.option]!;
    const lowered = this.lower(shape.rule);
    const part = lowered.parts.findIndex(
      (one) => 'match' in one && one.match.kind === 'address' && one.span.column === option.span.column,
    );
    return lowered.rules === 1 && part >= 0 ? { lowered, part } : null;
  }
}

export const ruleOf = (line: VariantLine | Shape['rule']): Shape['rule'] =>
  line.kind === 'variant' ? expandVariant(line) : line;
