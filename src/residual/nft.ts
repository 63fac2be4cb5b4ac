/**
 * An nft text without the rules that XDP decides for the covered devices. Everything else stays, layout and comments too. Each run of such
 * rules becomes one jump at its place to a chain behind the chain's block, which holds them for other devices. Where the text does not
 * empty the ruleset itself, it first makes and deletes its tables, so that loading it replaces them in one transaction (`nft -f`).
 */
import type { Chain, Extent, Rule, Table } from '../model/ruleset.js';
import type { ResidualOptions } from './iptables.js';
import { onlyCovered } from './only-covered.js';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export function residualNft(text: string, tables: readonly Table[], options: ResidualOptions): string {
  const edits: Edit[] = [];
  for (const table of tables) {
    if (table.managed) edits.push(...leaveOut(table, text));
    else {
      const names = new Set(table.chains.keys());
      for (const chain of table.chains.values()) editChain(chain, text, names, edits, options);
    }
  }
  return withReplacement(applyEdits(text, edits), tables);
}

function applyEdits(text: string, edits: Edit[]): string {
  edits.sort((a, b) => a.start - b.start);
  let out = '';
  let at = 0;
  for (const { start, end, text: put } of edits) {
    out += text.slice(at, start) + put;
    at = Math.max(at, end);
  }
  return out + text.slice(at);
}

/** nft cannot load what it shows of iptables' extensions, and the table is not ours to replace. */
const leaveOut = (table: Table, text: string): Edit[] =>
  (table.blocks ?? []).map(({ start, end }) => ({
    start,
    end: text.charAt(end) === '\n' ? end + 1 : end,
    text: `# table ${table.family} ${table.name} is left to iptables\n`,
  }));

function editChain(chain: Chain, text: string, names: Set<string>, edits: Edit[], options: ResidualOptions): void {
  const behind = new Map<Extent, string>();
  for (const run of runsOf(chain, options)) {
    const [first] = run.rules;
    if (!first?.extent) continue;
    for (const rule of run.rules) if (rule.extent && rule !== first) edits.push(lineOf(rule.extent, text));
    const kept = run.rules.filter((rule) => !onlyCovered(rule, options.devices));
    if (kept.length === 0) {
      edits.push(lineOf(first.extent, text));
      continue;
    }
    const name = freshName(chain.name, names);
    const [only] = options.devices;
    const jump =
      options.devices.length === 1 && only !== undefined ? `iifname != "${only}" jump ${name}` : `jump ${name}`;
    edits.push({ ...first.extent, text: jump });
    const indent = /[ \t]*$/.exec(text.slice(0, run.block.start))?.[0] ?? '';
    const inner = `${indent}\t`;
    const returns =
      options.devices.length > 1
        ? [`iifname { ${options.devices.map((device) => `"${device}"`).join(', ')} } return`]
        : [];
    const lines = [...returns, ...kept.map((rule) => rule.text.trim())].map((line) => `${inner}${line}\n`);
    const made = `\n\n${indent}chain ${name} {\n${lines.join('')}${indent}}`;
    behind.set(run.block, (behind.get(run.block) ?? '') + made);
  }
  for (const [block, made] of behind) edits.push({ start: block.end, end: block.end, text: made });
}

interface Run {
  readonly block: Extent;
  readonly rules: Rule[];
}

/** Rules that stand one after the other in one block. */
function runsOf(chain: Chain, { isFull }: ResidualOptions): Run[] {
  const runs: Run[] = [];
  let run = null as Run | null;
  let last: Rule | null = null;
  for (const rule of chain.rules) {
    // The other ways through one rule.
    if (last?.id === rule.id) continue;
    last = rule;
    const { extent } = rule;
    const block = extent && chain.blocks?.find(({ start, end }) => start <= extent.start && extent.end <= end);
    if (!extent || !block || !isFull(rule.id)) run = null;
    else if (run?.block === block) run.rules.push(rule);
    else runs.push((run = { block, rules: [rule] }));
  }
  return runs;
}

/** The whole line where the rule is alone on it, with its handle comment; else the rule and the `;` behind it. */
function lineOf({ start, end }: Extent, text: string): Edit {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const before = text.slice(lineStart, start);
  const after = text.slice(end, newline < 0 ? text.length : newline);
  if (before.trim() === '' && newline >= 0 && /^\s*;?\s*(# handle \d+\s*)?$/.test(after))
    return { start: lineStart, end: newline + 1, text: '' };
  const semicolon = /^\s*;/.exec(after)?.[0].length ?? 0;
  return { start, end: end + semicolon, text: '' };
}

function freshName(chain: string, names: Set<string>): string {
  for (let n = 1; ; n++) {
    const name = `offload_${chain}_${n}`.slice(-120);
    if (names.has(name)) continue;
    names.add(name);
    return name;
  }
}

/** `table X` makes it where it is not there yet, so that `delete table X` always has one to delete. */
function withReplacement(text: string, tables: readonly Table[]): string {
  if (/^\s*(flush\s+ruleset|(delete|destroy|flush)\s+table)\b/m.test(text)) return text;
  const lines = tables
    .filter(({ managed }) => !managed)
    .map(({ family, name }) => `table ${family} ${name}\ndelete table ${family} ${name}\n`);
  if (lines.length === 0) return text;
  const head = /^#!.*\n/.exec(text)?.[0] ?? '';
  return `${head}${lines.join('')}\n${text.slice(head.length)}`;
}
