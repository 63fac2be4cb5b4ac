/** Carries out the commands of an nft file, in order, on tables that begin empty. */
import type { Span } from '../../diagnostic.js';
import type { Family } from '../ruleset.js';
import type {
  Chain,
  Command,
  Declaration,
  ElementCommand,
  Extent,
  NftFile,
  OpaqueNode,
  Removal,
  Rule,
  RuleCommand,
  TableBlock,
  TableItem,
} from '../../parse/nft/tree.js';
import { ChainDraft, SetDraft, TableDraft } from './draft.js';
import { devicesOf, isHook, priorityOf } from './places.js';
import { define, resolve, type Scope } from './scope.js';

export class RulesetDraft {
  readonly tables = new Map<string, TableDraft>();
  /** What is not understood outside of rules: it may do anything to any packet. */
  readonly opaque: { readonly text: string; readonly span: Span }[] = [];
  /** The file begins by emptying everything. */
  flushes = false;
  #scope: Scope = null;

  constructor(readonly file: NftFile) {
    this.#commands(file.commands);
  }

  /** Only what stands in the main file itself can be edited there. */
  #own(span: Span): boolean {
    return span.file === this.file.file && this.file.format === 'text';
  }

  #giveUp(text: string, span: Span): void {
    this.opaque.push({ text, span });
  }

  #commands(commands: readonly Command[]): void {
    for (const command of commands) this.#command(command);
  }

  #command(command: Command): void {
    switch (command.kind) {
      case 'define':
        this.#scope = define(this.#scope, command.name, command.value);
        return;
      case 'undefine':
        this.#scope = define(this.#scope, command.name, null);
        return;
      case 'include':
        for (const { items } of command.files) this.#commands(items as readonly Command[]);
        return;
      case 'opaque':
        this.#giveUp(command.text, command.span);
        return;
      case 'table':
        this.#tableBlock(command);
        return;
      case 'declaration':
        this.#declaration(command);
        return;
      case 'ruleCommand':
        this.#ruleCommand(command);
        return;
      case 'elementCommand':
        this.#elements(command);
        return;
      case 'removal':
        this.#removal(command);
        return;
    }
  }

  #table(family: Family, name: string, span: Span): TableDraft {
    const key = `${family} ${name}`;
    const known = this.tables.get(key);
    if (known) return known;
    const table = new TableDraft(family, name, span);
    this.tables.set(key, table);
    return table;
  }

  #tableBlock(block: TableBlock): void {
    const table = this.#table(block.family, block.table, block.span);
    if (block.flags.includes('dormant')) table.dormant = true;
    if (this.#own(block.span) && block.items) table.blocks.push(block.extent);
    const outer = this.#scope;
    this.#items(table, block.items ?? []);
    this.#scope = outer;
  }

  #items(table: TableDraft, items: readonly TableItem[]): void {
    for (const item of items) {
      switch (item.kind) {
        case 'define':
          this.#scope = define(this.#scope, item.name, item.value);
          break;
        case 'undefine':
          this.#scope = define(this.#scope, item.name, null);
          break;
        case 'include':
          for (const { items: more } of item.files) this.#items(table, more as readonly TableItem[]);
          break;
        case 'opaque':
          this.#giveUp(item.text, item.span);
          break;
        case 'chain':
          this.#chain(table, item);
          break;
        case 'setDeclaration':
          this.#set(table, item);
          break;
        case 'objectDeclaration':
        case 'flowtable':
          break;
      }
    }
  }

  #set(table: TableDraft, declaration: SetDraft['declaration']): void {
    const known = table.sets.get(declaration.name);
    if (known) {
      if (declaration.elements) known.add(declaration.elements, this.#scope);
      if (declaration.flags.includes('dynamic')) known.changes = true;
    } else table.sets.set(declaration.name, new SetDraft(table.family, table.name, declaration, this.#scope));
  }

  #chain(table: TableDraft, tree: Chain): void {
    const chain = this.#chainOf(table, tree.name, tree.span);
    if (this.#own(tree.span)) chain.blocks.push(tree.extent);
    this.#place(table, chain, tree);
    const outer = this.#scope;
    this.#rules(chain, tree.items);
    this.#scope = outer;
  }

  #chainOf(table: TableDraft, name: string, span: Span): ChainDraft {
    const known = table.chains.get(name);
    if (known) return known;
    const chain = new ChainDraft(name, span);
    table.chains.set(name, chain);
    return chain;
  }

  #place(table: TableDraft, chain: ChainDraft, { hook, policy, name, span }: Chain): void {
    if (policy) {
      const found = resolve({ expression: policy, scope: this.#scope });
      const word = found?.expression.kind === 'value' ? found.expression.text : '';
      if (word === 'accept' || word === 'drop') chain.policy = word;
      else this.#giveUp(`policy of chain ${name}`, span);
    }
    if (!hook) return;
    const priority = priorityOf(table.family, hook.priority, this.#scope);
    const devices = devicesOf(hook.devices, this.#scope);
    const { type } = hook;
    if (
      priority === null ||
      !devices ||
      !isHook(hook.hook) ||
      (type !== 'filter' && type !== 'nat' && type !== 'route')
    ) {
      this.#giveUp(`hook of chain ${name}`, span);
      return;
    }
    const before = chain.base?.devices ?? [];
    chain.base = { type, hook: hook.hook, priority, devices: [...before, ...devices] };
  }

  #rules(chain: ChainDraft, items: Chain['items']): void {
    for (const item of items) {
      switch (item.kind) {
        case 'define':
          this.#scope = define(this.#scope, item.name, item.value);
          // Its names end with the block, so the residual cannot move the rules to another chain.
          chain.edited = true;
          break;
        case 'undefine':
          this.#scope = define(this.#scope, item.name, null);
          break;
        case 'include':
          for (const { items: more } of item.files) this.#rules(chain, more as Chain['items']);
          break;
        case 'opaque':
          chain.rules.push({ rule: opaqueRule(item), scope: this.#scope, cut: null });
          break;
        case 'rule':
          chain.rules.push({ rule: item, scope: this.#scope, cut: this.#own(item.span) ? 'block' : null });
          break;
      }
    }
  }

  #declaration(command: Declaration): void {
    const { declared, family, table: name, span, verb } = command;
    if (verb === 'delete' || verb === 'destroy') {
      this.#giveUp(`${verb} ${declared.kind} ${declared.name}`, span);
      return;
    }
    if (verb === 'get' || verb === 'reset') return;
    const table = this.#table(family, name, span);
    if (declared.kind === 'chain') {
      const chain = this.#chainOf(table, declared.name, declared.span);
      this.#place(table, chain, declared);
      const outer = this.#scope;
      this.#rules(chain, declared.items);
      // The residual knows chains inside of table blocks and rules in commands of their own.
      if (declared.items.length > 0) chain.edited = true;
      this.#scope = outer;
    } else if (declared.kind === 'setDeclaration') this.#set(table, declared);
  }

  #ruleCommand(command: RuleCommand): void {
    const { family, table: name, chain: chainName, rule, span, verb, position } = command;
    const chain = this.#chainOf(this.#table(family, name, span), chainName, span);
    const draft = { rule, scope: this.#scope, cut: this.#own(span) ? ('command' as const) : null };
    if (verb !== 'insert' && verb !== 'replace' && position === null) {
      chain.rules.push(draft);
      return;
    }
    chain.edited = true;
    if (position === null) {
      chain.rules.unshift(draft);
      return;
    }
    const at =
      position.kind === 'index' ? position.number : chain.rules.findIndex((one) => one.rule.handle === position.number);
    if (at < 0 || at >= chain.rules.length) this.#giveUp(`${verb} rule at ${position.kind} ${position.number}`, span);
    else if (verb === 'replace') chain.rules.splice(at, 1, draft);
    else chain.rules.splice(verb === 'insert' ? at : at + 1, 0, draft);
  }

  #elements({ verb, family, table, set: name, elements, span }: ElementCommand): void {
    if (verb === 'get') return;
    const set = this.tables.get(`${family} ${table}`)?.sets.get(name);
    if (!set) return;
    if (verb === 'add' || verb === 'create' || verb === 'insert') set.add(elements, this.#scope);
    else if (verb !== 'reset') set.why = `line ${span.line} takes elements out`;
  }

  #removal(command: Removal): void {
    const { verb, object, family, table: name, span } = command;
    if (verb === 'list' || verb === 'reset') return;
    if (object === 'ruleset') {
      if (this.tables.size === 0 && family === null) this.flushes = true;
      for (const [key, table] of this.tables) if (family === null || table.family === family) this.tables.delete(key);
      return;
    }
    const key = `${family ?? 'ip'} ${name ?? ''}`;
    const table = this.tables.get(key);
    if (object === 'table') {
      if (verb === 'flush') table?.chains.forEach((chain) => (chain.rules = []));
      else if (verb === 'delete' || verb === 'destroy') this.tables.delete(key);
      return;
    }
    if (table) this.#removeFrom(table, command);
    else if (verb === 'rename') this.#giveUp(`${verb} ${object}`, span);
  }

  #removeFrom(table: TableDraft, { verb, object, name, handle, span }: Removal): void {
    const chain = name === null ? undefined : table.chains.get(name);
    if (object === 'chain' && verb !== 'rename') {
      if (chain) chain.rules = [];
      if (chain && verb !== 'flush') table.chains.delete(chain.name);
    } else if (object === 'rule') {
      const at = chain?.rules.findIndex(({ rule }) => handle !== null && rule.handle === handle) ?? -1;
      if (!chain || at < 0) this.#giveUp(`${verb} rule`, span);
      else {
        chain.rules.splice(at, 1);
        chain.edited = true;
      }
    } else if (object === 'set' || object === 'map') {
      const set = name === null ? undefined : table.sets.get(name);
      if (verb === 'flush') set?.flush();
      else if (set) table.sets.delete(set.name);
    } else if (object === 'chain' || object === 'flowtable') this.#giveUp(`${verb} ${object}`, span);
  }
}

/** Text between rules that is not understood, as a rule that does anything. */
function opaqueRule({ text, span, extent }: OpaqueNode & { readonly extent: Extent }): Rule {
  return {
    kind: 'rule',
    statements: [{ kind: 'opaque', text, span }],
    comment: null,
    handle: null,
    text,
    extent,
    span,
  };
}
