/**
 * An iptables-save text without the rules that XDP decides for the covered devices. Every other line stays as it was. Each run of such
 * rules is replaced at its place by one jump to a chain that holds them, entered only by packets of other devices.
 */
import type { Chain, Rule, Table } from '../model/ruleset.js';
import { isRun, segmentsOf, standingIn, type Segment } from '../model/segments.js';
import { chainNamer } from './chain-name.js';
import type { FullRules } from './full-rules.js';
import { LineEdits } from './line-edits.js';
import { onlyCovered } from './only-covered.js';

export interface ResidualOptions {
  readonly devices: readonly string[];
  readonly full: FullRules;
}

/** Rules that stand one below the other in a segment. */
interface Part {
  readonly segment: Segment;
  readonly from: number;
  to: number;
}

/** Rules of one chain that stood one after the other. */
interface Run {
  readonly first: Rule;
  readonly parts: Part[];
}

/** iptables refuses longer chain names (XT_EXTENSION_MAXNAMELEN - 1). */
const style = { prefix: 'OFFLOAD_', longest: 28 };

/** In pieces. */
export function residualIptables(text: string, tables: readonly Table[], options: ResidualOptions): Iterable<string> {
  const edits = new LineEdits(text);
  for (const table of tables) editTable(table, edits, options);
  return edits.pieces();
}

function editTable(table: Table, edits: LineEdits, { devices, full }: ResidualOptions): void {
  const freshName = chainNamer(table.chains.keys(), style);
  const section = findSection(table, edits);
  for (const chain of table.chains.values()) {
    const held = new Set(segmentsOf(chain).filter((one) => !onlyCovered(isRun(one) ? one.first : one, devices)));
    for (const { first, parts } of runsOf(chain, full.of(table, chain))) {
      const heldParts = parts.filter(({ segment }) => held.has(segment));
      for (const part of parts) removeLines(part, edits);
      if (heldParts.length === 0) continue;
      const name = freshName(chain.name);
      edits.insert(section.declarations + 1, 'first', [`:${name} - [0:0]`]);
      edits.insert(lineOf(parts[0]!, 0), 'in-place', [jumpLine(first, chain.name, name, devices)]);
      edits.insert(section.commit, 'last', returnLines(first, name, devices));
      edits.insert(section.commit, 'last', {
        *[Symbol.iterator]() {
          for (const part of heldParts) yield* linesIn(part, name);
        },
      });
    }
  }
}

function runsOf(chain: Chain, full: ReadonlySet<number>): Run[] {
  const runs: Run[] = [];
  let run: Run | null = null;
  for (const { segment, at } of standingIn(chain)) {
    if (!full.has(isRun(segment) ? segment.number(at) : segment.number)) {
      run = null;
      continue;
    }
    if (!run) runs.push((run = { first: isRun(segment) ? segment.first : segment, parts: [] }));
    const last = run.parts[run.parts.length - 1];
    if (last?.segment === segment && last.to === at) last.to++;
    else run.parts.push({ segment, from: at, to: at + 1 });
  }
  return runs;
}

const lineOf = ({ segment, from }: Part, i: number): number =>
  isRun(segment) ? segment.line(from + i) : segment.span.line;

function removeLines(part: Part, edits: LineEdits): void {
  for (let i = 0; i < part.to - part.from; i++) edits.remove(lineOf(part, i));
}

/** The rules, in another chain. */
function* linesIn({ segment, from, to }: Part, name: string): Generator<string> {
  for (let at = from; at < to; at++) {
    const text = isRun(segment) ? segment.text(at) : segment.text;
    yield moveToChain(text.replace(/\r$/, ''), name);
  }
}

/** Numbers of the line of the table's last chain declaration (or its head) and of its COMMIT. */
function findSection(table: Table, lines: LineEdits): { declarations: number; commit: number } {
  let declarations = table.span.line;
  for (let number = table.span.line + 1; number <= lines.count; number++) {
    const line = lines.line(number).trim();
    if (line === 'COMMIT') return { declarations, commit: number };
    if (line.startsWith(':') && declarations === number - 1) declarations = number;
  }
  throw new Error(`bug: table ${table.name} has no COMMIT`);
}

const startsWithCounters = (rule: Rule): boolean => /^\s*\[\d+:\d+\]/.test(rule.text);

function jumpLine(first: Rule, chain: string, name: string, devices: readonly string[]): string {
  const [only] = devices;
  const match = devices.length === 1 && only !== undefined ? ` ! -i ${only}` : '';
  return `${startsWithCounters(first) ? '[0:0] ' : ''}-A ${chain}${match} -j ${name}`;
}

/** With several devices the chain begins by returning theirs. */
function returnLines(first: Rule, name: string, devices: readonly string[]): string[] {
  if (devices.length === 1) return [];
  return devices.map((device) => `${startsWithCounters(first) ? '[0:0] ' : ''}-A ${name} -i ${device} -j RETURN`);
}

/** The rule's line with another chain: `-A chain …` or `--append chain …`, counters in front. */
function moveToChain(text: string, name: string): string {
  return text.replace(/^(\s*(?:\[\d+:\d+\]\s*)?(?:-A|--append)\s+)("[^"]*"|\S+)/, (_, head: string) => head + name);
}
