/** A ruleset's text with what XDP has dropped added to its counters, so that what reads them sees the packets it always saw. */
import type { Chain, Input, Rule, RuleId, Ruleset, Table } from '../model/ruleset.js';
import { sameRule } from '../state/rule-text.js';
import type { RuleDrops } from './status-report.js';

export interface WithDrops {
  /** Of each input that holds rules, in order. */
  readonly texts: readonly { readonly input: Input; readonly text: string }[];
  /** Drops of rules that are not in these rulesets, or read otherwise now: added to none. */
  readonly unknown: readonly RuleDrops[];
  /** Chains with drops that several rules lead to: the counters of those rules stay short of them. */
  readonly ambiguous: readonly string[];
}

interface Drops {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Where a counter stands. */
interface Place {
  readonly id: RuleId;
  readonly text: string;
  readonly span: Rule['span'];
  readonly chain: Chain;
  readonly table: Table;
}

export function withDrops(ruleset: Ruleset, drops: readonly RuleDrops[]): WithDrops {
  const places = placesOf(ruleset);
  const graph = { places, ways: waysInto(ruleset) };
  const sums = new Map<RuleId, Drops>();
  const unknown: RuleDrops[] = [];
  const ambiguous = new Set<string>();
  for (const each of drops.filter(({ packets }) => packets > 0n)) {
    const place = places.get(each.rule as RuleId);
    if (place === undefined || !sameRule(each.text, place.text)) {
      unknown.push(each);
      continue;
    }
    for (const passed of wayTo(place, graph, ambiguous)) {
      const before = sums.get(passed.id) ?? { packets: 0n, bytes: 0n };
      sums.set(passed.id, { packets: before.packets + each.packets, bytes: before.bytes + each.bytes });
    }
  }
  const counted = [...places.values()].flatMap((place) => {
    const sum = sums.get(place.id);
    return sum === undefined ? [] : [{ place, sum }];
  });
  const texts = ruleset.inputs
    .filter(({ format }) => format !== 'ipset')
    .map((input) => ({
      input,
      text: rewritten(
        input,
        counted.filter(({ place }) => place.span.file === input.file),
      ),
    }));
  return { texts, unknown, ambiguous: [...ambiguous] };
}

function placesOf({ tables }: Ruleset): Map<RuleId, Place> {
  const places = new Map<RuleId, Place>();
  for (const table of tables) {
    for (const chain of table.chains.values()) {
      for (const { id, text, span } of chain.rules) places.set(id, { id, text, span, chain, table });
      if (chain.kind !== 'base') continue;
      const id = `${table.family} ${table.name} ${chain.name} policy` as RuleId;
      places.set(id, { id, text: `policy ${chain.policy}`, span: chain.span, chain, table });
    }
  }
  return places;
}

const keyOf = ({ family, name }: Table, chain: string): string => `${family} ${name} ${chain}`;

/** The rules that jump or go to each chain. */
function waysInto({ tables }: Ruleset): ReadonlyMap<string, ReadonlySet<RuleId>> {
  const ways = new Map<string, Set<RuleId>>();
  for (const table of tables) {
    for (const { id, parts } of [...table.chains.values()].flatMap(({ rules }) => rules)) {
      for (const part of parts) {
        if (!('statement' in part) || (part.statement.kind !== 'jump' && part.statement.kind !== 'goto')) continue;
        const key = keyOf(table, part.statement.chain);
        ways.set(key, (ways.get(key) ?? new Set()).add(id));
      }
    }
  }
  return ways;
}

interface Graph {
  readonly places: ReadonlyMap<RuleId, Place>;
  readonly ways: ReadonlyMap<string, ReadonlySet<RuleId>>;
}

/** The rule itself and the rules that led to it, as far as there is one way only. */
function wayTo(place: Place, { places, ways }: Graph, ambiguous: Set<string>): Place[] {
  const way = [place];
  for (let at = place; at.chain.kind === 'regular';) {
    const key = keyOf(at.table, at.chain.name);
    const [from, ...others] = ways.get(key) ?? [];
    if (others.length > 0) ambiguous.add(key);
    const before = from === undefined || others.length > 0 ? undefined : places.get(from);
    if (before === undefined || way.includes(before)) return way;
    way.push((at = before));
  }
  return way;
}

interface Counted {
  readonly place: Place;
  readonly sum: Drops;
}

const sumText = (packets: string | undefined, bytes: string | undefined, { sum }: Counted): [string, string] => [
  String(BigInt(packets ?? 0) + sum.packets),
  String(BigInt(bytes ?? 0) + sum.bytes),
];

function rewritten({ format, text }: Input, counted: readonly Counted[]): string {
  const lines = text.split('\n');
  for (const each of counted.toSorted((a, b) => b.place.span.column - a.place.span.column)) {
    const { line, column } = each.place.span;
    const whole = lines[line - 1] ?? '';
    // A dump of iptables has one rule a line, with its counter before it; nft's counter stands in the rule.
    const start = format === 'nft' || format === 'nft-json' ? column - 1 : 0;
    lines[line - 1] = whole.slice(0, start) + ruleWith(format, whole.slice(start), each);
  }
  return lines.join('\n');
}

function ruleWith(format: Input['format'], rule: string, counted: Counted): string {
  if (format === 'nft') return inNft(rule, counted);
  if (format === 'nft-json') return inJson(rule, counted);
  return rule.replace(
    /^(:\S+ \S+ )?\[(\d+):(\d+)\]/,
    (_, chain: string | undefined, packets: string, bytes: string) => {
      return `${chain ?? ''}[${sumText(packets, bytes, counted).join(':')}]`;
    },
  );
}

/** The first counter of the rule; what stands in quotes is none. */
function inNft(rule: string, counted: Counted): string {
  const token = /"[^"]*"|;|\bcounter packets (\d+) bytes (\d+)/g;
  for (let found = token.exec(rule); found !== null; found = token.exec(rule)) {
    if (found[0] === ';') return rule;
    if (found[1] === undefined) continue;
    const [packets, bytes] = sumText(found[1], found[2], counted);
    return `${rule.slice(0, found.index)}counter packets ${packets} bytes ${bytes}${rule.slice(token.lastIndex)}`;
  }
  return rule;
}

function inJson(rule: string, counted: Counted): string {
  const next = rule.slice(1).search(/\{\s*"rule"\s*:/);
  const own = next < 0 ? rule : rule.slice(0, next + 1);
  const counter = /("counter"\s*:\s*\{\s*"packets"\s*:\s*)(\d+)(\s*,\s*"bytes"\s*:\s*)(\d+)/;
  const written = own.replace(counter, (_, head: string, packets: string, middle: string, bytes: string) => {
    const [more, longer] = sumText(packets, bytes, counted);
    return `${head}${more}${middle}${longer}`;
  });
  return written + rule.slice(own.length);
}
