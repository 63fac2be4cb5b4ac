/** Lines of one shape are lowered once; the others get the same parts with their own values. A test compares with lowering each. */
import { isDeepStrictEqual } from 'node:util';
import type { LineRun, Shape, VariantLine } from '../parse/iptables-tree.js';
import { printText } from '../parse/print-iptables.js';
import { setHole } from '../parse/lines-by-set.js';
import { expandVariant, isTextOption, shiftsOf } from '../parse/rule-shape.js';
import type { AddressFamily } from './address.js';
import { partsOf, type ObserveStatement, type ShapeParts, type TextHole } from './address-run.js';
import { columnOf, type Asked } from './line-values.js';
import type { LoweredRule } from './lower-rule.js';
import type { Part } from './match.js';
import { sliceRules, type RuleColumn } from './rule-columns.js';

/** Of options whose values differ. */
const asked: Readonly<Record<string, Asked>> = {
  '-s': { field: 'saddr', value: 'network' },
  '-d': { field: 'daddr', value: 'network' },
  '-p': { field: 'protocol', value: 'protocol' },
  '--sport': { field: 'sport', value: 'port' },
  '--dport': { field: 'dport', value: 'port' },
  '--sports': { field: 'sport', value: 'ports' },
  '--dports': { field: 'dport', value: 'ports' },
  '--src-range': { field: 'saddr', value: 'range' },
  '--dst-range': { field: 'daddr', value: 'range' },
  '--mac-source': { field: 'smac', value: 'mac' },
};

/** What packets are not asked for. */
const isText = ({ rule, holes }: Shape, hole: number): boolean => isTextOption(rule.options[holes[hole]!.option]!.name);

type TrialOf = Exclude<Asked['value'], 'network' | 'range'> | 'text' | `${'network' | 'range'} ${AddressFamily}`;

const usual = {
  'network 4': ['192.0.2.7', '192.0.2.8/30'],
  'network 6': ['2001:db8::7', '2001:db8::8/126'],
  'range 4': ['192.0.2.7-192.0.2.9', '192.0.2.7'],
  'range 6': ['2001:db8::7-2001:db8::9', '2001:db8::7'],
  mac: ['02:00:00:00:00:07', '02:00:00:00:00:09'],
} as const;

/** Values that a shape is lowered with once more; the second where the first line has the first. */
const trials: readonly Readonly<Record<TrialOf, readonly [string, string]>>[] = [
  { ...usual, protocol: ['tcp', 'udp'], port: ['7', '9'], ports: ['7,9', '9'], text: ['x', 'y'] },
  {
    ...usual,
    protocol: ['udp', 'tcp'],
    port: ['7:65535', '9:65535'],
    ports: ['9,7,11:65535', '7:8'],
    text: ['"a \\"b"', '""'],
  },
];

/** One for each table: what a jump means depends on the table's chains. */
export class VariantLowering {
  readonly #shapes = new Map<Shape, ShapeParts | null>();
  /** Those that hold for other values. */
  readonly #tried = new Set<Shape>();
  /** Of which a line by itself has come. */
  readonly #met = new Set<Shape>();

  constructor(
    readonly family: AddressFamily,
    readonly lower: (line: VariantLine | Shape['rule']) => LoweredRule,
  ) {}

  /** null: this line must be lowered by itself. */
  lowerVariant(variant: VariantLine): LoweredRule | null {
    // Many shapes are those of one line.
    if (!this.#met.has(variant.shape)) {
      this.#met.add(variant.shape);
      return null;
    }
    const lowered = this.shape(variant.shape);
    const values = lowered && this.#valuesOf(variant);
    if (!values) return null;
    const parts = partsOf(lowered, placeOf(lowered, variant), values);
    return { parts, rules: 1, onlyFamily: lowered.onlyFamily };
  }

  /** The values of each line; those that `odd` lists must be lowered by themselves. */
  valuesOf({ count, text, values, shape }: LineRun): { values: RuleColumn[]; odd: readonly number[] } {
    const odd = new Set<number>();
    const columns = values.flatMap(({ start, end }, h): RuleColumn[] =>
      isText(shape, h) ? [] : [columnOf(this.family, askedAt(shape, h), { count, text, start, end }, odd)],
    );
    return { values: columns, odd: [...odd].sort((a, b) => a - b) };
  }

  /** null: it must be lowered by itself. */
  #valuesOf({ shape, values }: VariantLine): RuleColumn[] | null {
    const odd = new Set<number>();
    const columns = values.flatMap((text, h): RuleColumn[] =>
      isText(shape, h)
        ? []
        : [columnOf(this.family, askedAt(shape, h), { count: 1, text, start: [0], end: [text.length] }, odd)],
    );
    return odd.size > 0 ? null : columns;
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
    if (setHole(shape) >= 0) return null;
    const { parts, rules, onlyFamily } = this.lower(shape.rule);
    const holding = shape.holes.flatMap(({ option }, h) => {
      if (isText(shape, h)) return [];
      const { column } = shape.rule.options[option]!.span;
      return [parts.findIndex((part) => isAbout(part, askedAt(shape, h), column))];
    });
    const texts = textHoles(shape, parts);
    if (rules !== 1 || holding.includes(-1) || texts === null) return null;
    const fields = shape.holes.flatMap((_, h) => (isText(shape, h) ? [] : [askedAt(shape, h).field]));
    // `-s` and `--src-range` both ask for the source.
    if (new Set(fields).size < fields.length) return null;
    const made: ShapeParts = { parts, holding, texts, shape, onlyFamily, family: this.family };
    return this.#isTried(made) ? made : null;
  }

  /** What other values mean does not depend on which set a line names. */
  #isTried(made: ShapeParts): boolean {
    const { unnamed = made.shape } = made.shape;
    const isTried = this.#tried.has(unnamed) || trials.every((trial) => this.#holdsForOthers(made, trial));
    if (isTried) this.#tried.add(unnamed);
    return isTried;
  }

  /** Nothing else of a line depends on its values: lowered with others it is the same but for them. */
  #holdsForOthers(made: ShapeParts, trial: (typeof trials)[number]): boolean {
    const { shape } = made;
    const values = shape.holes.map(({ option }, h) => {
      const [first, second] = trial[isText(shape, h) ? 'text' : trialOf(askedAt(shape, h), this.family)];
      return shape.rule.options[option]!.values[0]!.text === first ? second : first;
    });
    const { counters } = shape.rule;
    const line: VariantLine = {
      ...{ kind: 'variant', line: 1, shape, values },
      counters: counters ? `[${counters.packets}:${counters.bytes}] ` : '',
    };
    const columns = this.#valuesOf(line);
    const { parts, rules, onlyFamily } = this.lower(expandVariant(line));
    if (!columns || rules !== 1 || onlyFamily !== made.onlyFamily) return false;
    return isDeepStrictEqual(partsOf(made, placeOf(made, line), columns), parts);
  }
}

const placeOf = ({ texts }: ShapeParts, variant: VariantLine): Parameters<typeof partsOf>[1] => ({
  ...{ line: variant.line, ...shiftsOf(variant) },
  texts: texts.map(({ hole }) => variant.values[hole]!),
});

/** Null where some part does not show which of its words may differ. */
function textHoles(shape: Shape, parts: readonly Part[]): TextHole[] | null {
  const found: TextHole[] = [];
  for (const [hole, { option }] of shape.holes.entries()) {
    if (!isText(shape, hole)) continue;
    const { name, values } = shape.rule.options[option]!;
    const written = `${name} ${printText(values[0]!.text)}`;
    const part = parts.findIndex((one) =>
      name === '--comment' ? isComment(one) : isObserving(one) && one.statement.text.split(written).length === 2,
    );
    const own = parts[part];
    if (!own || found.some((other) => other.part === part)) return null;
    const [before, behind] = isObserving(own) ? own.statement.text.split(written) : [];
    found.push({ hole, part, around: before === undefined ? null : [`${before}${name} `, behind!] });
  }
  return found;
}

const isComment = (part: Part): boolean => 'match' in part && part.match.kind === 'comment';

const isObserving = (part: Part): part is { readonly statement: ObserveStatement } & Part =>
  'statement' in part && part.statement.kind === 'observe';

const askedAt = ({ rule, holes }: Shape, hole: number): Asked => asked[rule.options[holes[hole]!.option]!.name]!;

/** `column`: of the option. A match of its own has it; those of extensions have that of their `-m`, which stands before. */
function isAbout(part: Part, { field, value }: Asked, column: number): boolean {
  if (!('match' in part)) return false;
  const { match, span } = part;
  switch (value) {
    case 'network':
      return match.kind === 'address' && match.field === field && span.column === column;
    case 'protocol':
      return match.kind === 'protocol' && span.column === column;
    case 'port':
    case 'ports':
      return (
        match.kind === 'port' &&
        match.field === field &&
        (match.headerBytes === multiportHeader) === (value === 'ports')
      );
    case 'range':
      return match.kind === 'address' && match.field === field && span.column < column;
    case 'mac':
      return match.kind === 'mac';
  }
}

/** Bytes that `-m multiport` reads. */
const multiportHeader = 4;

const trialOf = ({ value }: Asked, family: AddressFamily): TrialOf =>
  value === 'network' || value === 'range' ? `${value} ${family}` : value;

/** The values of lines from one up to another. */
export const valuesBetween = (
  values: readonly RuleColumn[],
  from: number,
  to: number,
  count: number,
): readonly RuleColumn[] => (from === 0 && to === count ? values : sliceRules(values, from, to));

export const ruleOf = (line: VariantLine | Shape['rule']): Shape['rule'] =>
  line.kind === 'variant' ? expandVariant(line) : line;
