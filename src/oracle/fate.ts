/** What becomes of a frame, see README. */
import type { RuleId } from '../model/ruleset.js';

export type PassHow = 'accept' | 'reject' | 'effect' | 'mixed';

export type Fate =
  /** `rules`: every rule or policy that may be the one to drop it; `rule` is the first of them in evaluation order. */
  | { readonly kind: 'drop'; readonly rule: RuleId; readonly rules: readonly RuleId[] }
  /** `effect`: what comes after it is not looked at, the packet may well be dropped then. `rule` is null at the end of all chains. */
  | { readonly kind: 'pass'; readonly how: PassHow; readonly rule: RuleId | null }
  /** `elsewhere`: not IP, another VLAN or another station's frame; somebody else may own it, so XDP has to pass it. */
  | { readonly kind: 'lost'; readonly why: string; readonly elsewhere: boolean }
  | { readonly kind: 'depends'; readonly on: readonly RuleId[]; readonly why: string };
