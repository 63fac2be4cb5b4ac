/** What a run came to, as a table: how much of what netfilter drops silently XDP takes, and why not the rest. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { observing } from './missed.js';
import type { CaseSummary } from './run-case.js';

export interface Tally {
  readonly add: (group: string, report: CaseSummary) => void;
  readonly findings: () => number;
  /** The table in Markdown. */
  readonly lines: () => string[];
  /** Puts it into a Markdown file, between the marks `<!-- NAME -->` and `<!-- end of NAME -->`. */
  readonly write: (file: string) => Promise<void>;
}

interface Sum {
  rulesets: number;
  datagrams: number;
  silent: number;
  early: number;
  findings: number;
  readonly missed: Map<string, number>;
}

const empty = (): Sum => ({ rulesets: 0, datagrams: 0, silent: 0, early: 0, findings: 0, missed: new Map() });

function into(sum: Sum, report: CaseSummary): void {
  sum.rulesets++;
  sum.datagrams += report.datagrams * report.backends;
  sum.silent += report.silent;
  sum.early += report.early;
  sum.findings += report.findings.length;
  for (const [why, count] of report.missed) sum.missed.set(why, (sum.missed.get(why) ?? 0) + count);
}

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);
const thousands = (value: number): string => value.toLocaleString('en-US');

function row(name: string, sum: Sum): string {
  // Dropped in silence, but a rule that logs, limits or answers sees it: XDP has to leave it.
  const seen = [...sum.missed].reduce((total, [why, count]) => total + (observing.has(why) ? count : 0), 0);
  const reasons = [...sum.missed].sort(([, a], [, b]) => b - a);
  const shown = reasons.slice(0, 6).map(([why, count]) => `${why} ${percent(count, sum.silent)}`);
  const cells = [
    name,
    String(sum.rulesets),
    thousands(sum.datagrams),
    String(sum.findings),
    thousands(sum.silent),
    percent(sum.early, sum.silent),
    percent(sum.early, sum.silent - seen),
    shown.join(', ') || '-',
  ];
  return `| ${cells.join(' | ')} |`;
}

export function createTally(seed: number, frames: number, name: 'run' | 'traffic'): Tally {
  const marks = [`<!-- ${name} -->`, `<!-- end of ${name} -->`] as const;
  const groups = new Map<string, Sum>();
  const all = empty();
  const lines = (): string[] => [
    `Seed ${seed}, ${thousands(frames)} datagrams a ruleset.`,
    '',
    '| rulesets | number | datagrams | findings | dropped silently | of them by XDP | of those that no effect sees | the rest, by reason |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...groups].map(([name, sum]) => row(name, sum)),
    row('all', all),
  ];
  return {
    add: (group, report) => {
      const sum = groups.get(group) ?? empty();
      groups.set(group, sum);
      into(sum, report);
      into(all, report);
    },
    findings: () => all.findings,
    lines,
    write: async (file) => {
      const text = readFileSync(file, 'utf8');
      const [start, end] = marks.map((mark) => text.indexOf(mark));
      if (start === undefined || end === undefined || start < 0 || end < start)
        throw new Error(`${file} lacks ${marks.join(' and ')}`);
      const made = `${text.slice(0, start)}${marks[0]}\n\n${lines().join('\n')}\n\n${text.slice(end)}`;
      writeFileSync(file, await format(made, { ...(await resolveConfig(file)), filepath: file }));
    },
  };
}
