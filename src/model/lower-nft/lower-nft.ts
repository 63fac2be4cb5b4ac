/** The syntax tree of one nft input to tables and sets of the model. */
import type { BaseChain, Chain, Rule, RuleId, Table } from '../ruleset.js';
import type { Cut, NftText } from '../nft-text.js';
import { chainOf, kindsOf } from '../segments.js';
import type { NamedSet, SetId } from '../set.js';
import { likeOf } from '../../parse/nft/rule-variants.js';
import type { NftFile, Statement } from '../../parse/nft/tree.js';
import { inBraces } from './cuts.js';
import { ChainDraft, type SetDraft, type TableDraft } from './draft.js';
import { segmentsOfDrafts } from './draft-segments.js';
import { isShortened, managerOf, warnedOf } from './managed.js';
import type { RuleContext } from './rules.js';
import { RulesetDraft } from './ruleset-draft.js';
import { lowerSet } from './sets.js';

export interface LoweredNft {
  readonly tables: readonly Table[];
  readonly sets: readonly NamedSet[];
  readonly nft: NftText;
}

export function lowerNft(file: NftFile): LoweredNft {
  const draft = new RulesetDraft(file);
  const sets: NamedSet[] = [];
  const warned = warnedOf(file);
  const tables = [...draft.tables.values()].map((table) => lowerTable(file, table, warned, sets));
  const unclear = draft.opaque.map((one, i) => opaqueTable(file, one, i));
  return { tables: [...unclear, ...tables], sets, nft: draft.texts.main };
}

function lowerTable(file: NftFile, draft: TableDraft, warned: ReadonlySet<string>, sets: NamedSet[]): Table {
  markUpdated(draft);
  const first = sets.length;
  for (const set of draft.sets.values()) sets.push(lowerSet(set));
  const managed = managerOf(draft, warned);
  const isShort =
    (managed === 'iptables-nft' || managed === 'iptables-names') && draft.loads !== 'afresh'
      ? isShortened
      : (): boolean => false;
  const chains = lowerChains(draft, sets, isShort);
  [...draft.sets.values()].forEach(({ inRules }, i) => {
    if (inRules) sets[first + i] = { ...sets[first + i]!, inRules };
  });
  const { family, name, span } = draft;
  const { blocks, loads } = draft;
  return { family, name, dialect: 'nft', file: file.file, span, chains, blocks, loads, ...(managed && { managed }) };
}

/** In the order of the file, the chains without a name last. */
function lowerChains(table: TableDraft, sets: NamedSet[], isShort: RuleContext['isShort']): Map<string, Chain> {
  const drafts = new Map(table.chains);
  const lowered = new Map<string, Chain>();
  /** Sets that stand for a named one, by name and what is asked of it. */
  const made = new Map<string, SetId>();
  const lowerFrom = (starts: readonly ChainDraft[], ingress: boolean): void => {
    const waiting = [...starts];
    // It grows while it is walked.
    for (const chain of waiting) {
      if (lowered.has(chain.name)) continue;
      const made = lowerChain(chain, table, contextOf(chain, ingress));
      lowered.set(chain.name, made);
      for (const name of new Set(targetsOf(made))) {
        const target = drafts.get(name);
        if (target) waiting.push(target);
      }
    }
  };
  const contextOf = ({ name: chain }: ChainDraft, ingress: boolean): RuleContext => ({
    family: table.family,
    ingress,
    table: table.name,
    chain,
    isShort,
    setOf: (set) => table.sets.get(set) ?? null,
    addSet: (set, asked, make) => {
      const known = asked === null ? undefined : made.get(`${set} ${asked}`);
      if (known) return known;
      const one = make(`nft:${table.family} ${table.name} ${set} #${sets.length}` as SetId);
      sets.push(one);
      if (asked !== null) made.set(`${set} ${asked}`, one.id);
      return one.id;
    },
    addBlock: (statement, scope) => {
      const block = blockChain(statement, `${chain}#${drafts.size}`);
      for (const rule of statement.rules) block.rules.push({ rule, scope, cut: inBraces });
      drafts.set(block.name, block);
      return block.name;
    },
  });
  // What the rules mean at ingress comes first: a chain that is also reached from later hooks is read as it is read there.
  const all = [...drafts.values()];
  lowerFrom(
    all.filter(({ base }) => table.family === 'netdev' || base?.hook === 'ingress'),
    true,
  );
  lowerFrom(all, false);
  return new Map([...drafts.keys()].map((name) => [name, lowered.get(name) as Chain]));
}

const targetsOf = (chain: Chain): string[] =>
  [...kindsOf(chain)].flatMap(({ parts }) =>
    parts.flatMap((part) =>
      'statement' in part && (part.statement.kind === 'jump' || part.statement.kind === 'goto')
        ? [part.statement.chain]
        : [],
    ),
  );

const blockChain = (statement: Statement, name: string): ChainDraft => new ChainDraft(name, statement.span);

function lowerChain(draft: ChainDraft, table: TableDraft, context: RuleContext): Chain {
  const { name, span, base, policy, edited } = draft;
  const kept: Cut | null = edited === null ? null : { kind: 'kept', why: edited };
  const drafts = kept ? draft.rules.all().map((rule) => ({ ...rule, cut: kept })) : draft.rules.all();
  const segments = segmentsOfDrafts(drafts, context, `${table.family} ${table.name} ${name} `);
  // The chains of a dormant table are not hooked in.
  if (!base || table.flags.has('dormant')) return chainOf({ kind: 'regular', name, span }, segments);
  return chainOf({ kind: 'base', name, span, ...base, policy }, segments);
}

/** Sets that rules write to: their elements are not what the text says for long. */
function markUpdated(draft: TableDraft): void {
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.kind === 'chainBlock') statement.rules.forEach((rule) => visit(rule.statements));
      if (statement.kind === 'opaque') changedByWords(draft, statement.text);
      if (statement.kind !== 'setUpdate') continue;
      if (statement.set.kind === 'setReference') {
        const set = draft.sets.get(statement.set.name);
        if (set) set.changes = true;
      } else draft.sets.forEach((set) => (set.changes = true));
    }
  };
  const visitLike = ({ rules }: ChainDraft): void => {
    for (const rule of new Set(rules.all().map((one) => likeOf(one.rule)))) visit(rule.statements);
  };
  for (const chain of draft.chains.values()) visitLike(chain);
}

function changedByWords({ sets }: TableDraft, text: string): void {
  for (const [, name] of text.matchAll(/@([^\s{},;]+)/g)) {
    const set: SetDraft | undefined = name === undefined ? undefined : sets.get(name);
    if (set) set.changes = true;
  }
}

/** What stands outside of rules and is not understood: every packet meets it first. */
function opaqueTable(file: NftFile, { text, span }: RulesetDraft['opaque'][number], i: number): Table {
  const name = `not understood ${i + 1}`;
  const rule: Rule = {
    id: `inet ${name} prerouting 1` as RuleId,
    number: 1,
    span,
    text,
    parts: [{ statement: { kind: 'opaque', name: text.slice(0, 40), text }, span }],
  };
  const chain: BaseChain = {
    kind: 'base',
    name: 'prerouting',
    span,
    rules: [rule],
    type: 'filter',
    hook: 'prerouting',
    priority: -2_000_000,
    policy: 'accept',
    devices: [],
  };
  const early: BaseChain = { ...chain, name: 'ingress', hook: 'ingress', devices: ['*'] };
  const chains = new Map([chain, early].map((one) => [one.name, one]));
  return { family: 'inet', name, dialect: 'nft', file: file.file, span, chains };
}
