/**
 * Rules that are those before them of their chain but for addresses (of MAC too), ports, lists of either, TCP or UDP, counts, comments and what is logged. They are found by comparing text, and
 * parsed when somebody asks for their statements: the reader makes the same of them, for the words around the values are the same, and
 * the values are of a kind. A test compares with reading each.
 */
import type { Extent, Rule } from './tree.js';

export type HoleField = 'saddr' | 'daddr' | 'smac' | 'protocol' | 'sport' | 'dport';

export interface Hole {
  /** Null: what stands there says nothing of packets. */
  readonly field: HoleField | null;
  /** What is logged, in quotes: it stands in the rule's statement. */
  readonly isLogged?: true;
  readonly family: 4 | 6 | null;
  /** In the text of the shape's rule: where the value begins and ends. */
  readonly start: number;
  readonly end: number;
  /** What other values look like, without groups. */
  readonly pattern: string;
}

const isAddress = ({ family, field }: Hole): boolean => family !== null || field === 'smac';

/** An address or ports: lists of rules differ in one. */
export const isAsked = (hole: Hole): boolean => isAddress(hole) || hole.field === 'sport' || hole.field === 'dport';

/** Part of a text. */
export interface Piece extends Extent {
  readonly text: string;
}

export interface RulePlace extends Extent {
  readonly line: number;
  readonly column: number;
}

/** How rules are written. */
export interface RuleSyntax {
  /** Their texts are as they stand in the source; else as nft would print them. */
  readonly isText: boolean;
  /** Reads the rule that stands there, in that file. */
  readonly read: (text: string, place: RulePlace, file: string) => Rule;
  /** An address, a network, a range, ports or a protocol, as nft's text has it, that stand there as a value. */
  readonly plain: (value: Piece) => Piece;
  /** The reverse of it. */
  readonly written: (plain: string) => string;
}

/** What rules have in common. */
export interface RuleShape {
  readonly rule: Rule;
  readonly source: string;
  /** The rule, as it stands there. */
  readonly text: string;
  readonly holes: readonly Hole[];
  /** Matches a rule with what stands before it (the first group), each value, and the handle. */
  readonly whole: RegExp;
  /** Which group has the handle. */
  readonly handleGroup: number;
  readonly syntax: RuleSyntax;
}

/** A rule of a shape; `bounds`: where in `source` each value begins and ends, one after the other. */
export interface RuleVariant {
  readonly shape: RuleShape;
  readonly bounds: readonly number[];
}

const known = new WeakMap<Rule, RuleVariant>();

/** Null: it is like no other, as far as is known. */
export const variantOf = (rule: Rule): RuleVariant | null =>
  rule instanceof VariantRule ? rule : (known.get(rule) ?? null);

/** A rule whose statements are of the same kinds: the same for all of a shape. */
export const likeOf = (rule: Rule): Rule => (rule instanceof VariantRule ? rule.shape.rule : rule);

class VariantRule implements Rule, RuleVariant {
  readonly kind = 'rule';
  #parsed: Rule | null = null;

  constructor(
    readonly shape: RuleShape,
    readonly bounds: readonly number[],
    readonly start: number,
    readonly end: number,
    readonly line: number,
    readonly column: number,
    readonly handle: number | null,
  ) {}

  get extent(): Extent {
    return { start: this.start, end: this.end };
  }

  get text(): string {
    const { syntax, source } = this.shape;
    return syntax.isText ? source.slice(this.start, this.end) : this.#parse().text;
  }

  get span(): Rule['span'] {
    return { file: this.shape.rule.span.file, line: this.line, column: this.column };
  }

  get statements(): Rule['statements'] {
    return this.#parse().statements;
  }

  get comment(): string | null {
    return this.#parse().comment;
  }

  #parse(): Rule {
    const { syntax, source, rule } = this.shape;
    return (this.#parsed ??= syntax.read(source, this, rule.span.file));
  }
}

/** The rule of the shape that has these values, one for each hole. */
export function ruleWith({ text, holes, syntax, rule }: RuleShape, values: readonly string[]): Rule {
  let made = '';
  let from = 0;
  holes.forEach(({ start, end }, i) => {
    made += text.slice(from, start) + values[i]!;
    from = end;
  });
  made += text.slice(from);
  return syntax.read(made, { start: 0, end: made.length, line: 1, column: 1 }, rule.span.file);
}

/** Rules that must be alike before the others are read so. */
const fewest = 16;
/** Shapes that rules are compared with. */
const mostShapes = 8;
/** Of rules without addresses, of which most rulesets have some, the last ones. */
const mostOfPorts = 2;
/** Where so many are like none before them, others will not be either. */
const mostLearnt = 256;
const isOfPorts = ({ holes }: RuleShape): boolean => !holes.some(isAddress);

/** Line and column of a rule that begins at `start`, as the `i`th behind another one. */
type PlaceOf = (start: number, i: number) => Pick<RulePlace, 'line' | 'column'>;

/** Shapes of the rules of a chain or a listing. */
export class RuleShapes {
  readonly #shapes: RuleShape[] = [];
  #learnt = 0;

  constructor(readonly text: string) {}

  /** Takes note of a rule; `begin`: where what stands before it begins. `make` looks at what the rule consists of. */
  learn(rule: Rule, begin: number, make: () => RuleShape | null): void {
    const like = this.#match(begin, () => rule.span)?.rule;
    if (like) {
      if (like.start === rule.extent.start && like.end === rule.extent.end) known.set(rule, like);
    } else if (this.#learnt < mostLearnt) {
      const learnt = make();
      if (learnt) this.#add(learnt);
    }
  }

  #add(shape: RuleShape): void {
    this.#learnt++;
    const ofPorts = this.#shapes.filter(isOfPorts);
    if (!isOfPorts(shape)) {
      if (this.#shapes.length - ofPorts.length === mostShapes) return;
    } else if (ofPorts.length === mostOfPorts) this.#shapes.splice(this.#shapes.indexOf(ofPorts[0]!), 1);
    this.#shapes.push(shape);
  }

  /** Rules from there on, as long as they are like some before; none where too few are. And where what follows begins. */
  following(begin: number, placeOf: PlaceOf): { readonly rules: readonly Rule[]; readonly end: number } {
    const rules: Rule[] = [];
    let end = begin;
    const place = (start: number): ReturnType<PlaceOf> => placeOf(start, rules.length);
    for (let found = this.#match(end, place); found; found = this.#match(end, place)) {
      rules.push(found.rule);
      end = found.end;
    }
    return rules.length < fewest ? { rules: [], end: begin } : { rules, end };
  }

  #match(
    at: number,
    placeOf: (start: number) => ReturnType<PlaceOf>,
  ): { readonly rule: VariantRule; readonly end: number } | null {
    for (const shape of this.#shapes) {
      shape.whole.lastIndex = at;
      const match = shape.whole.exec(this.text);
      if (match) {
        const start = at + match[1]!.length;
        return { rule: variantAt(shape, match, start, placeOf(start)), end: shape.whole.lastIndex };
      }
    }
    return null;
  }
}

function variantAt(
  shape: RuleShape,
  match: RegExpExecArray,
  start: number,
  { line, column }: ReturnType<PlaceOf>,
): VariantRule {
  const { text, holes, handleGroup } = shape;
  const bounds: number[] = [];
  let shift = start;
  for (let i = 0; i < holes.length; i++) {
    const { start: from, end: to } = holes[i]!;
    const { length } = match[i + 2]!;
    bounds.push(from + shift, from + shift + length);
    shift += length - (to - from);
  }
  const handle = match[handleGroup];
  const end = text.length + shift;
  return new VariantRule(shape, bounds, start, end, line, column, handle === undefined ? null : Number(handle));
}

/** Remembers what the rule is like. */
export function shapeFrom(shape: RuleShape): RuleShape {
  const { start } = shape.rule.extent;
  known.set(shape.rule, { shape, bounds: shape.holes.flatMap((hole) => [start + hole.start, start + hole.end]) });
  return shape;
}

/** The text as a pattern, with a group for each hole. */
export function patternOf(text: string, holes: readonly Hole[]): string {
  let pattern = '';
  let from = 0;
  for (const hole of holes) {
    pattern += `${escaped(text.slice(from, hole.start))}(${hole.pattern})`;
    from = hole.end;
  }
  return pattern + escaped(text.slice(from));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
