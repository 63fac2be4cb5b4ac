/**
 * Connection states, given that conntrack does not know the packet. XDP asks conntrack before it drops, so the analysis may take "no
 * entry" for granted once it has put down that the question must be asked (outcome `ask`). Then ESTABLISHED cannot be, and
 * RELATED neither: ICMP errors are never dropped on that ground, and with helpers or zones nothing is asked at all.
 */
import { effectsOf } from '../model/effects.js';
import type { CtState, CtStateMatch } from '../model/match.js';
import type { Ruleset, Table } from '../model/ruleset.js';

export type StateAnswer = 'always' | 'never' | 'unknown';

export function answerOf(match: CtStateMatch, possible: readonly CtState[] | null): StateAnswer {
  if (!possible || match.states.includes('DNAT') || match.states.includes('SNAT')) return 'unknown';
  const holds = possible.map((state) => match.states.includes(state) !== match.negate);
  if (holds.every((yes) => yes)) return 'always';
  return holds.some((yes) => yes) ? 'unknown' : 'never';
}

/** States of a packet without an entry. Neighbour discovery is never tracked, hence UNTRACKED in IPv6. */
export function untrackedStates(tables: readonly Table[], family: 4 | 6): readonly CtState[] {
  const untracks = family === 6 || hasAnnotation(tables, ['notrack']);
  return untracks ? ['NEW', 'INVALID', 'UNTRACKED'] : ['NEW', 'INVALID'];
}

/** Helpers make packets RELATED that have no entry of their own; a zone hides entries from the question. */
export const hidesConnections = (ruleset: Ruleset): boolean => hasAnnotation(ruleset.tables, ['zone', 'helper']);

/** nft `flow add`: once offloaded, packets of a flow go from the device straight out, past every chain (nf_flow_table, Linux 6.18). */
export const bypassesChains = (tables: readonly Table[]): boolean =>
  tables.some((table) =>
    effectsOf(table).some(
      (effect) => (effect.kind === 'observe' || effect.kind === 'opaque') && /^flow\b|^FLOWOFFLOAD/.test(effect.name),
    ),
  );

function hasAnnotation(tables: readonly Table[], names: readonly string[]): boolean {
  return tables.some((table) =>
    effectsOf(table).some((effect) => effect.kind === 'annotate' && names.includes(effect.name)),
  );
}
