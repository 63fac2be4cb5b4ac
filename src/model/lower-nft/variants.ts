/** Rules of one shape are lowered once; the others get the same parts with their own values. A test compares with lowering each. */
import { isDeepStrictEqual } from 'node:util';
import {
  ruleWith,
  variantOf,
  type HoleField,
  type Piece,
  type RuleShape,
  type RuleVariant,
} from '../../parse/nft/rule-variants.js';
import type { AddressFamily } from '../address.js';
import { AddressListBuilder } from '../address-lists.js';
import {
  AddressRun,
  askedBy,
  holdingValue,
  ofProtocol,
  type RunPlace,
  type RunSource,
  type VaryingMatch,
} from '../address-run.js';
import { loggedHoles, withWords, type LoggedHole } from './logged.js';
import { isChanging } from '../kinds-in-turn.js';
import type { Match, Part } from '../match.js';
import type { Cut } from '../nft-text.js';
import { toldBy, type Told } from '../pieces.js';
import type { Rule, RuleId } from '../ruleset.js';
import { scanMac } from '../scan-mac.js';
import { scanNetwork, scanRange } from '../scan-network.js';
import type { SetId } from '../set.js';
import { addressColumn, PortListBuilder, ruleRow, type RuleColumn } from '../rule-columns.js';
import { noMac } from '../tuples.js';
import type { RuleDraft } from './draft.js';
import { lowerRule, type RuleStart } from './rules.js';

interface LoweredHole {
  readonly field: HoleField;
  readonly family: AddressFamily | null;
  /** Number among the values of a variant. */
  readonly at: number;
  /** Number of the part that has the value. */
  readonly part: number;
}

/** What the rules of a shape have in common. */
export interface LoweredShape {
  readonly shape: RuleShape;
  readonly bounds: readonly number[];
  readonly parts: readonly Part[];
  readonly holes: readonly LoweredHole[];
  readonly logged: readonly LoggedHole[];
  /** Parts that have their values. */
  readonly holding: readonly number[];
  /** Of all packets that its rules match; null: they may be of either. */
  readonly family: AddressFamily | null;
  /** It does nothing else than to drop, and no packet changes what it asks for. */
  readonly onlyDrops: boolean;
  readonly told: Told;
}

/** Values that a shape is lowered with once more. */
const trials: readonly Readonly<Record<'port' | 'protocol' | 'mac' | AddressFamily, string>>[] = [
  { port: '7', protocol: 'tcp', mac: '02:00:00:00:00:07', 4: '192.0.2.7', 6: '2001:db8::7' },
  { port: '9', protocol: 'udp', mac: '2:0:0:0:a:B', 4: '192.0.2.9/30', 6: '2001:db8::9/126' },
  { port: '11-65535', protocol: 'udp', mac: 'fE:dc:ba:98:76:54', 4: '192.0.2.9/30', 6: '2001:db8::9/126' },
  {
    port: '{ 7 }',
    protocol: 'udp',
    mac: '02:00:00:00:00:07',
    4: '192.0.2.9-192.0.2.77',
    6: '2001:db8::9-2001:db8:7::',
  },
  {
    port: '{ 80, 7, 11-65535 }',
    protocol: 'udp',
    mac: '02:00:00:00:00:09',
    4: '{ 192.0.2.9/30, 192.0.2.77-192.0.2.99, 192.0.2.5 }',
    6: '{ 2001:db8::9/126, 2001:db8::77-2001:db8::99, 2001:db8::5 }',
  },
  { port: '7', protocol: 'tcp', mac: '02:00:00:00:00:09', 4: '{ 192.0.2.9 }', 6: '{ 2001:db8::9/126 }' },
];

/** For the rules of a chain that begin alike. */
export class VariantLowering {
  readonly #shapes = new Map<RuleShape, LoweredShape | null>();

  constructor(private readonly start: RuleStart) {}

  /** Null: its rules must be lowered one by one. */
  shape(shape: RuleShape): LoweredShape | null {
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    const made = this.#lowerShape(shape);
    this.#shapes.set(shape, made);
    return made;
  }

  /** Null: it must be lowered by itself. */
  rule(lowered: LoweredShape, draft: RuleDraft, number: number): Rule[] | null {
    const { values, odd } = this.valuesOf(lowered, [draft]);
    if (odd.length > 0) return null;
    return [ruleOf(lowered, draft, values, number, `${this.start.family} ${this.start.table} ${this.start.chain} `)];
  }

  /** The values of each rule; those that `odd` lists must be lowered by themselves. */
  valuesOf({ holes }: LoweredShape, drafts: readonly RuleDraft[]): { values: RuleColumn[]; odd: readonly number[] } {
    const odd = new Set<number>();
    const variants = drafts.map(({ rule }) => variantOf(rule) ?? bug());
    const values = holes.map((hole) => columnOf(hole, variants, odd));
    return { values, odd: [...odd].sort((a, b) => a - b) };
  }

  #lowerShape(shape: RuleShape): LoweredShape | null {
    const parts = this.#partsOf(shape.rule);
    const { bounds } = variantOf(shape.rule) ?? bug();
    if (!parts) return null;
    const holes: LoweredHole[] = [];
    const logged = loggedHoles(shape, parts);
    if (!logged) return null;
    for (const [at, { field, family }] of shape.holes.entries()) {
      if (field === null) continue;
      const part = parts.findIndex((one) => holds(one, field));
      if (part < 0 || holes.some((other) => other.field === field)) return null;
      holes.push({ field, family, at, part });
    }
    const last = parts[parts.length - 1];
    const drops = last !== undefined && 'statement' in last && last.statement.kind === 'drop';
    const onlyDrops = drops && parts.every((one) => one === last || ('match' in one && !isChanging(one.match)));
    const family = holes.find((hole) => hole.family !== null)?.family ?? familyOfTable(this.start.family);
    const holding = holes.map(({ part }) => part);
    const told = onlyDrops ? toldBy({ parts, holding }) : null;
    const made: LoweredShape = { shape, bounds, parts, holes, logged, holding, family, onlyDrops, told };
    return trials.every((trial) => this.#holdsFor(made, trial)) ? made : null;
  }

  /** Null where lowering it does more than to make one rule. */
  #partsOf(rule: RuleDraft['rule']): readonly Part[] | null {
    const sets: string[] = [];
    const addSet = (name: string): SetId => {
      sets.push(name);
      return 'nft:trial' as SetId;
    };
    const cut = { kind: 'kept', why: 'a trial' } as const;
    const [only, more] = lowerRule({ rule, scope: this.start.scope, cut }, 1, { ...this.start, addSet });
    return only && !more && sets.length === 0 ? only.parts : null;
  }

  /** Nothing else of a rule depends on its values: lowered with others it is the same but for them. */
  #holdsFor({ shape, parts, holes, logged }: LoweredShape, trial: (typeof trials)[number]): boolean {
    const texts = shape.holes.map(({ field, family, isLogged, start, end }) => {
      if (field === null) return isLogged ? `"of ${trial.port}"` : shape.text.slice(start, end);
      return shape.syntax.written(trial[family ?? trialOf[field]]);
    });
    const found = this.#partsOf(ruleWith(shape, texts));
    const source = texts.join('\n');
    let at = 0;
    const bounds = texts.flatMap((text) => [at, (at += text.length + 1) - 1]);
    const odd = new Set<number>();
    const variant = { shape: { ...shape, source }, bounds };
    const values = holes.map((hole) => columnOf(hole, [variant], odd));
    return (
      odd.size === 0 &&
      found !== null &&
      isDeepStrictEqual(
        found.map(withoutPlace),
        parts.map((part, i) => withoutPlace(withWords(withValue(part, i, holes, values), i, logged, variant))),
      )
    );
  }
}

const trialOf = { saddr: 4, daddr: 4, smac: 'mac', protocol: 'protocol', sport: 'port', dport: 'port' } as const;

const familyOfTable = (family: RuleStart['family']): AddressFamily | null =>
  family === 'ip' ? 4 : family === 'ip6' ? 6 : null;

const withoutPlace = (part: Part): unknown => ('match' in part ? part.match : part.statement);

function holds(part: Part, field: HoleField): boolean {
  if (!('match' in part)) return false;
  const { match } = part;
  if (match.kind === 'address') return match.field === field && match.ranges.count > 0;
  if (match.kind === 'mac') return field === 'smac' && match.addresses.length === 1;
  if (match.kind === 'protocol') return field === 'protocol' && !match.negate;
  return match.kind === 'port' && match.field === field && match.ranges.length > 0;
}

function withValue(part: Part, at: number, holes: readonly LoweredHole[], values: readonly RuleColumn[]): Part {
  if ('statement' in part) return part;
  const value = values[holes.findIndex((hole) => hole.part === at)];
  const protocol = values.find(({ field }) => field === 'protocol');
  const match: Match = value ? ofProtocol(holdingValue(part.match as VaryingMatch, value), protocol) : part.match;
  return { match, span: part.span };
}

function columnOf({ field, family, at }: LoweredHole, variants: readonly RuleVariant[], odd: Set<number>): RuleColumn {
  const count = variants.length;
  if (field === 'protocol') {
    const numbers = Uint16Array.from(variants, (variant) => {
      const { text, start } = plainAt(variant, at);
      return text.startsWith('tcp', start) ? 6 : 17;
    });
    return { field, lo: numbers, hi: numbers };
  }
  if (field === 'sport' || field === 'dport') {
    const lists = new PortListBuilder(count);
    variants.forEach((variant, i) => {
      if (!addPorts(lists, plainAt(variant, at))) odd.add(i);
      lists.close();
    });
    return lists.column(field);
  }
  if (field === 'smac') {
    const addresses = Float64Array.from(variants, (variant, i) => {
      const { text, start, end } = plainAt(variant, at);
      const address = scanMac(text, start, end);
      if (address === noMac) odd.add(i);
      return address;
    });
    return { field, addresses };
  }
  if (family === null) return bug();
  const lists = new AddressListBuilder(family, count);
  variants.forEach((variant, i) => {
    if (!addAddresses(lists, family, plainAt(variant, at))) odd.add(i);
    lists.close();
  });
  return addressColumn(field, lists.lists);
}

/** An address, a network or a range, or such in braces; false, and what is added has no meaning, where one is none. */
function addAddresses(lists: AddressListBuilder, family: AddressFamily, { text, start, end }: Piece): boolean {
  let isPlain = true;
  const add = (from: number, to: number): void => {
    lists.add((row) => {
      isPlain &&= scanNetwork(family, text, from, to, row) || scanRange(family, text, from, to, row);
    });
  };
  if (!text.startsWith('{', start)) add(start, end);
  else
    for (let from = start + 2; from < end;) {
      const comma = text.indexOf(',', from);
      const to = comma < 0 || comma > end ? end - 2 : comma;
      add(from, to);
      from = to + 2;
    }
  return isPlain;
}

const plainAt = ({ shape: { source, syntax }, bounds }: RuleVariant, at: number): Piece =>
  syntax.plain({ text: source, start: bounds[at * 2]!, end: bounds[at * 2 + 1]! });

/** A port, a range of them, or such in braces; false, and what is added has no meaning, where one is none. */
function addPorts(lists: PortListBuilder, { text, start, end }: Piece): boolean {
  let [low, port] = [-1, -1];
  let isPlain = true;
  const put = (): void => {
    if (port < 0) return;
    isPlain &&= port <= 65535 && low < port;
    lists.add(low < 0 ? port : low, port);
    [low, port] = [-1, -1];
  };
  for (let at = start; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c >= zero && c <= nine) port = (port < 0 ? 0 : port * 10) + c - zero;
    else if (c === dash) [low, port] = [port, -1];
    else put();
  }
  put();
  return isPlain;
}

const [dash, zero, nine] = [45, 48, 57];

function ruleOf(
  lowered: LoweredShape,
  { rule, cut }: RuleDraft,
  values: readonly RuleColumn[],
  number: number,
  prefix: string,
): Rule {
  const { shape, parts, holes, logged, bounds } = lowered;
  const { span, text } = rule;
  const variant = variantOf(rule) ?? bug();
  const own = variant.bounds;
  const placed = parts.map((part, i): Part => {
    let column = part.span.column + span.column - shape.rule.span.column;
    shape.holes.forEach((hole, h) => {
      if (shape.rule.span.column + hole.start < part.span.column)
        column += own[h * 2 + 1]! - own[h * 2]! - (bounds[h * 2 + 1]! - bounds[h * 2]!);
    });
    return { ...withWords(withValue(part, i, holes, values), i, logged, variant), span: { ...span, column } };
  });
  return { id: `${prefix}${number}` as RuleId, number, span, text, parts: placed, cut };
}

interface AlikeRules {
  readonly drafts: readonly RuleDraft[];
  readonly lowered: LoweredShape;
  /** What is written: one for each hole of the shape. */
  readonly columns: readonly RuleColumn[];
  /** Holes in which these rules differ. */
  readonly varying: readonly number[];
}

/** Rules one below the other, of which none is made before it is asked for. */
export class VariantRules extends AddressRun {
  readonly first: Rule;
  readonly source: RunSource | null;

  constructor(
    private readonly made: AlikeRules,
    place: RunPlace,
  ) {
    const { drafts, lowered, columns, varying } = made;
    const partOf = (hole: number): Part => lowered.parts[lowered.holes[hole]!.part]!;
    super(
      {
        count: drafts.length,
        family: lowered.family,
        columns: varying.map((hole) => askedBy(partOf(hole), columns[hole]!, drafts.length)),
        varying: varying.map((hole) => lowered.holes[hole]!.part),
      },
      place,
    );
    const start = (i: number): number => drafts[i]!.rule.extent.start;
    const end = (i: number): number => drafts[i]!.rule.extent.end;
    const { syntax, source } = lowered.shape;
    this.source = syntax.isText ? { text: source, start, commandStart: start, end } : null;
    this.first = this.rule(0);
  }

  line(i: number): number {
    return this.made.drafts[i]!.rule.span.line;
  }

  text(i: number): string {
    return this.made.drafts[i]!.rule.text;
  }

  cut(i: number): Cut {
    return this.made.drafts[i]!.cut;
  }

  protected rule(i: number): Rule {
    const { drafts, lowered, columns } = this.made;
    return ruleOf(lowered, drafts[i]!, ruleRow(columns, i), this.number(i), this.place.prefix);
  }
}

function bug(): never {
  throw new Error('bug: a rule is like another, and it is not known where its values stand');
}
