/** The syntax tree of ipset save to named sets: its lines are applied in order, as ipset restore would. */
import type { Diagnostic, DiagnosticCode, Span } from '../diagnostic.js';
import type { AddRun, CreateLine, ElementLine, IpsetLine, PairLine, WholeLine } from '../parse/ipset-tree.js';
import { timeoutNotWritten } from '../parse/scan-adds.js';
import { quote } from '../parse/syntax-error.js';
import { SetDraft } from './set-draft.js';
import type { NamedSet } from './set.js';

export interface LoweredIpset {
  readonly sets: readonly NamedSet[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Walk {
  readonly sets: Map<string, SetDraft>;
  readonly diagnostics: Diagnostic[];
  /** Names already complained about: a missing set may have a million lines. */
  readonly missing: Set<string>;
}

export function lowerIpset({ lines }: { readonly lines: Iterable<IpsetLine | AddRun> }): LoweredIpset {
  const walk: Walk = { sets: new Map(), diagnostics: [], missing: new Set() };
  for (const line of lines) {
    switch (line.kind) {
      case 'blank':
      case 'comment':
      case 'commit':
        break;
      case 'create':
        create(walk, line);
        break;
      case 'add':
      case 'del':
        changeElement(walk, line);
        break;
      case 'adds':
        addRun(walk, line);
        break;
      case 'swap':
      case 'rename':
        exchange(walk, line);
        break;
      case 'flush':
      case 'destroy':
        whole(walk, line);
        break;
    }
  }
  return { sets: [...walk.sets].map(([name, draft]) => draft.finish(name)), diagnostics: walk.diagnostics };
}

function report(walk: Walk, code: DiagnosticCode, span: Span, message: string): void {
  walk.diagnostics.push({ code, severity: 'error', span, message, notes: [] });
}

function create(walk: Walk, line: CreateLine): void {
  if (walk.sets.has(line.set.text)) {
    if (!line.exist) report(walk, 'duplicate-set', line.span, `set ${quote(line.set.text)} is created twice`);
    return;
  }
  walk.sets.set(line.set.text, new SetDraft(line));
}

function find(walk: Walk, name: string, span: Span): SetDraft | null {
  const set = walk.sets.get(name);
  if (!set && !walk.missing.has(name)) {
    walk.missing.add(name);
    report(
      walk,
      'unknown-set',
      span,
      `set ${quote(name)} is not created before this line; expected a create line for it`,
    );
  }
  return set ?? null;
}

function changeElement(walk: Walk, line: ElementLine): void {
  const set = find(walk, line.set.text, line.span);
  if (line.kind === 'add') set?.addLine(line);
  else set?.removeLine(line);
}

function addRun(walk: Walk, run: AddRun): void {
  const set = find(walk, run.set, run.span);
  if (!set) return;
  for (let i = 0; i < run.count; i++) {
    const timeout = run.timeout?.[i] ?? timeoutNotWritten;
    set.add(
      run.text,
      run.start[i]!,
      run.end[i]!,
      timeout === timeoutNotWritten ? null : timeout,
      run.nomatch?.[i] === 1,
    );
  }
}

function exchange(walk: Walk, line: PairLine): void {
  const from = find(walk, line.from.text, line.span);
  if (!from) return;
  const there = line.kind === 'swap' ? find(walk, line.to.text, line.span) : walk.sets.get(line.to.text);
  if (line.kind === 'rename' && there) {
    report(walk, 'duplicate-set', line.span, `set ${quote(line.to.text)} is there already`);
    return;
  }
  walk.sets.delete(line.from.text);
  walk.sets.set(line.to.text, from);
  if (there) walk.sets.set(line.from.text, there);
}

function whole(walk: Walk, line: WholeLine): void {
  const names = line.set ? [line.set.text] : [...walk.sets.keys()];
  for (const name of names) {
    const set = find(walk, name, line.span);
    if (line.kind === 'destroy') walk.sets.delete(name);
    else set?.flush();
  }
}
