/** The rules of a chain: runs of those that the reader found to be alike, and the others. */
import { fewest, isCutAlike, segmentsOfRules } from '../listed-rules.js';
import type { Rule } from '../ruleset.js';
import type { Segment } from '../segments.js';
import { stretches } from '../stretches.js';
import { sliceRows } from '../tuples.js';
import { variantOf, type RuleShape } from '../../parse/nft/rule-variants.js';
import type { RuleDraft } from './draft.js';
import { lowerRule, startOf, type RuleContext, type RuleStart } from './rules.js';
import { VariantLowering, VariantRules } from './variants.js';

export function segmentsOfDrafts(drafts: readonly RuleDraft[], context: RuleContext, prefix: string): Segment[] {
  const segments: Segment[] = [];
  let single: Rule[] = [];
  const putSingle = (): void => {
    for (const segment of segmentsOfRules(single, prefix)) segments.push(segment);
    single = [];
  };
  let start: RuleStart | null = null;
  let variants: VariantLowering | null = null;
  for (let from = 0; from < drafts.length;) {
    const first = drafts[from]!;
    if (start?.scope !== first.scope || !variants) {
      start = startOf(context, first.scope);
      variants = new VariantLowering(start);
    }
    const shape = variantOf(first.rule)?.shape;
    const to = shape ? endOfAlike(drafts, from, shape) : from + 1;
    const lowered = shape ? variants.shape(shape) : null;
    if (!lowered || !lowered.drops || to - from < fewest) {
      for (let i = from; i < to; i++)
        for (const rule of (lowered && variants.rule(lowered, drafts[i]!, i + 1)) ??
          lowerRule(drafts[i]!, i + 1, start))
          single.push(rule);
      from = to;
      continue;
    }
    const alike = drafts.slice(from, to);
    const { values, odd } = variants.valuesOf(lowered, alike);
    let at = 0;
    for (const end of [...odd, alike.length]) {
      for (const { rows, varying } of end > at ? stretches(values, at, end) : []) {
        const own = alike.slice(...rows);
        const number = from + rows[0] + 1;
        if (own.length < fewest) {
          own.forEach((draft, i) => {
            const made = variants!.rule(lowered, draft, number + i);
            for (const rule of made ?? lowerRule(draft, number + i, start!)) single.push(rule);
          });
          continue;
        }
        putSingle();
        const columns = sliceRows(values, ...rows);
        segments.push(new VariantRules({ drafts: own, lowered, columns, varying }, { prefix, number }));
      }
      if (end < alike.length) for (const rule of lowerRule(alike[end]!, from + end + 1, start)) single.push(rule);
      at = end + 1;
    }
    from = to;
  }
  putSingle();
  return segments;
}

/** Up to which rule they are alike, and leave the text alike. */
function endOfAlike(drafts: readonly RuleDraft[], from: number, shape: RuleShape): number {
  const first = drafts[from]!;
  let to = from + 1;
  for (; to < drafts.length; to++) {
    const draft = drafts[to]!;
    if (variantOf(draft.rule)?.shape !== shape || draft.scope !== first.scope || !isCutAlike(draft, first)) break;
  }
  return to;
}
