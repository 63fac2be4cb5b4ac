/** What a rule does to its packets: why one in the way of a drop blocks it, and what a rule that is met does. */
import type { Statement } from '../model/match.js';
import type { Rule } from '../model/ruleset.js';

const statementWords = {
  accept: () => 'accepts',
  drop: () => 'drops',
  return: () => 'returns',
  jump: ({ chain }: { readonly chain: string }) => `jumps to ${chain}`,
  goto: ({ chain }: { readonly chain: string }) => `goes to ${chain}`,
  reject: () => 'answers the sender',
  nat: ({ name }: { readonly name: string }) => `translates (${name})`,
  setMark: () => 'sets the mark',
  annotate: ({ name }: { readonly name: string }) => `sets ${name}`,
  mangle: ({ name }: { readonly name: string }) => `alters (${name})`,
  observe: ({ name }: { readonly name: string }) => `observes (${name})`,
  handover: ({ name }: { readonly name: string }) => `hands over (${name})`,
  opaque: ({ name }: { readonly name: string }) => `is not understood (${name})`,
} satisfies Record<Statement['kind'], unknown>;

const word = (statement: Statement): string =>
  (statementWords[statement.kind] as (statement: Statement) => string)(statement);

const statementsOf = (rule: Rule): readonly Statement[] =>
  rule.parts.flatMap((part) => ('statement' in part ? [part.statement] : []));

/** `observes (LOG), drops`; `goes on` where it only counts. */
export function whatItDoes(rule: Rule): string {
  const found = statementsOf(rule).map(word);
  return found.length === 0 ? 'goes on' : found.join(', ');
}

/** Matches that change what later packets meet. */
const stateful = (rule: Rule): string | undefined => {
  for (const part of rule.parts)
    if ('match' in part && part.match.kind === 'unknown' && part.match.knowledge !== 'pure') return part.match.text;
  return undefined;
};

const aboutConnections = (rule: Rule): boolean =>
  rule.parts.some((part) => 'match' in part && part.match.kind === 'ctState');

/** A sentence about a rule that some or all packets of a drop behind it meet first. */
export function whyBlocks(rule: Rule): string {
  const evaluated = stateful(rule);
  if (evaluated !== undefined)
    return `Evaluating "${evaluated}" changes state that later packets depend on, so its packets must still reach it.`;
  const statements = statementsOf(rule);
  const effect = statements.find(({ kind }) => ['observe', 'mangle', 'handover', 'opaque'].includes(kind));
  const last = effect ?? statements.at(-1);
  switch (last?.kind) {
    case 'accept':
      return aboutConnections(rule)
        ? 'It accepts packets by the state of their connection, which no packet shows.'
        : 'It may accept some of its packets before they get there.';
    case 'nat':
      return `It may translate some of its packets (${last.name}), which then go another way.`;
    case 'reject':
      return 'It may answer the sender of some of its packets, which XDP does not do.';
    case 'mangle':
      return `It alters some of its packets (${last.name}), and what follows sees them altered.`;
    case 'observe':
      return `It observes some of its packets (${last.name}), which must still happen.`;
    case 'handover':
      return `It may hand some of its packets over (${last.name}), whose verdict nobody knows.`;
    case 'opaque':
      return `Part of it is not understood (${last.name}), so it may do anything with some of its packets.`;
    case 'jump':
    case 'goto':
      return `It leads some of its packets to chain ${last.chain}, which may let them go.`;
    case 'return':
      return 'It may lead some of its packets out of the chain before they get there.';
    case 'drop':
      return 'It may drop some of its packets first, and then they count there.';
    case 'setMark':
      return 'It sets the mark of some of its packets, which later rules ask about.';
    case 'annotate':
    case undefined:
      return 'Some of its packets meet it first.';
  }
}
