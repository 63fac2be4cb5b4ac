/** One rule in one state: matches and statements in their order. */
import type { Match, Statement } from '../model/match.js';
import type { Rule } from '../model/ruleset.js';
import { Maybe, MaybeHotDrop, No, Yes } from './answer.js';
import { underAssumptions } from './assume.js';
import type { PassHow } from './fate.js';
import { applyMark, forgetMark } from './mark-state.js';
import { matchPacket } from './match-packet.js';
import { changed, Changed, DestinationChanged, SourceChanged, type View } from './view.js';
import { addState, assuming, enterChain, type ChainEnds, type Walk } from './walk-chain.js';

const manglesTo: Record<Extract<Statement, { kind: 'mangle' }>['changes'], number> = {
  ttl: Changed.ttl,
  tos: Changed.tos,
  length: Changed.length,
  other: Changed.bytes | Changed.length,
};

/** `ended`: the walk of this rule is over. Otherwise the state goes on to the rule's next part. */
type Step = { readonly ended: true } | { readonly ended: false; readonly state: number };

const ended: Step = { ended: true };

function pass(walk: Walk, rule: Rule, how: PassHow): Step {
  if (!walk.outcomes.passes.has(rule.id)) walk.outcomes.passes.set(rule.id, how);
  return ended;
}

function accept(ends: ChainEnds, state: number): Step {
  addState(ends.accepts, state);
  return ended;
}

/** @param next States that go on to the chain's next rule. */
function execute(walk: Walk, rule: Rule, statement: Statement, state: number, next: number[], ends: ChainEnds): Step {
  switch (statement.kind) {
    case 'accept':
      return accept(ends, state);
    case 'drop':
      walk.outcomes.drops.add(rule.id);
      return ended;
    case 'return':
      addState(ends.returns, state);
      return ended;
    case 'jump':
    case 'goto': {
      const entered = enterChain(walk, statement.chain, state);
      for (const accepted of entered.accepts) addState(ends.accepts, accepted);
      const back = statement.kind === 'jump' ? next : ends.returns;
      for (const returned of entered.returns) addState(back, returned);
      return ended;
    }
    case 'reject':
      return pass(walk, rule, 'reject');
    case 'nat':
      return accept(ends, state | (statement.changes === 'source' ? SourceChanged : DestinationChanged));
    case 'setMark':
      return { ended: false, state: applyMark(state, statement) };
    case 'annotate':
      return { ended: false, state: statement.name === 'mark' ? forgetMark(state) : state };
    case 'mangle':
      return { ended: false, state: state | manglesTo[statement.changes] };
    case 'observe':
      return walk.outcomes.through ? { ended: false, state } : pass(walk, rule, 'effect');
    case 'handover':
    case 'opaque':
      return pass(walk, rule, 'effect');
  }
}

/**
 * Behind `-p tcp` the unknown protocol is TCP. Not for AH: iptables-nft takes it for the protocol, while legacy and the sets look
 * behind it.
 */
function withProtocol(view: View, match: Match, state: number): View {
  if (match.kind !== 'protocol' || match.negate || view.packet.protocol !== null || changed(state, 0)) return view;
  const [[low, high] = [0, 1]] = match.protocols;
  if (match.protocols.length !== 1 || low !== high || low === 51) return view;
  return { ...view, packet: { ...view.packet, protocol: low } };
}

const asksForIp = new Set<Match['kind']>([
  'family',
  'address',
  'set',
  'protocol',
  'port',
  'tcpFlags',
  'header',
  'icmp',
  'ttl',
  'tos',
  'addressType',
]);

/**
 * A tag in a tag is no IP packet at ingress, so what asks for one does not match; but of a rule that looks behind the tags itself we would know
 * nothing.
 */
const isBehindTags = ({ parts }: Rule, { hook, packet }: View): boolean =>
  hook === 'ingress' &&
  packet.tags > 1 &&
  !parts.some((part) => 'match' in part && part.match.kind === 'unknown' && part.match.knowledge !== 'stateful');

/** Evaluating it is an effect: later packets of the flow meet another state. */
const isEffect = (match: Match, { learns }: View): boolean =>
  match.kind === 'set' ? learns(match.set) : match.kind === 'unknown' && match.knowledge !== 'pure';

/**
 * Adds the states in which the packet goes on to the next rule to `next`, and other ends of the chain to `ends`. Drops and passes
 * are noted in the walk's outcomes.
 */
export function evaluateRule(walk: Walk, rule: Rule, start: number, next: number[], ends: ChainEnds): void {
  let state = start;
  let doubtful: Match | null = null;
  let hotDrop: Match | null = null;
  let { assumed, view } = walk;
  const isBehind = isBehindTags(rule, view);
  for (const part of rule.parts) {
    if ('statement' in part) {
      if (isLast(part.statement)) note(walk, rule, doubtful);
      const step = execute(assuming(walk, assumed, view), rule, part.statement, state, next, ends);
      if (step.ended) {
        if (!isLast(part.statement)) note(walk, rule, doubtful);
        return;
      }
      state = step.state;
      continue;
    }
    if (isBehind && asksForIp.has(part.match.kind)) {
      addState(next, state);
      return;
    }
    if (isEffect(part.match, view) && !walk.outcomes.through) {
      pass(walk, rule, 'effect');
      note(walk, rule, doubtful);
      return;
    }
    const seen = matchPacket(part.match, view, state);
    // A hot drop stays possible whatever the fields must be.
    const answer = seen === Maybe || seen === MaybeHotDrop ? underAssumptions(assumed, part.match, state) : seen;
    if (seen === MaybeHotDrop) {
      walk.outcomes.drops.add(rule.id);
      hotDrop ??= part.match;
    }
    if (answer === No) {
      const missed = hotDrop === null ? 'no match' : 'may match';
      walk.outcomes.trace?.push({ kind: 'rule', rule, answer: missed, at: hotDrop ?? part.match });
      addState(next, state);
      return;
    }
    if (answer === Yes) continue;
    assumed = [...assumed, { match: part.match, state }];
    view = withProtocol(view, part.match, state);
    addState(next, state);
    doubtful ??= part.match;
  }
  note(walk, rule, doubtful);
  addState(next, state);
}

/** Nothing of the rule comes after it, but the chain that it leads to. */
const isLast = ({ kind }: Statement): boolean => kind === 'jump' || kind === 'goto';

function note({ outcomes }: Walk, rule: Rule, doubtful: Match | null): void {
  if (doubtful !== null) outcomes.unknown.add(rule.id);
  outcomes.trace?.push({ kind: 'rule', rule, answer: doubtful === null ? 'matches' : 'may match', at: doubtful });
}
