/** Lines of one shape are lowered once; the others get the same parts with their own values. A test compares with lowering each. */
import { isDeepStrictEqual } from 'node:util';
import type { LineRun, Shape, VariantLine } from '../parse/iptables-tree.js';
import { expandVariant, shiftsOf } from '../parse/rule-shape.js';
import type { AddressFamily, AddressRanges } from './address.js';
import { wordsPerAddress } from './address.js';
import { isEverything, rangeOf, xtablesNetwork } from './address-text.js';
import { partsOf, type ShapeParts } from './address-run.js';
import type { LoweredRule } from './lower-rule.js';
import type { Part } from './match.js';
import { scanNetwork } from './scan-network.js';
import { sliceRows, type TupleColumn } from './tuples.js';

type HoleField = 'saddr' | 'daddr' | 'protocol' | 'sport' | 'dport';

const fields: Readonly<Record<string, HoleField>> = {
  '-s': 'saddr',
  '-d': 'daddr',
  '-p': 'protocol',
  '--sport': 'sport',
  '--dport': 'dport',
};

/** What packets are not asked for. */
const isRemark = ({ rule, holes }: Shape, hole: number): boolean =>
  rule.options[holes[hole]!.option]!.name === '--comment';

type Trial = Readonly<Record<'port' | 'protocol' | 'comment' | AddressFamily, readonly [string, string]>>;

/** Values that a shape is lowered with once more; the second where the first line has the first. */
const trials: readonly Trial[] = [
  {
    ...{ protocol: ['tcp', 'udp'], port: ['7', '9'], comment: ['x', 'y'] },
    ...{ 4: ['192.0.2.7', '192.0.2.8/30'], 6: ['2001:db8::7', '2001:db8::8/126'] },
  },
  {
    ...{ protocol: ['udp', 'tcp'], port: ['7:65535', '9:65535'], comment: ['x', 'y'] },
    ...{ 4: ['192.0.2.7', '192.0.2.8/30'], 6: ['2001:db8::7', '2001:db8::8/126'] },
  },
];

/** One for each table: what a jump means depends on the table's chains. */
export class VariantLowering {
  readonly #shapes = new Map<Shape, ShapeParts | null>();

  constructor(
    readonly family: AddressFamily,
    readonly lower: (line: VariantLine | Shape['rule']) => LoweredRule,
  ) {}

  /** null: this line must be lowered by itself. */
  lowerVariant(variant: VariantLine): LoweredRule | null {
    const lowered = this.shape(variant.shape);
    const values = lowered && this.#valuesOf(variant);
    if (!values) return null;
    const parts = partsOf(lowered, placeOf(lowered, variant), values);
    return { parts, rules: 1, onlyFamily: lowered.onlyFamily };
  }

  /** The values of each line; those that `odd` lists must be lowered by themselves. */
  valuesOf({ count, text, values, shape }: LineRun): { values: TupleColumn[]; odd: readonly number[] } {
    const odd = new Set<number>();
    const columns = values.flatMap(({ start, end }, h): TupleColumn[] => {
      if (isRemark(shape, h)) return [];
      const field = fieldAt(shape, h);
      if (field === 'saddr' || field === 'daddr')
        return [{ field, ranges: this.#addresses(count, text, start, end, odd) }];
      const [lo, hi] = [new Uint16Array(count), new Uint16Array(count)];
      let isSingle = true;
      for (let i = 0; i < count; i++) isSingle = putNumbers(field, text, start[i]!, end[i]!, lo, hi, i) && isSingle;
      return [{ field, lo, hi: isSingle ? lo : hi }];
    });
    return { values: columns, odd: [...odd].sort((a, b) => a - b) };
  }

  #addresses(count: number, text: string, start: Uint32Array, end: Uint32Array, odd: Set<number>): AddressRanges {
    const { family } = this;
    const words = wordsPerAddress(family);
    const lo = new Uint32Array(count * words);
    const hi = new Uint32Array(count * words);
    for (let i = 0; i < count; i++) {
      if (scanNetwork(family, text, start[i]!, end[i]!, { lo, hi, row: i })) continue;
      const ranges = this.#rangesOf(text.slice(start[i], end[i]));
      if (ranges === null) odd.add(i);
      lo.set(ranges?.lo ?? [], i * words);
      hi.set(ranges?.hi ?? [], i * words);
    }
    return { family, count, lo, hi };
  }

  #valuesOf({ shape, values }: VariantLine): TupleColumn[] | null {
    const columns: TupleColumn[] = [];
    for (const [h, value] of values.entries()) {
      if (isRemark(shape, h)) continue;
      const field = fieldAt(shape, h);
      if (field !== 'saddr' && field !== 'daddr') {
        const [lo, hi] = [new Uint16Array(1), new Uint16Array(1)];
        columns.push({ field, lo, hi: putNumbers(field, value, 0, value.length, lo, hi, 0) ? lo : hi });
        continue;
      }
      const ranges = this.#rangesOf(value);
      if (!ranges) return null;
      columns.push({ field, ranges });
    }
    return columns;
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
    const { parts, rules, onlyFamily } = this.lower(shape.rule);
    const holding = shape.holes.flatMap(({ option }, h) => {
      if (isRemark(shape, h)) return [];
      const field = fieldAt(shape, h);
      const { column } = shape.rule.options[option]!.span;
      return [parts.findIndex((part) => isAbout(part, field, column))];
    });
    const hole = shape.holes.findIndex((_, h) => isRemark(shape, h));
    const comment = hole < 0 ? null : { hole, part: parts.findIndex(isComment) };
    if (rules !== 1 || holding.includes(-1) || comment?.part === -1) return null;
    const made: ShapeParts = { parts, holding, comment, shape, onlyFamily };
    return trials.every((trial) => this.#holdsForOthers(made, trial)) ? made : null;
  }

  /** Nothing else of a line depends on its values: lowered with others it is the same but for them. */
  #holdsForOthers(made: ShapeParts, trial: Trial): boolean {
    const { shape } = made;
    const values = shape.holes.map(({ option }, h) => {
      const [usual, other] = trial[isRemark(shape, h) ? 'comment' : trialOf(fieldAt(shape, h), this.family)];
      return shape.rule.options[option]!.values[0]!.text === usual ? other : usual;
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

const placeOf = ({ comment }: ShapeParts, variant: VariantLine): Parameters<typeof partsOf>[1] => ({
  ...{ line: variant.line, ...shiftsOf(variant) },
  comment: comment ? variant.values[comment.hole]! : '',
});

const isComment = (part: Part): boolean => 'match' in part && part.match.kind === 'comment';

const fieldAt = ({ rule, holes }: Shape, hole: number): HoleField => fields[rule.options[holes[hole]!.option]!.name]!;

function isAbout(part: Part, field: HoleField, column: number): boolean {
  if (!('match' in part)) return false;
  const { match } = part;
  if (match.kind === 'address') return match.field === field && part.span.column === column;
  if (match.kind === 'protocol') return field === 'protocol' && part.span.column === column;
  return match.kind === 'port' && match.field === field && match.headerBytes !== multiportHeader;
}

/** Bytes that `-m multiport` reads, which has several ports. */
const multiportHeader = 4;

function trialOf(field: HoleField, family: AddressFamily): keyof Trial {
  if (field === 'protocol') return field;
  return field === 'sport' || field === 'dport' ? 'port' : family;
}

/** Puts the bounds of a value down, and says whether they are one number. */
function putNumbers(
  field: 'protocol' | 'sport' | 'dport',
  text: string,
  start: number,
  end: number,
  lo: Uint16Array,
  hi: Uint16Array,
  row: number,
): boolean {
  if (field === 'protocol') {
    lo[row] = hi[row] = text.startsWith('tcp', start) ? 6 : 17;
    return true;
  }
  let port = 0;
  let low = -1;
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === colon) [low, port] = [port, 0];
    else port = port * 10 + c - 48;
  }
  hi[row] = port;
  lo[row] = low < 0 ? port : low;
  return lo[row] === hi[row];
}

const colon = 58;

/** The values of lines from one up to another. */
export const valuesBetween = (
  values: readonly TupleColumn[],
  from: number,
  to: number,
  count: number,
): readonly TupleColumn[] => (from === 0 && to === count ? values : sliceRows(values, from, to));

export const ruleOf = (line: VariantLine | Shape['rule']): Shape['rule'] =>
  line.kind === 'variant' ? expandVariant(line) : line;
