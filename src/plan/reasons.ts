/** Judgements in the words of a firewall admin. */
import type { Rule, RuleId } from '../model/ruleset.js';
import type { Judgement } from './decide.js';
import type { Reason, ReasonCode } from './plan.js';
import { reasonCodes } from './plan.js';

/** Codes whose message names what was found. */
const withDetail: Partial<Record<ReasonCode, (detail: string) => string>> = {
  'unknown-match': (detail) => `${detail} cannot be decided from the packet alone`,
  'opaque': (detail) => `"${detail}" is not understood, so the rule is kept as it is`,
  'stateful-match': (detail) => `evaluating "${detail}" changes state that later packets depend on, so its packets must reach it`,
  'effect': (detail) => `${detail} observes or alters packets, which must still happen`,
  'too-large': (detail) => `following the jump to ${detail} would exceed the size limits`,
};

export function toReason({ code, detail, blockedBy }: Judgement, rules: ReadonlyMap<RuleId, Rule>): Reason {
  const worded = detail === '' ? undefined : withDetail[code]?.(detail);
  return { code, message: (worded ?? reasonCodes[code]) + naming(blockedBy, rules), blockedBy };
}

function naming(blockedBy: readonly RuleId[], rules: ReadonlyMap<RuleId, Rule>): string {
  const [first] = blockedBy;
  if (first === undefined) return '';
  const rule = rules.get(first);
  const more = blockedBy.length > 1 ? ` and ${String(blockedBy.length - 1)} more` : '';
  return `: ${first}${rule ? ` (${rule.text.trim()})` : ''}${more}`;
}

/** The smallest change that would help; null where we know of none. */
export function hintFor(judgement: Judgement, rule: Rule | null, rules: ReadonlyMap<RuleId, Rule>): string | null {
  const [first] = judgement.blockedBy;
  const blocker = first === undefined ? undefined : rules.get(first);
  switch (judgement.code) {
    case 'blocked':
    case 'blocked-partly':
      if (!rule || !blocker) return null;
      if (sameChain(rule, blocker)) return `would be offloaded${judgement.code === 'blocked' ? '' : ' in full'} if it stood above line ${String(blocker.span.line)} (${blocker.id})`;
      return `would be offloaded in raw PREROUTING, or above ${blocker.id} on the packet's way`;
    case 'nat':
      return 'would be offloaded in raw PREROUTING, which packets meet before any translation';
    case 'other-course':
      return 'would be offloaded in raw PREROUTING, before packets are routed';
    case 'fragments':
      return 'stays for fragments and packets with a cut-off header; an address-only rule has no such rest';
    case 'set-timeout':
      return 'elements without a timeout are dropped in XDP';
    default:
      return null;
  }
}

const sameChain = (a: Rule, b: Rule): boolean => a.id.slice(0, a.id.lastIndexOf(' ')) === b.id.slice(0, b.id.lastIndexOf(' '));
