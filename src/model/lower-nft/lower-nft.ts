/** The syntax tree of one nft input to tables and sets of the model. */
import type { BaseChain, Chain, Rule, RuleId, Table } from '../ruleset.js';
import type { Cut, NftText } from '../nft-text.js';
import type { NamedSet, SetId } from '../set.js';
import type { NftFile, Statement } from '../../parse/nft/tree.js';
import { inBraces } from './cuts.js';
import { ChainDraft, type SetDraft, type TableDraft } from './draft.js';
import { isShortened, managerOf } from './managed.js';
import type { RuleContext } from './rules.js';
import { lowerRule } from './rules.js';
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
  const tables = [...draft.tables.values()].map((table) => lowerTable(file, table, sets));
  const unclear = draft.opaque.map((one, i) => opaqueTable(file, one, i));
  return { tables: [...unclear, ...tables], sets, nft: draft.texts.main };
}

function lowerTable(file: NftFile, draft: TableDraft, sets: NamedSet[]): Table {
  markUpdated(draft);
  for (const set of draft.sets.values()) sets.push(lowerSet(set));
  const chains = new Map<string, Chain>();
  const managed = managerOf(file, draft);
  const isShort =
    (managed === 'iptables-nft' || managed === 'iptables-names') && draft.loads !== 'afresh'
      ? isShortened
      : (): boolean => false;
  const ingress = [...draft.chains.values()].some(({ base }) => base?.hook === 'ingress');
  const waiting = [...draft.chains.values()];
  for (let chain = waiting.shift(); chain; chain = waiting.shift()) {
    const { name } = chain;
    const context: RuleContext = {
      family: draft.family,
      ingress: ingress || draft.family === 'netdev',
      table: draft.name,
      chain: name,
      isShort,
      setOf: (set) => draft.sets.get(set) ?? null,
      addSet: (set, make) => {
        const made = make(`nft:${draft.family} ${draft.name} ${set} #${sets.length}` as SetId);
        sets.push(made);
        return made.id;
      },
      addBlock: (statement, scope) => {
        const block = blockChain(statement, `${name}#${chains.size + waiting.length + 1}`);
        block.rules = statement.rules.map((rule) => ({ rule, scope, cut: inBraces }));
        waiting.push(block);
        return block.name;
      },
    };
    chains.set(name, lowerChain(chain, draft, context));
  }
  const { family, name, span } = draft;
  const { blocks, loads } = draft;
  return { family, name, dialect: 'nft', file: file.file, span, chains, blocks, loads, ...(managed && { managed }) };
}

const blockChain = (statement: Statement, name: string): ChainDraft => new ChainDraft(name, statement.span);

function lowerChain(draft: ChainDraft, table: TableDraft, context: RuleContext): Chain {
  const { name, span, base, policy, edited } = draft;
  const kept: Cut | null = edited === null ? null : { kind: 'kept', why: edited };
  const rules = draft.rules.flatMap((rule, i): Rule[] =>
    lowerRule(kept ? { ...rule, cut: kept } : rule, i + 1, context),
  );
  const whole = { name, span, rules };
  // The chains of a dormant table are not hooked in.
  if (!base || table.flags.has('dormant')) return { kind: 'regular', ...whole };
  return { kind: 'base', ...whole, ...base, policy };
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
  for (const chain of draft.chains.values()) for (const { rule } of chain.rules) visit(rule.statements);
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
