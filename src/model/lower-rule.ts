/** One rule line to its parts: iptables' own options first, as the kernel checks them, then the matches as written, then the target. */
import type { RuleLine } from '../parse/iptables-tree.js';
import { printOption } from '../parse/print-iptables.js';
import type { AddressFamily } from './address.js';
import { lowerGeneric } from './lower-generic.js';
import { lowerMatch } from './lower-match.js';
import { lowerTarget } from './lower-target.js';
import type { ChainOf } from './lower-target.js';
import type { RuleContext } from './lowering-context.js';
import type { Part } from './match.js';
import { routeOptions } from './route-options.js';
import type { RoutedRule } from './route-options.js';

export interface LoweredRule {
  readonly parts: readonly Part[];
  /** Rules that iptables makes of the line: its lists of addresses multiply. */
  readonly rules: number;
  readonly onlyFamily: 'ip' | 'ip6' | null;
}

/** The order in which ip_packet_match asks; all of it is pure, so the order is for readers. */
const genericOrder = ['-s', '-d', '-i', '-o', '-p', '-f'];

export function lowerRule(rule: RuleLine, family: AddressFamily, place: ChainOf): LoweredRule {
  const routed = routeOptions(rule, place.isChain);
  const parts: Part[] = [];
  let rules = 1;
  for (const letter of genericOrder) {
    const option = routed.generic.find((one) => one.name === letter);
    if (!option) continue;
    const lowered = lowerGeneric(option, family);
    rules *= lowered.rules;
    if (lowered.match) parts.push({ match: lowered.match, span: option.option.span });
  }
  const context = { family, protocol: onlyProtocol(parts) } satisfies RuleContext;
  for (const extension of routed.matches) {
    for (const match of lowerMatch(extension, context)) parts.push({ match, span: extension.span });
  }
  parts.push(...orphanParts(routed));
  const statement = lowerTarget(routed, place);
  if (statement) parts.push({ statement, span: routed.target?.span ?? rule.span });
  return { parts, rules, onlyFamily: routed.onlyFamily };
}

/** Options that belong to nobody we know: kept verbatim, and nothing is known of the rule. */
function orphanParts(routed: RoutedRule): Part[] {
  return routed.orphans.map((option) => ({
    match: { kind: 'unknown', name: option.name, text: printOption(option), knowledge: 'opaque' },
    span: option.span,
  }));
}

function onlyProtocol(parts: readonly Part[]): number | null {
  for (const part of parts) {
    if ('match' in part && part.match.kind === 'protocol' && !part.match.negate)
      return part.match.protocols[0]?.[0] ?? null;
  }
  return null;
}
