/**
 * Chains to raw steps, in evaluation order.
 *
 * Soundness, rule by rule: a drop rule drops only on its *must*; a rule that could accept, alter or observe passes on its *may* (a
 * guard); a certain ACCEPT, RETURN or end of a goto skips ahead on its *must* and passes on the rest of its *may*. A drop rule with an
 * unknown part is no step: whatever it decides, a sure drop further down is still a drop. Statements that only annotate a packet (mark,
 * notrack, nat mapping of a packet that is dropped later) leave no trace outside it and are no step.
 */
import type { Match, Statement } from '../model/match.js';
import { nestedTags } from '../model/field.js';
import type { AddressRun } from '../model/address-run.js';
import type { BaseChain, Chain, RuleId, Table } from '../model/ruleset.js';
import { inTurnWith, isRun, orderOf, ruleCount, rulesIn, segmentsOf } from '../model/segments.js';
import { arriving, narrow, narrowByState, ofAll, type Arrival } from './arrival.js';
import { lowerState } from './connection-state.js';
import type { Context } from './context.js';
import { emitDrop, emitMarks, emitMaybe, emitSkip } from './emit-steps.js';
import type { Frame } from './frame.js';
import type { Condition, Conj } from './logic.js';
import { and, andDnf, exactly, isExact, small, TRUE } from './logic.js';
import { lowerMatch } from './lower-match.js';
import { learns } from './lower-set-match.js';
import { changesMark, dependsOnMark, markChangeOf, withoutChanging } from './mark-steps.js';
import { quietRest, type RulesAndRuns } from './quiet-rest.js';
import { recordBehind } from './record-drops.js';
import {
  actsAsOne,
  areAlike,
  canBeLeft,
  isTakenAsOne,
  narrowToTuples,
  noteByItself,
  sharedParts,
  together,
} from './run-as-one.js';
import { ask, emit, find, land, settle, type Label, type RawOutcome, type Walk, type WalkedRule } from './walk.js';
import type { Why } from './why.js';
import { whyUnknown } from './why.js';

/** Inlined rules in all: chains called from many places multiply. Past it a jump becomes a guard. */
export const maxVisited = 1_000_000;

export interface ChainWalk {
  readonly context: Context;
  readonly drop: RawOutcome;
  readonly section: Conj;
  /** False: drops here may not be taken (`--strict` after conntrack); guards stand as ever. */
  readonly drops: boolean;
  readonly noDropsWhy: Why;
}

/** Walks a base chain: its rules, then its policy. Packets it accepts go on after it. */
export function walkBaseChain(walk: Walk, table: Table, chain: BaseChain, options: ChainWalk): void {
  const baseEnd: Label = { at: -1 };
  const policy: Label = { at: -1 };
  const entry = arriving(chain.hook === 'ingress' ? asIp : exactly(TRUE));
  const why = chain.hook === 'ingress' ? keptAtIngress : null;
  const ends = { baseEnd, policy, chainEnd: policy };
  const frame: Frame = {
    ...options,
    ...ends,
    table,
    chain,
    depth: 0,
    certain: true,
    why,
    via: null,
    states: null,
    run: null,
    from: 0,
    repeats: false,
  };
  walkRules(walk, chain, entry, frame);
  land(walk, policy);
  if (chain.policy === 'drop') emitDrop(walk, policyId(table, chain), entry, frame, why);
  land(walk, baseEnd);
}

/**
 * At ingress the outer VLAN tag is taken off and a tag within it is not (__netif_receive_skb_core, Linux 6.18): such a frame is no IP
 * packet there and matches nothing that asks for one, while PREROUTING sees it as any other.
 */
const asIp: Condition = { may: TRUE, must: [[small('packetType', [[0, nestedTags - 1]], false)]] };

/** Ingress chains also see frames that XDP leaves alone: of VLANs, and for other stations. */
const keptAtIngress: Why = { code: 'kept-in-place', detail: '' };

export const policyId = (table: Table, chain: BaseChain): RuleId =>
  `${table.family} ${table.name} ${chain.name} policy` as RuleId;

function walkRules(walk: Walk, chain: Chain, entry: Arrival, frame: Frame): void {
  for (const segment of segmentsOf(chain)) {
    walk.visited += rulesIn(segment);
    const runs = isRun(segment) ? inTurnWith(segment) : null;
    if (!isRun(segment)) walkRule(walk, segment, entry, frame);
    else if (runs) {
      if (segment === runs[0]) walkInTurn(walk, runs, entry, frame);
    } else if (isTakenAsOne(walk, segment, actsAsOne(walk, segment, entry, frame)))
      walkRule(
        walk,
        { id: segment, parts: sharedParts(segment, frame.context) },
        together(segment, entry, frame.context),
        { ...frame, run: segment },
      );
    else walkRuleByRule(walk, segment, entry, { ...frame, run: segment });
  }
}

function walkRuleByRule(walk: Walk, run: AddressRun, entry: Arrival, frame: Frame): void {
  const { enough, beyond } = walk.runs;
  if (areSame(run) && canBeLeft(walk, run, entry, frame.context)) {
    walkRepeated(walk, run, entry, frame);
    return;
  }
  const isBounded = frame.drop.kind === 'drop' && run.count > enough && areAlike(walk, run, entry, frame.context);
  for (let i = 0; i < run.count; i++) {
    if (isBounded && walk.steps.length > enough) {
      settle(walk);
      beyond.add(run);
      noteByItself(walk.runs, run, i);
      walkRest(walk, run, i, entry, frame);
      return;
    }
    walkRule(walk, run.ruleAt(i), entry, frame);
  }
  noteByItself(walk.runs, run, run.count);
}

/** Rule by rule, in the order in which they stand; as soon as steps are enough, what is left of each run at once. */
function walkInTurn(walk: Walk, runs: readonly AddressRun[], entry: Arrival, frame: Frame): void {
  const { enough, beyond } = walk.runs;
  for (const run of runs) isTakenAsOne(walk, run, false);
  const isPlain = runs.map((run) => canBeLeft(walk, run, entry, frame.context));
  const isBounded = frame.drop.kind === 'drop' && isPlain.every(Boolean);
  const next = runs.map(() => 0);
  for (const k of orderOf(runs)) {
    if (isBounded && walk.steps.length > enough) break;
    const run = runs[k]!;
    if (next[k] === run.count) continue;
    if (isPlain[k] && areSame(run)) {
      walkRepeated(walk, run, entry, frame);
      next[k] = run.count;
    } else walkRule(walk, run.ruleAt(next[k]!++), entry, frame);
  }
  runs.forEach((run, k) => {
    if (!isPlain[k] || !areSame(run)) noteByItself(walk.runs, run, next[k]!);
  });
  if (next.every((from, k) => from === runs[k]!.count)) return;
  settle(walk);
  runs.forEach((run, k) => {
    if (next[k] === run.count) return;
    beyond.add(run);
    walkRest(walk, run, next[k]!, entry, frame);
  });
}

/** Of rules that say the same the first; no packet comes to the others. */
function walkRepeated(walk: Walk, run: AddressRun, entry: Arrival, frame: Frame): void {
  walkRule(walk, run.ruleAt(0), entry, frame);
  noteByItself(walk.runs, run, 1);
  walkRest(walk, run, 1, entry, { ...frame, repeats: true });
}

/** All say the same. */
const areSame = ({ fields, count }: AddressRun): boolean => fields.length === 0 && count > 1;

/** The rules of the run from one on. */
function walkRest(walk: Walk, run: AddressRun, from: number, entry: Arrival, frame: Frame): void {
  const parts = run.first.parts.filter((_, i) => !run.varying.includes(i));
  walkRule(walk, { id: run, parts }, narrowToTuples(run, entry), { ...frame, from });
}

function walkRule(walk: Walk, rule: WalkedRule, entry: Arrival, frame: Frame): void {
  let condition = entry;
  let { why } = frame;
  let at = -1;
  for (const part of rule.parts) {
    at++;
    if ('match' in part) {
      const { match } = part;
      const found = stateChanging(match, frame.context);
      if (found) {
        find(walk, rule.id, found);
        emit(walk, condition.may, { kind: 'pass' }, rule.id);
        recordBehind(walk, rule, condition, frame, found);
        return;
      }
      const state = match.kind === 'ctState' ? lowerState(match, frame.context.untrackedStates, walk) : null;
      if (state) {
        const about = andDnf(restOf(rule, at, condition, frame.context).may, state.asks);
        ask(walk, about ?? condition.may, rule.id);
        if (!why && !isExact(state.condition)) why = { ...whyUnknown(match, frame.context), code: 'connection-state' };
        condition = narrowByState(condition, state.condition, state.states);
        if (condition.may.length > 0) continue;
        endUnmatched(walk, rule, condition, match, frame);
        return;
      }
      if (match.kind === 'reversePath' && !frame.context.routesUnasked)
        emit(walk, condition.may, { kind: 'route' }, rule.id);
      const lowered = lowerMatch(match, frame.context);
      if (!why && !isExact(lowered)) why = whyUnknown(match, frame.context);
      condition = narrow(condition, lowered);
      if (condition.may.length === 0) {
        endUnmatched(walk, rule, condition, match, frame);
        return;
      }
    } else {
      const { statement } = part;
      if (changesMark(statement, frame) && dependsOnMark(condition)) {
        walkSettled(walk, rule, rule.parts.slice(at), condition, { ...frame, why });
        return;
      }
      const change = markChangeOf(statement);
      if (change !== undefined) emitMarks(walk, rule.id, change, condition, frame.context);
      if (walkStatement(walk, rule, statement, condition, frame, why)) {
        const { kind } = statement;
        if (kind === 'observe' || kind === 'handover' || kind === 'opaque' || kind === 'mangle')
          recordBehind(walk, rule, condition, frame, { code: 'effect', detail: '' });
        return;
      }
    }
  }
  find(walk, rule.id, { code: 'not-a-drop', detail: '' });
}

/** What the rule asks of a packet before its first statement; what comes behind a match that has an effect is left out. */
function restOf({ parts }: WalkedRule, from: number, arrival: Arrival, context: Context): Condition {
  let condition: Condition = arrival;
  for (const part of parts.slice(from)) {
    if ('statement' in part || stateChanging(part.match, context)) break;
    if (part.match.kind !== 'ctState') condition = and(condition, lowerMatch(part.match, context));
  }
  return condition;
}

/** No packet satisfies all of the rule's matches so far, or none that conntrack does not know. */
function endUnmatched(walk: Walk, rule: WalkedRule, arrival: Arrival, match: Match, frame: Frame): void {
  // What comes below relies on it.
  settle(walk);
  const others = ofAll(arrival);
  if (others.may.length === 0) {
    find(walk, rule.id, whyNever(match, frame));
    return;
  }
  find(walk, rule.id, { code: 'tracked-only', detail: '' });
  recordBehind(walk, rule, others, frame, { code: 'tracked-only', detail: '' });
}

/** Evaluating it changes what later packets meet: every packet that gets this far must get this far. */
function stateChanging(match: Match, { sets }: Context): Why | null {
  if (match.kind === 'set' && learns(match, sets)) return { code: 'stateful-match', detail: `set ${match.name}` };
  if (match.kind !== 'unknown' || match.knowledge === 'pure') return null;
  return { code: match.knowledge === 'opaque' ? 'opaque' : 'stateful-match', detail: match.text };
}

/** The match contradicts the rule's others, or what the jumps to its chain ask. */
function whyNever(match: Match, { via }: Frame): Why {
  if (match.kind === 'interface') return { code: 'other-device', detail: '' };
  if (match.kind === 'mark')
    return { code: 'never-matches', detail: 'no rule gives a packet such a mark on its way here' };
  return { code: 'never-matches', detail: '', ...(via && { by: via }) };
}

/**
 * A condition on the mark holds when it is asked, not after the mark has changed. So the rest of such a rule is a place of its own:
 * packets that satisfy the condition skip there, the others past it.
 */
function walkSettled(walk: Walk, rule: WalkedRule, parts: WalkedRule['parts'], condition: Arrival, frame: Frame): void {
  const { why } = frame;
  if (!condition.must) {
    const found: Why = why ?? { code: 'unknown-match', detail: '' };
    emit(walk, condition.may, { kind: 'pass' }, rule.id);
    recordBehind(walk, rule, condition, frame, found);
    find(walk, rule.id, found);
    return;
  }
  const inside: Label = { at: -1 };
  const after: Label = { at: -1 };
  emitSkip(walk, rule.id, condition, inside, frame);
  emit(walk, TRUE, { kind: 'skip', to: after }, rule.id);
  land(walk, inside);
  const { may } = ofAll(condition);
  const [only] = may;
  const section = only && may.length === 1 ? [...frame.section, ...withoutChanging(only)] : frame.section;
  const settled: Frame = { ...frame, section, why: why ?? { code: 'marked', detail: '' }, states: null, run: null };
  walkRule(walk, { ...rule, parts }, arriving(exactly(TRUE)), settled);
  land(walk, after);
}

const isIn = (rules: RulesAndRuns, rule: WalkedRule, { run }: Frame): boolean =>
  rules.has(rule) || (run !== null && rules.has(run));

/** True when the rule ends here. */
function walkStatement(
  walk: Walk,
  rule: WalkedRule,
  statement: Statement,
  condition: Arrival,
  frame: Frame,
  why: Why | null,
): boolean {
  switch (statement.kind) {
    case 'drop':
      emitDrop(walk, rule.id, condition, frame, why);
      return true;
    case 'accept':
      find(walk, rule.id, { code: 'not-a-drop', detail: '' });
      if (frame.depth === 0 && isIn(quietRest(frame.chain).toAccept, rule, frame))
        emitMaybe(walk, rule.id, condition, frame.baseEnd);
      else emitSkip(walk, rule.id, condition, frame.baseEnd, frame);
      return true;
    case 'return':
      find(walk, rule.id, { code: 'not-a-drop', detail: '' });
      // Where nothing drops, leaving early changes nothing.
      if (!frame.certain) return true;
      if (isIn(quietRest(frame.chain).toEnd, rule, frame)) emitMaybe(walk, rule.id, condition, frame.chainEnd);
      // A packet that was not let into the chain for its state goes on behind it, too.
      else if (condition.states === frame.states) emitSkip(walk, rule.id, ofAll(condition), frame.chainEnd, frame);
      else emitSkip(walk, rule.id, condition, frame.chainEnd, frame);
      return true;
    case 'jump':
    case 'goto':
      find(walk, rule.id, { code: 'not-a-drop', detail: '' });
      walkJump(walk, rule, statement, condition, { ...frame, why });
      return true;
    case 'annotate':
      return false;
    case 'setMark':
      return false;
    case 'nat':
      find(walk, rule.id, { code: 'not-a-drop', detail: '' });
      // Otherwise every destination counts as rewritten, whatever the rule says.
      if (frame.context.untrackedStates && statement.changes === 'destination')
        emit(walk, condition.may, { kind: 'pass' }, rule.id);
      return true;
    case 'mangle':
      find(walk, rule.id, { code: 'effect', detail: statement.name });
      if (statement.changes === 'length' || statement.name === 'CHECKSUM') return false;
      emit(walk, condition.may, { kind: 'pass' }, rule.id);
      return true;
    case 'reject':
      find(walk, rule.id, { code: 'not-silent', detail: '' });
      emit(walk, condition.may, { kind: 'pass' }, rule.id);
      return true;
    case 'observe':
    case 'handover':
      find(walk, rule.id, { code: 'effect', detail: statement.name });
      emit(walk, condition.may, { kind: 'pass' }, rule.id);
      return true;
    case 'opaque':
      find(walk, rule.id, { code: 'opaque', detail: statement.name });
      emit(walk, condition.may, { kind: 'pass' }, rule.id);
      return true;
  }
}

function walkJump(
  walk: Walk,
  rule: WalkedRule,
  jump: { kind: 'jump' | 'goto'; chain: string },
  condition: Arrival,
  frame: Frame,
): void {
  const target = frame.table.chains.get(jump.chain);
  if (!target || frame.depth > 64 || walk.visited + ruleCount(target) > maxVisited) {
    find(walk, rule.id, { code: target ? 'too-large' : 'opaque', detail: jump.chain });
    emit(walk, condition.may, { kind: 'pass' }, rule.id);
    recordBehind(walk, rule, condition, frame, { code: target ? 'too-large' : 'opaque', detail: jump.chain });
    return;
  }
  const after: Label = { at: -1 };
  const chainEnd = jump.kind === 'jump' ? after : frame.chainEnd;
  const inner = {
    ...frame,
    chain: target,
    chainEnd,
    depth: frame.depth + 1,
    certain: condition.must !== null,
    via: typeof rule.id === 'string' ? rule.id : rule.id.id(0),
    states: condition.states,
    run: null,
  };
  walkRules(walk, target, condition, inner);
  // A chain entered by goto never comes back here.
  if (jump.kind === 'goto') emitSkip(walk, rule.id, condition, frame.chainEnd, frame);
  land(walk, after);
}
