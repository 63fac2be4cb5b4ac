/** Why a rule is no step, or not all of one: turned into a Reason by the plan. */
import type { Match } from '../model/match.js';
import type { RuleId } from '../model/ruleset.js';
import type { ReasonCode } from './reason-code.js';
import type { Context } from './context.js';
import { obstacleOf } from './lower-tuple-set.js';

export interface Why {
  readonly code: ReasonCode;
  /** The telling part: the match's text, the target's name. */
  readonly detail: string;
  /** The rule that explains it. */
  readonly by?: RuleId;
}

/** For a match that is not certain in this context. */
export function whyUnknown(match: Match, context: Context): Why {
  switch (match.kind) {
    case 'unknown':
      return { code: match.knowledge === 'opaque' ? 'opaque' : 'unknown-match', detail: match.text };
    case 'ctState':
      return { code: 'unknown-match', detail: `connection state ${match.states.join(',')}` };
    case 'fragment':
      return { code: 'unknown-match', detail: '-f' };
    case 'set': {
      if (context.destinationRewritten && match.dimensions.includes('dst')) return { code: 'nat', detail: '' };
      const set = context.sets.get(match.set);
      const changed = context.changedSets.has(match.name) ? ' (packets change it)' : '';
      const obstacle = set?.kind === 'tuples' ? obstacleOf(set, match.dimensions, context) : null;
      if (obstacle !== null) return { code: 'unknown-match', detail: `set ${match.name} (${obstacle})` };
      if (set && !changed && set.kind !== 'opaque' && match.uninterpreted.length === 0)
        return { code: 'set-timeout', detail: match.name };
      const why = set?.kind === 'opaque' ? ` (${set.why})` : set ? changed : ' (no input defines it)';
      return { code: 'unknown-match', detail: `set ${match.name}${why}` };
    }
    case 'interface':
      return { code: 'unknown-match', detail: `output device ${match.name}${match.wildcard ? '+' : ''}` };
    case 'addressType':
      return { code: 'unknown-match', detail: `address type ${match.types.join(',')}` };
    case 'reversePath':
      return context.routesUnasked ?? { code: 'routes', detail: '' };
    case 'tcpFlags':
    case 'length':
      return { code: 'gro', detail: '' };
    case 'header':
      return { code: 'fragments', detail: '' };
    case 'mark':
      return { code: 'unknown-match', detail: 'a mark that rules here may or may not have set' };
    case 'address':
    case 'family':
    case 'port':
    case 'protocol':
    case 'icmp':
    case 'ttl':
    case 'tos':
    case 'mac':
    case 'packetType':
    case 'comment':
      return { code: context.destinationRewritten ? 'nat' : 'unknown-match', detail: match.kind };
  }
}
