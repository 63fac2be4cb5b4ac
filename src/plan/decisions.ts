/** Judgements in words, rule by rule. */
import type { AddressRun } from '../model/address-run.js';
import type { Rule, RuleId, Ruleset } from '../model/ruleset.js';
import { inOrder, segmentsOf } from '../model/segments.js';
import { neverMatches, noPackets, type Judgement } from './decide.js';
import { duplicatesIn } from './duplicates.js';
import type { Judged, JudgedChain } from './judge-all.js';
import type { RuleDecision } from './plan.js';
import { hintFor, toReason } from './reasons.js';
import { rulesById } from './rules-by-id.js';

type Worded = Pick<RuleDecision, 'offload' | 'reason' | 'hint'>;
type Place = Pick<RuleDecision, 'family' | 'table' | 'chain'>;

/** In the order of the ruleset. */
export function decisionsOf(ruleset: Ruleset, chains: readonly JudgedChain[]): RuleDecision[] {
  const rules = rulesById(ruleset);
  const wording = (judgement: Judgement, rule: Rule | null): Worded => ({
    offload: judgement.offload,
    reason: toReason(judgement, rules),
    hint: hintFor(judgement, rule, rules),
  });
  return chains.flatMap((chain) => new ChainDecisions(chain, wording).all());
}

class ChainDecisions {
  readonly #place: Place;
  readonly #duplicates: ReadonlyMap<RuleId, RuleId>;
  readonly #decisions: RuleDecision[] = [];

  constructor(
    private readonly judged: JudgedChain,
    private readonly wording: (judgement: Judgement, rule: Rule | null) => Worded,
  ) {
    const { table, chain } = judged;
    this.#place = { family: table.family, table: table.name, chain: chain.name };
    this.#duplicates = duplicatesIn(chain);
  }

  all(): readonly RuleDecision[] {
    for (const one of this.judged.rules) this.#addJudged(one);
    this.#addPolicy();
    return inOrder(segmentsOf(this.judged.chain), this.#decisions);
  }

  #addPolicy(): void {
    const { chain, policy } = this.judged;
    if (!policy || chain.kind !== 'base') return;
    const { family, table, chain: name } = this.#place;
    const id = `${family} ${table} ${name} policy` as RuleId;
    const { file, line } = chain.span;
    const text = `policy ${chain.policy}`;
    this.#decisions.push({ id, ...this.#place, number: null, file, line, text, ...this.wording(policy, null) });
  }

  #addJudged(judged: Judged): void {
    if (judged.kind === 'run') {
      this.#addRun(judged.run, judged.judgement);
      return;
    }
    const { id, number, span, text } = judged.rule;
    const worded = this.wording(this.#once(judged.judgement, id), judged.rule);
    this.#decisions.push({
      id,
      ...this.#place,
      number,
      file: span.file,
      line: span.line,
      text: text.trim(),
      ...worded,
    });
  }

  /** The words are made once, where they are the same for all. */
  #addRun(run: AddressRun, judgement: Judgement | readonly Judgement[]): void {
    const { family, table, chain } = this.#place;
    const { file } = run.first.span;
    const shared = 'offload' in judgement ? judgement : null;
    const known = new Map<Judgement, Worded>();
    const wordsOf = (one: Judgement): Worded => {
      const words = known.get(one) ?? this.wording(one, run.first);
      known.set(one, words);
      return words;
    };
    const each = shared ? [] : (judgement as readonly Judgement[]);
    for (let i = 0; i < run.count; i++) {
      const id = run.id(i);
      const { offload, reason, hint } = wordsOf(this.#once(shared ?? each[i]!, id));
      const [number, line, text] = [run.number(i), run.line(i), run.text(i).trim()];
      this.#decisions.push({ id, family, table, chain, number, file, line, text, offload, reason, hint });
    }
  }

  #once(judgement: Judgement, id: RuleId): Judgement {
    const first = this.#duplicates.size === 0 ? undefined : this.#duplicates.get(id);
    return first === undefined || noPackets(judgement) ? judgement : neverMatches(judgement, first);
  }
}
