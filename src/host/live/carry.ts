/**
 * What moves by itself, carried from a table as it is now into another text of the same table: packet counters of rules that stand in
 * both, and the elements of its sets. Without it a swap would turn back what happened since the text was read.
 */
import type { TableFormat } from './table-texts.js';

export const carryOver = (format: TableFormat, into: string, now: string): string =>
  format === 'nft' ? withElements(withCounters(into, now, nftLine), now) : withCounters(into, now, iptablesLine);

interface Counted {
  /** The line without its counter: lines of one chain with equal keys are the same rule. */
  readonly key: string;
  readonly counter: string | null;
  readonly withCounter: (counter: string) => string;
}

type LineReader = (line: string, chain: string) => Counted;

/** Rules that are written alike are told apart by their order. */
function withCounters(into: string, now: string, read: LineReader): string {
  const current = new Map<string, string[]>();
  for (const { counted } of linesOf(now, read)) {
    if (counted.counter === null) continue;
    const known = current.get(counted.key);
    if (known) known.push(counted.counter);
    else current.set(counted.key, [counted.counter]);
  }
  const next = new Map<string, number>();
  return linesOf(into, read)
    .map(({ line, counted }) => {
      if (counted.counter === null) return line;
      const at = next.get(counted.key) ?? 0;
      next.set(counted.key, at + 1);
      const counter = current.get(counted.key)?.[at];
      return counter === undefined ? line : counted.withCounter(counter);
    })
    .join('\n');
}

function linesOf(text: string, read: LineReader): { readonly line: string; readonly counted: Counted }[] {
  let chain = '';
  return text.split('\n').map((line) => {
    if (/^\t(chain|counter) /.test(line)) chain = line;
    return { line, counted: read(line, chain) };
  });
}

/** Rules that a residual keeps for other devices stand in chains named for the one they come from: there they are the same rules. */
const origin = (chain: string): string => chain.replace(/^OFFLOAD_(.+)_\d+$/i, '$1');

/** `[5:300] -A INPUT …`, `:INPUT ACCEPT [5:300]`; the chain stands in the line. */
const iptablesLine: LineReader = (line) => {
  const rule = /^\[(\d+:\d+)\] (-A .*)$/.exec(line);
  if (rule)
    return {
      key: (rule[2] ?? '').replace(/^-A (\S+)/, (_, chain: string) => `-A ${origin(chain)}`),
      counter: rule[1] ?? null,
      withCounter: (n) => `[${n}] ${rule[2] ?? ''}`,
    };
  const chain = /^(:\S+ \S+) \[(\d+:\d+)\]$/.exec(line);
  if (chain) return { key: chain[1] ?? '', counter: chain[2] ?? null, withCounter: (n) => `${chain[1] ?? ''} [${n}]` };
  return uncounted;
};

const nftCounter = /\bpackets \d+ bytes \d+/;

/** `… counter packets 5 bytes 300 …`, and the line of a named counter. */
const nftLine: LineReader = (line, chain) => {
  const counter = nftCounter.exec(line)?.[0] ?? null;
  if (counter === null || line.startsWith('\t\telements')) return uncounted;
  return {
    key: `${chain.replace(/^\tchain (\S+)/, (_, name: string) => `\tchain ${origin(name)}`)}\n${line.replace(nftCounter, '')}`,
    counter,
    withCounter: (n) => line.replace(nftCounter, n),
  };
};

const uncounted: Counted = { key: '', counter: null, withCounter: () => '' };

interface SetText {
  readonly head: string;
  readonly elements: readonly string[];
}

function withElements(into: string, now: string): string {
  const current = new Map(setsOf(now).map(({ head, elements }) => [head, elements]));
  const out: string[] = [];
  let head: string | null = null;
  let skipping = false;
  for (const line of into.split('\n')) {
    if (/^\t(set|map) .*\{$/.test(line)) head = line;
    const begins: boolean = head !== null && line.startsWith('\t\telements = {');
    if (head !== null && (begins || skipping) && current.has(head)) {
      skipping = !line.endsWith('}');
      continue;
    }
    if (head !== null && line === '\t}') {
      out.push(...(current.get(head) ?? []));
      head = null;
    }
    out.push(line);
  }
  return out.join('\n');
}

/** Every set and map of a listing, with the lines of its elements. */
function setsOf(text: string): SetText[] {
  const sets: { head: string; elements: string[] }[] = [];
  let set: { head: string; elements: string[] } | null = null;
  let inside = false;
  for (const line of text.split('\n')) {
    if (/^\t(set|map) .*\{$/.test(line)) sets.push((set = { head: line, elements: [] }));
    else if (line === '\t}') set = null;
    if (set === null) continue;
    const begins: boolean = line.startsWith('\t\telements = {');
    if (begins || inside) {
      set.elements.push(line);
      inside = !line.endsWith('}');
    }
  }
  return sets;
}
