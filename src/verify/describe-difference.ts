/** A difference as a reader needs it: what frame, why it was tried, what either side says. */
import type { RuleId } from '../model/ruleset.js';
import { describeFrame } from '../oracle/describe-frame.js';
import type { Fate } from '../oracle/fate.js';
import type { Oracle } from '../oracle/oracle.js';
import type { TraceEvent } from '../oracle/trace.js';
import type { VerifyRequest } from './verify.js';

const verdictNames = ['XDP_ABORTED', 'XDP_DROP', 'XDP_PASS', 'XDP_TX', 'XDP_REDIRECT'];

export interface FoundDifference {
  readonly kind: 'unsound' | 'leak';
  readonly frame: Uint8Array;
  readonly origin: string;
  readonly verdict: number;
  readonly fate: Fate;
  readonly oracle: Oracle;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly request: Pick<VerifyRequest, 'facts' | 'device' | 'vlan' | 'decisions'>;
}

export function describeFate(fate: Fate): string {
  switch (fate.kind) {
    case 'drop':
      return `dropped by ${fate.rules.join(', ')}`;
    case 'pass':
      return `not dropped silently (${fate.how}${fate.rule === null ? '' : ` at ${fate.rule}`})`;
    case 'lost':
      return `never decided by netfilter: ${fate.why}`;
    case 'depends':
      return `depends${fate.on.length === 0 ? '' : ` on ${fate.on.join(', ')}`}: ${fate.why}`;
  }
}

const hex = (frame: Uint8Array): string => Buffer.from(frame.subarray(0, 128)).toString('hex');

export function describeDifference({
  kind,
  frame,
  origin,
  verdict,
  fate,
  oracle,
  request,
  at,
}: FoundDifference): string {
  const mac = request.facts.devices.find(({ name }) => name === request.device)?.mac ?? null;
  const trace: TraceEvent[] = [];
  oracle.fate(frame, trace, false, at);
  const decided = (rule: RuleId): string => `${rule} (${request.decisions.get(rule) ?? 'undecided'})`;
  const met = trace.flatMap((event): string[] => {
    if (event.kind === 'policy') return [`    matches ${decided(event.rule)}: policy drop`];
    if (event.kind !== 'rule' || event.answer === 'no match') return [];
    return [`    ${event.answer} ${decided(event.rule.id)}: ${event.rule.text}`];
  });
  return [
    `${kind}: ${describeFrame(frame, mac, request.vlan)}`,
    `  built for: ${origin}`,
    `  program:   ${verdictNames[verdict] ?? String(verdict)}`,
    `  netfilter: ${describeFate(fate)}`,
    ...(met.length > 0 ? ['  rules met:', ...met.slice(0, 20)] : []),
    `  bytes:     ${hex(frame)}`,
  ].join('\n');
}
