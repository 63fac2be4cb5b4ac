/** Judgements in the words of a firewall admin. */
import type { Rule, RuleId } from '../model/ruleset.js';
import type { Judgement } from './decide.js';
import type { Reason, ReasonCode } from './plan.js';
import { reasonCodes } from './plan.js';

/** Codes whose message names what was found. */
const withDetail: Partial<Record<ReasonCode, (detail: string) => string>> = {
  'unknown-match': (detail) => `${detail} cannot be decided from the packet alone`,
  opaque: (detail) => `"${detail}" is not understood, so the rule is kept as it is`,
  'stateful-match': (detail) =>
    `evaluating "${detail}" changes state that later packets depend on, so its packets must reach it`,
  'routes-unclear': (detail) => `it asks how the source is routed, which is not sure here: ${detail}`,
  effect: (detail) => `${detail} observes or alters packets, which must still happen`,
  'kept-in-place': (detail) => `XDP drops all its packets, but the rule stays: ${detail}`,
  'never-matches': (detail) => `no packet can match it; ${detail}`,
  'table-limit': (detail) => `a table that it needs would exceed a limit of the data plane: ${detail}`,
  'too-large': (detail) => `following the jump to ${detail} would exceed the size limits`,
};

/** Reasons that name nothing are shared: a hundred thousand lines have the same. */
const plain: Partial<Record<ReasonCode, Reason>> = {};

export function toReason({ code, detail, blockedBy }: Judgement, ruleOf: (id: RuleId) => Rule | undefined): Reason {
  if (detail === '' && blockedBy.length === 0) return (plain[code] ??= { code, message: reasonCodes[code], blockedBy });
  const worded = detail === '' ? undefined : withDetail[code]?.(detail);
  return { code, message: (worded ?? reasonCodes[code]) + naming(blockedBy, ruleOf), blockedBy };
}

function naming(blockedBy: readonly RuleId[], ruleOf: (id: RuleId) => Rule | undefined): string {
  const [first] = blockedBy;
  if (first === undefined) return '';
  const rule = ruleOf(first);
  const more = blockedBy.length > 1 ? ` and ${String(blockedBy.length - 1)} more` : '';
  return `: ${first}${rule ? ` (${rule.text.trim()})` : ''}${more}`;
}

type Hint = (rule: Rule | null, blocker: Rule | null) => string | null;

/**
 * Only a rule about named sources may be told to move: a catch-all drop above the accepts, or in raw, would close the host to everybody,
 * its admin included.
 */
const namesSources = (rule: Rule): boolean =>
  rule.parts.some((part) => {
    if (!('match' in part)) return false;
    const { match } = part;
    return (
      (match.kind === 'address' && match.field === 'saddr' && !match.negate) ||
      (match.kind === 'set' && match.dimensions[0] === 'src' && !match.negate)
    );
  });

const move =
  (text: string): Hint =>
  (rule) =>
    rule && namesSources(rule) ? text : null;

const aboveBlocker =
  (extent: string): Hint =>
  (rule, blocker) => {
    if (!rule || !blocker || !namesSources(rule)) return null;
    return sameChain(rule, blocker)
      ? `would be offloaded${extent} if it stood above ${lineOf(blocker, rule)} (${blocker.id})`
      : `would be offloaded${extent} in raw PREROUTING, or above ${blocker.id} on the packet's way`;
  };

const lineOf = ({ span }: Rule, from: Rule): string =>
  `line ${String(span.line)}${span.file === from.span.file ? '' : ` of ${span.file}`}`;

const hints: Partial<Record<ReasonCode, Hint>> = {
  blocked: aboveBlocker(''),
  'blocked-partly': aboveBlocker(' in full'),
  nat: move('would be offloaded in raw PREROUTING, which packets meet before any translation'),
  'other-course': move('would be offloaded in raw PREROUTING, before packets are routed'),
  fragments: () => 'stays for fragments and cut-off headers; a rule about addresses alone has no such rest',
  'routes-closed': () =>
    'would be offloaded after `sysctl net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1`, which forwards nothing: no packet ' +
    'arrives there from outside',
  'set-timeout': () => 'would leave netfilter if no element had a timeout',
};

/** The smallest change that would help; null where we know of none. */
export function hintFor(
  judgement: Judgement,
  rule: Rule | null,
  ruleOf: (id: RuleId) => Rule | undefined,
): string | null {
  const [first] = judgement.blockedBy;
  const blocker = first === undefined ? undefined : ruleOf(first);
  return hints[judgement.code]?.(rule, blocker ?? null) ?? null;
}

const sameChain = (a: Rule, b: Rule): boolean =>
  a.id.slice(0, a.id.lastIndexOf(' ')) === b.id.slice(0, b.id.lastIndexOf(' '));
