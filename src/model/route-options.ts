/**
 * Says whose each option of a rule is, as iptables' getopt does: its own options first, then those of the extensions, the one
 * loaded last before the others, exact names before unique beginnings; if nobody has it, the protocol's match is loaded as if
 * `-m tcp` stood there. What still belongs to nobody is kept as an orphan.
 */
import type { Span } from '../diagnostic.js';
import type { Option, RuleLine, Word } from '../parse/iptables-tree.js';
import { genericOptions, matchOptions, targetOptions } from './iptables-options.js';
import { protocolNumber } from './protocol-names.js';

/** An option under its full name. */
export interface Routed {
  readonly name: string;
  readonly option: Option;
}

/** One `-m`, or one `-j`. */
export interface Extension {
  readonly name: string;
  readonly span: Span;
  /** Its options are known; otherwise it takes every option after it. */
  readonly known: boolean;
  readonly options: Routed[];
}

export interface RoutedRule {
  /** `-s -d -p -i -o -f` under their letters. */
  readonly generic: readonly Routed[];
  readonly matches: readonly Extension[];
  readonly target: (Extension & { readonly goto: boolean }) | null;
  /** Options that belong to nobody, and words too many. */
  readonly orphans: readonly Option[];
  /** `-4` or `-6`: the line is for that family only. */
  readonly onlyFamily: 'ip' | 'ip6' | null;
}

const protocolMatches: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  50: 'esp',
  51: 'ah',
  58: 'icmp6',
  132: 'sctp',
  135: 'mh',
};

/** `-p` values under which iptables calls one match by two names. */
const aliases = new Map([
  ['icmpv6', 'icmp6'],
  ['ipv6-icmp', 'icmp6'],
]);

interface Draft {
  generic: Routed[];
  matches: Extension[];
  target: (Extension & { goto: boolean }) | null;
  orphans: Option[];
  onlyFamily: 'ip' | 'ip6' | null;
  /** Matches and the target in the order in which they were loaded. */
  loaded: Extension[];
  protocol: string | null;
}

/** `isChain` tells jumps to chains from targets. */
export function routeOptions(rule: RuleLine, isChain: (name: string) => boolean): RoutedRule {
  const draft: Draft = {
    generic: [],
    matches: [],
    target: null,
    orphans: [],
    onlyFamily: null,
    loaded: [],
    protocol: null,
  };
  for (const option of rule.options) routeOption(draft, option, isChain);
  return draft;
}

function routeOption(draft: Draft, option: Option, isChain: (name: string) => boolean): void {
  if (!option.name.startsWith('--')) {
    routeGeneric(draft, option.name, option, isChain);
    return;
  }
  const letter = genericOptions[option.name];
  if (letter !== undefined) {
    routeGeneric(draft, letter, option, isChain);
    return;
  }
  const found = findOwner(draft, option.name) ?? loadProtocolMatch(draft, option);
  if (!found) draft.orphans.push(option);
  else if (found.owner) found.owner.options.push({ name: found.name, option });
  else routeGeneric(draft, genericOptions[found.name] ?? found.name, option, isChain);
}

interface Found {
  /** null: one of iptables' own options. */
  readonly owner: Extension | null;
  readonly name: string;
}

const optionsOf = (extension: Extension): readonly string[] =>
  ('goto' in extension ? targetOptions : matchOptions).get(extension.name) ?? [];

function findOwner(draft: Draft, name: string): Found | null {
  const latestFirst = draft.loaded.toReversed();
  for (const owner of latestFirst) {
    if (!owner.known || optionsOf(owner).includes(name)) return { owner, name };
  }
  const starts: Found[] = [];
  for (const owner of latestFirst) {
    for (const full of optionsOf(owner)) if (full.startsWith(name)) starts.push({ owner, name: full });
  }
  for (const full of Object.keys(genericOptions)) if (full.startsWith(name)) starts.push({ owner: null, name: full });
  return starts.length === 1 ? starts[0]! : null;
}

/** `-p tcp --dport 22` without `-m tcp`. */
function loadProtocolMatch(draft: Draft, option: Option): Found | null {
  const number = draft.protocol === null ? null : protocolNumber(draft.protocol);
  const name = number === null ? undefined : protocolMatches[number];
  if (name === undefined || draft.loaded.some((extension) => !('goto' in extension) && extension.name === name))
    return null;
  if (!matchOptions.get(name)?.some((full) => full.startsWith(option.name))) return null;
  loadMatch(draft, name, option.span);
  return findOwner(draft, option.name);
}

function loadMatch(draft: Draft, written: string, span: Span): void {
  const name = aliases.get(written) ?? written;
  const match = { name, span, known: matchOptions.has(name), options: [] };
  draft.matches.push(match);
  draft.loaded.push(match);
}

/** Words that iptables' own options take; `-w` takes one if there is one, `-c` also takes `PACKETS,BYTES`. */
const takes: Readonly<Record<string, number>> = {
  '-s': 1,
  '-d': 1,
  '-p': 1,
  '-i': 1,
  '-o': 1,
  '-j': 1,
  '-g': 1,
  '-m': 1,
  '-c': 2,
  '-t': 1,
  '-M': 1,
};
const withoutMeaning = new Set(['-c', '-n', '-v', '-x', '-w', '-M']);

function routeGeneric(draft: Draft, letter: string, option: Option, isChain: (name: string) => boolean): void {
  const [value] = option.values;
  const free = letter === '-w' || (letter === '-c' && value?.text.includes(','));
  const wanted = free ? option.values.length : (takes[letter] ?? 0);
  const repeated = draft.generic.some((routed) => routed.name === letter);
  if (option.values.length !== wanted || repeated) draft.orphans.push(option);
  else if (letter === '-4' || letter === '-6') draft.onlyFamily = letter === '-4' ? 'ip' : 'ip6';
  else if (withoutMeaning.has(letter) && !option.negated) return;
  else if (letter === '-m' && value && !option.negated) loadMatch(draft, value.text, option.span);
  else if ((letter === '-j' || letter === '-g') && value && !option.negated && !draft.target) {
    loadTarget(draft, value, option.span, letter === '-g', isChain(value.text));
  } else if ('-s-d-p-i-o-f'.includes(letter)) {
    if (letter === '-p' && value) draft.protocol = value.text;
    draft.generic.push({ name: letter, option });
  } else draft.orphans.push(option);
}

function loadTarget(draft: Draft, value: Word, span: Span, goto: boolean, chain: boolean): void {
  const target = { name: value.text, span, known: chain || targetOptions.has(value.text), options: [], goto };
  draft.target = target;
  draft.loaded.push(target);
}
