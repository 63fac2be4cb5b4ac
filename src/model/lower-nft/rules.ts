/**
 * One nft rule to rules of the model. A rule has several ways through it when a match or a verdict map holds values that the model's
 * matches cannot hold together; they become rules of one id and number, one after the other. No two ways match one packet, so their order
 * does not matter; the rule is offloaded as a whole or not at all.
 */
import type { Span } from '../../diagnostic.js';
import type { AddressFamily } from '../address.js';
import type { Part, Ranges } from '../match.js';
import type { Family, Rule, RuleId } from '../ruleset.js';
import type { Statement, Verdict } from '../../parse/nft/tree.js';
import { printStatement } from '../../parse/nft/print-statement.js';
import type { RuleDraft } from './draft.js';
import type { Alternatives } from './key.js';
import { familyMatch, unknownMatch } from './key.js';
import { notShown } from './managed.js';
import { lowerMatch, type MatchContext } from './matches.js';
import { resolve, type Scope } from './scope.js';
import { lowerStatement, lowerVerdict, type BarePart } from './statements.js';
import { lowerVerdictMap } from './verdict-map.js';

/** More ways than this through one rule, and a match is left unknown. */
const maxWays = 256;

export interface RuleContext extends Omit<MatchContext, 'scope' | 'protocols' | 'network'> {
  readonly chain: string;
  /** Whether nft may show less of the rule than it holds. */
  readonly isShort: (rule: RuleDraft['rule']) => boolean;
  /** Makes a chain of the rules in `jump { … }` and gives its name. */
  readonly addBlock: (statement: Statement & { kind: 'chainBlock' }, scope: Scope) => string;
}

type Way = Part[];

/** What is known where a rule begins. */
export interface RuleStart extends RuleContext, MatchContext {}

export const startOf = (context: RuleContext, scope: Scope): RuleStart => ({
  ...context,
  scope,
  protocols: null,
  network: networkOf(context.family),
});

/** `start` is of the draft's scope. */
export function lowerRule({ rule, cut }: RuleDraft, number: number, start: RuleStart): Rule[] {
  const id = `${start.family} ${start.table} ${start.chain} ${number}` as RuleId;
  const { text, span } = rule;
  const hidden: Part[] = start.isShort(rule) ? [{ match: unknownMatch(notShown, 'opaque'), span }] : [];
  return waysOf(rule.statements, start).map((shown) => {
    const parts = hidden.length > 0 ? [...hidden, ...shown] : shown;
    return { id, number, span, text, parts, cut };
  });
}

function waysOf(statements: readonly Statement[], start: RuleStart): Way[] {
  let ways: Way[] = [[]];
  let here = start;
  for (const statement of statements) {
    const { span } = statement;
    const options = optionsOf(statement, here);
    const [only] = options;
    if (only && options.length === 1) {
      for (const way of ways) for (const part of only) way.push(placed(part, span));
    } else if (ways.length * options.length > maxWays) {
      for (const way of ways) for (const part of tooMany(statement)) way.push(placed(part, span));
      continue;
    } else {
      ways = ways.flatMap((way) => options.map((parts) => [...way, ...parts.map((part) => placed(part, span))]));
    }
    const protocols = protocolsAfter(here.protocols, options);
    const network = networkAfter(here.network, options);
    if (protocols !== here.protocols || network !== here.network) here = { ...here, protocols, network };
  }
  return ways;
}

const placed = (part: BarePart, span: Span): Part =>
  'match' in part ? { match: part.match, span } : { statement: part.statement, span };

const matchesOnly = (alternatives: Alternatives): BarePart[][] =>
  alternatives.map((matches) => matches.map((match) => ({ match })));

/** What a statement may come to: the conjunctions it is one of. None: it never matches. */
function optionsOf(statement: Statement, context: RuleStart): BarePart[][] {
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- lowerStatement lists the rest, without a default
  switch (statement.kind) {
    case 'match': {
      const found = matchesOnly(lowerMatch(statement, context));
      return found.length > 0 ? found : [nothing];
    }
    case 'verdict':
      return [verdictPart(statement, context)];
    case 'vmap': {
      const found = lowerVerdictMap(statement, context);
      if (found.kind === 'statement') return [[{ statement: found.statement }]];
      // A map without elements breaks the rule.
      if (found.ways.length === 0) return [nothing];
      return found.ways.map(({ matches, verdict }) => [
        ...matches.map((match): BarePart => ({ match })),
        ...(verdict ? verdictPart(verdict, context) : []),
      ]);
    }
    case 'chainBlock':
      return [[{ statement: { kind: statement.verdict, chain: context.addBlock(statement, context.scope) } }]];
    default:
      return [lowerStatement(statement)];
  }
}

/** No packet is of both families. */
const nothing: BarePart[] = [{ match: familyMatch(4) }, { match: familyMatch(6) }];

function verdictPart(verdict: Verdict, context: MatchContext): BarePart[] {
  const made = lowerVerdict(verdict, (jump) => {
    if (jump.verdict !== 'jump' && jump.verdict !== 'goto') return null;
    if (typeof jump.chain === 'string') return jump.chain;
    const found = resolve({ expression: jump.chain, scope: context.scope });
    return found?.expression.kind === 'value' ? found.expression.text : null;
  });
  return made ? [{ statement: made }] : [];
}

/** Too many ways: a match may or may not hold, a verdict map may do anything. */
function tooMany(statement: Statement): BarePart[] {
  const text = printStatement(statement);
  if (statement.kind === 'match') return [{ match: unknownMatch(text) }];
  return [{ statement: { kind: 'opaque', name: statement.kind, text } }];
}

/** Protocols that are left after a match that every way asks. */
function protocolsAfter(before: Ranges | null, options: readonly (readonly BarePart[])[]): Ranges | null {
  const [only] = options;
  if (options.length !== 1 || !only) return before;
  let protocols = before;
  for (const part of only) {
    if ('match' in part && part.match.kind === 'protocol' && !part.match.negate) protocols = part.match.protocols;
  }
  return protocols;
}

const networkOf = (family: Family): AddressFamily | null => (family === 'ip' ? 4 : family === 'ip6' ? 6 : null);

function networkAfter(before: AddressFamily | null, options: readonly (readonly BarePart[])[]): AddressFamily | null {
  const [first] = options;
  const family = first ? familyAsked(first) : null;
  return family && options.every((parts) => familyAsked(parts) === family) ? family : before;
}

function familyAsked(parts: readonly BarePart[]): AddressFamily | null {
  let family: AddressFamily | null = null;
  for (const part of parts) if ('match' in part && part.match.kind === 'family') family = part.match.family;
  return family;
}
