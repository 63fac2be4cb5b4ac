/**
 * Rules that stay in the text although XDP may decide all their packets, each with the reason. The residual edits texts, not meanings:
 * where rules were not simply written down one after the other (iptables' `-I`, `-D`, `-F`; nft's `index`, `handle`) a chain is left alone.
 * So is a chain that POSTROUTING reaches: there forwarded packets still carry their input device (`ip_output`, Linux 6.18), so the jump
 * for other devices would miss them. And a regular chain to which a rule may lead that is not followed: the plan knows only some of its
 * packets.
 */
import type { Match } from '../model/match.js';
import type { Chain, Family, Hook, Rule, Ruleset, Table } from '../model/ruleset.js';
import { areInOrder, isRun, segmentsOf, type Segment } from '../model/segments.js';
import type { RuleOrRun } from '../analyse/walk.js';
import { chainWays, reachedFrom, tooDeep } from './chain-ways.js';

/** A run is kept as a whole. */
export type KeptRules = ReadonlyMap<RuleOrRun, string>;

export function keptRules(ruleset: Ruleset): KeptRules {
  const kept = new Map<RuleOrRun, string>();
  for (const table of ruleset.tables) {
    const whole = keptTable(table);
    const ways = chainWays(table);
    const fromHook = (hook: Hook): ReadonlySet<string> =>
      reachedFrom(
        [...table.chains.values()].filter((one) => isHooked(one, hook)).map(({ name }) => name),
        ways,
      );
    const late = fromHook('postrouting');
    const early = fromHook('ingress');
    const deep = tooDeep(table.chains.values(), ways);
    for (const chain of table.chains.values()) {
      let why = whole;
      if (late.has(chain.name)) why ??= 'its chain is reached from postrouting';
      // Frames of VLANs, and for other stations, that XDP leaves alone.
      if (early.has(chain.name))
        why ??= 'ingress chains also see frames that XDP leaves alone, of VLANs and for other stations';
      if (chain.kind === 'regular' && ways.anywhere !== null)
        why ??= `${ways.anywhere} may lead more packets to its chain than is known`;
      if (deep.has(chain.name))
        why ??= 'its chain is nested as deep as the kernel takes, so no jump for other devices can take its place';
      if (table.dialect === 'iptables' && !isWrittenInOrder(chain))
        why ??= 'its chain is not written in the order of its rules';
      for (const segment of segmentsOf(chain)) {
        const rule = isRun(segment) ? segment.first : segment;
        const found = why ?? (table.dialect === 'nft' ? keptByItself(rule) : dropsBesides(rule, table.family));
        if (found !== null) kept.set(isRun(segment) ? segment : segment.id, found);
      }
    }
  }
  return kept;
}

function keptTable({ family, name, managed, loads }: Table): string | null {
  if (managed === 'iptables-names')
    return `table ${family} ${name} may be iptables' own, by its names; give its iptables-save dump as well`;
  if (managed === 'iptables-nft')
    return `table ${family} ${name} is iptables' own; give its iptables-save dump as well`;
  if (managed === 'owner') return `table ${family} ${name} belongs to a running program (flags owner)`;
  return loads === 'into-existing'
    ? `the input edits chains of table ${family} ${name} that it does not declare`
    : null;
}

/** nft: how the rule is written, and that every way through it drops. The rules of a run are alike in that. */
function keptByItself({ cut, parts }: Rule): string | null {
  if (!cut) return null;
  if (cut.kind === 'kept') return cut.why;
  const last = parts[parts.length - 1];
  return last && 'statement' in last && last.statement.kind === 'drop' ? null : 'it does not drop all its packets';
}

/**
 * iptables drops a packet on the spot (`hotdrop`) whose header is too short for a match, before it asks the matches behind that one; for
 * IPv6 already where `-p` finds no protocol, after the other options of the rule itself (`ip6_packet_match`, Linux 6.18). A rule that asks
 * for more than headers after that drops packets besides its own. Where it asks for nothing more, what drops its packets without asking
 * for a header drops those too.
 */
function dropsBesides({ parts, text }: Rule, family: Family): string | null {
  let wants = false;
  for (const part of parts) {
    if (!('match' in part)) break;
    const { kind } = part.match;
    if (readsHeader.has(kind)) wants = true;
    else if (kind === 'protocol') wants ||= family === 'ip6';
    else if (wants && kind !== 'comment' && !(ownOptions.has(kind) && !isOfExtension(text, part.span.column)))
      return 'it also drops packets whose header is cut short, whatever it asks of them after that';
  }
  return null;
}

const readsHeader: ReadonlySet<Match['kind']> = new Set(['port', 'tcpFlags', 'header', 'icmp']);
const ownOptions: ReadonlySet<Match['kind']> = new Set(['address', 'interface', 'fragment']);

/** `-m iprange`: an address, but no option of the rule itself. */
const isOfExtension = (text: string, column: number): boolean => /^--?m/.test(text.slice(column - 1));

const isHooked = (chain: Chain, hook: Hook): boolean => chain.kind === 'base' && chain.hook === hook;

function isWrittenInOrder(chain: Chain): boolean {
  let before: Line | null = null;
  const segments = segmentsOf(chain);
  if (!areInOrder(segments)) return areLinesInOrder(chain);
  for (const segment of segments) {
    const rule = isRun(segment) ? segment.first : segment;
    if (!isAppended(rule, before, chain.name)) return false;
    before = isRun(segment) ? { file: rule.span.file, line: segment.line(segment.count - 1) } : rule.span;
  }
  return true;
}

interface Line {
  readonly file: string;
  readonly line: number;
}

/** Where drops of several kinds stand in turn. All of a chain stand in one file, and no two have one number. */
function areLinesInOrder(chain: Chain): boolean {
  const segments = segmentsOf(chain);
  const lines = new Float64Array(segments.reduce((most, segment) => Math.max(most, lastNumber(segment)), 0) + 1);
  for (const segment of segments) {
    if (!isAppended(isRun(segment) ? segment.first : segment, null, chain.name)) return false;
    if (!isRun(segment)) lines[segment.number] = segment.span.line;
    else for (let i = 0; i < segment.count; i++) lines[segment.number(i)] = segment.line(i);
  }
  let before = 0;
  for (const line of lines) {
    if (line === 0) continue;
    if (line <= before) return false;
    before = line;
  }
  return true;
}

const lastNumber = (segment: Segment): number => (isRun(segment) ? segment.number(segment.count - 1) : segment.number);

/** Lines of a run begin alike. */
function isAppended(rule: Pick<Rule, 'span' | 'text'>, before: Line | null, chain: string): boolean {
  if (before && before.file === rule.span.file && before.line >= rule.span.line) return false;
  if (rule.text.startsWith(`-A ${chain} `)) return true;
  const words = rule.text
    .trimStart()
    .replace(/^\[\d+:\d+\]\s*/, '')
    .split(/\s+/, 2);
  return (words[0] === '-A' || words[0] === '--append') && (words[1] === chain || words[1] === `"${chain}"`);
}
