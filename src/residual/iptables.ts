/**
 * An iptables-save text without the rules that XDP decides for the covered devices. Every other line stays as it was. Each run of such
 * rules is replaced at its place by one jump to a chain that holds them, entered only by packets of other devices.
 */
import type { Rule, RuleId, Table } from '../model/ruleset.js';
import { inWrittenOrder, isRun, segmentsOf } from '../model/segments.js';
import { chainNamer } from './chain-name.js';
import { onlyCovered } from './only-covered.js';

export interface ResidualOptions {
  readonly devices: readonly string[];
  readonly isFull: (rule: RuleId) => boolean;
}

/** Rules of one chain that stood one after the other. */
interface Run {
  readonly chain: string;
  readonly first: Rule;
  /** Numbers of their lines. */
  readonly lines: number[];
  /** Lines of those that packets of other devices must still meet. */
  readonly held: string[];
}

interface Edits {
  /** By line number, from 1: lines that replace the line (none: it is gone). */
  readonly replaced: Map<number, readonly string[]>;
  /** Lines to put after / before a line. */
  readonly after: Map<number, string[]>;
  readonly before: Map<number, string[]>;
}

/** iptables refuses longer chain names (XT_EXTENSION_MAXNAMELEN - 1). */
const style = { prefix: 'OFFLOAD_', longest: 28 };

export function residualIptables(text: string, tables: readonly Table[], options: ResidualOptions): string {
  const lines = text.split('\n');
  const newline = lines.some((line) => line.endsWith('\r')) ? '\r' : '';
  const edits: Edits = { replaced: new Map(), after: new Map(), before: new Map() };
  for (const table of tables) editTable(table, lines, edits, options);
  const end = (line: string): string => line + newline;
  return lines
    .flatMap((line, i) => [
      ...(edits.before.get(i + 1) ?? []).map(end),
      ...(edits.replaced.get(i + 1)?.map(end) ?? [line]),
      ...(edits.after.get(i + 1) ?? []).map(end),
    ])
    .join('\n');
}

function editTable(table: Table, lines: readonly string[], edits: Edits, options: ResidualOptions): void {
  const freshName = chainNamer(table.chains.keys(), style);
  const section = findSection(table, lines);
  for (const { chain, first, lines: taken, held } of runsOf(table, options)) {
    for (const line of taken) edits.replaced.set(line, []);
    if (held.length === 0) continue;
    const name = freshName(chain);
    push(edits.after, section.declarations, `:${name} - [0:0]`);
    edits.replaced.set(taken[0]!, [jumpLine(first, chain, name, options.devices)]);
    for (const line of returnLines(first, name, options.devices)) push(edits.before, section.commit, line);
    for (const line of held) push(edits.before, section.commit, moveToChain(line.replace(/\r$/, ''), name));
  }
}

function runsOf(table: Table, { isFull, devices }: ResidualOptions): Run[] {
  const runs: Run[] = [];
  for (const chain of table.chains.values()) {
    let run: Run | null = null;
    const held = new Map(segmentsOf(chain).map((one) => [one, !onlyCovered(isRun(one) ? one.first : one, devices)]));
    for (const { segment, at } of inWrittenOrder(chain)) {
      const rule = isRun(segment) ? segment.first : segment;
      if (!isFull(isRun(segment) ? segment.id(at) : rule.id)) {
        run = null;
        continue;
      }
      if (!run) runs.push((run = { chain: chain.name, first: rule, lines: [], held: [] }));
      run.lines.push(isRun(segment) ? segment.line(at) : rule.span.line);
      if (held.get(segment)) run.held.push(isRun(segment) ? segment.text(at) : rule.text);
    }
  }
  return runs;
}

/** Line numbers of the table's last chain declaration (or its head) and of its COMMIT. */
function findSection(table: Table, lines: readonly string[]): { declarations: number; commit: number } {
  let declarations = table.span.line;
  for (let i = table.span.line; i < lines.length; i++) {
    const line = lines[i]?.trim() ?? '';
    if (line === 'COMMIT') return { declarations, commit: i + 1 };
    if (line.startsWith(':') && declarations === i) declarations = i + 1;
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

function push(edits: Map<number, string[]>, line: number, text: string): void {
  const list = edits.get(line);
  if (list) list.push(text);
  else edits.set(line, [text]);
}
