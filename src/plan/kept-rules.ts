/**
 * Rules that stay in the text although XDP may decide all their packets, each with the reason. The residual edits texts, not meanings:
 * where rules were not simply written down one after the other (iptables' `-I`, `-D`, `-F`; nft's `index`, `handle`) a chain is left alone.
 * So is a chain that POSTROUTING reaches: there forwarded packets still carry their input device (`ip_output`, Linux 6.18), so the jump
 * for other devices would miss them. And a regular chain to which a rule may lead that is not followed: the plan knows only some of its
 * packets.
 */
import type { Chain, Hook, Rule, Ruleset, Table } from '../model/ruleset.js';
import { isRun, segmentsOf } from '../model/segments.js';
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
        const found = why ?? keptByItself(isRun(segment) ? segment.first : segment);
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

const isHooked = (chain: Chain, hook: Hook): boolean => chain.kind === 'base' && chain.hook === hook;

function isWrittenInOrder(chain: Chain): boolean {
  let before: { readonly file: string; readonly line: number } | null = null;
  for (const segment of segmentsOf(chain)) {
    const rule = isRun(segment) ? segment.first : segment;
    if (!isAppended(rule, before, chain.name)) return false;
    before = isRun(segment) ? { file: rule.span.file, line: segment.line(segment.count - 1) } : rule.span;
  }
  return true;
}

/** Lines of a run stand one below the other, and begin alike. */
function isAppended(
  rule: Rule,
  before: { readonly file: string; readonly line: number } | null,
  chain: string,
): boolean {
  if (before && before.file === rule.span.file && before.line >= rule.span.line) return false;
  if (rule.text.startsWith(`-A ${chain} `)) return true;
  const words = rule.text
    .trimStart()
    .replace(/^\[\d+:\d+\]\s*/, '')
    .split(/\s+/, 2);
  return (words[0] === '-A' || words[0] === '--append') && (words[1] === chain || words[1] === `"${chain}"`);
}
