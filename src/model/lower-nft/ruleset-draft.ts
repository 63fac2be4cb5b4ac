/** Carries out the commands of an nft file, in order, on tables that begin empty. */
import type { Span } from '../../diagnostic.js';
import type { Family } from '../ruleset.js';
import type {
  Chain,
  Command,
  Declaration,
  ElementCommand,
  NftFile,
  Removal,
  RuleCommand,
  TableBlock,
  TableItem,
} from '../../parse/nft/tree.js';
import { commandCut, lineCut, notUnderstood, opaqueRule, type Block } from './cuts.js';
import { ChainDraft, SetDraft, TableDraft } from './draft.js';
import { devicesOf, isHook, priorityOf } from './places.js';
import { define, resolve, type Scope } from './scope.js';
import { TextCursor } from './text-cursor.js';

const tableFlags: ReadonlySet<string> = new Set(['dormant', 'owner', 'persist']);

export class RulesetDraft {
  readonly tables = new Map<string, TableDraft>();
  /** What is not understood outside of rules: it may do anything to any packet. */
  readonly opaque: { readonly text: string; readonly span: Span }[] = [];
  readonly texts: TextCursor;
  /** Families and tables that the file empties itself. */
  readonly #emptied = new Set<string>();
  /** Tables of which it edits what it did not make. */
  readonly #leaning = new Set<string>();
  #scope: Scope = null;

  constructor(readonly file: NftFile) {
    this.texts = new TextCursor(file.text);
    this.#commands(file.commands);
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
        this.texts.include(command, (items) => this.#commands(items as readonly Command[]));
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
      case 'idle':
        return;
    }
  }

  #table(family: Family, name: string, span: Span): TableDraft {
    const key = `${family} ${name}`;
    const known = this.tables.get(key);
    if (known) return known;
    const table = new TableDraft(family, name, span);
    if (['*', family, key].some((one) => this.#emptied.has(one))) table.loads = 'afresh';
    else if (this.#leaning.has(key)) table.loads = 'into-existing';
    this.tables.set(key, table);
    return table;
  }

  #tableBlock(block: TableBlock): void {
    const table = this.#table(block.family, block.table, block.span);
    for (const flag of block.flags) {
      // nft 1.0.6 writes one letter of the flag into its JSON: the table may be dormant or not.
      if (!tableFlags.has(flag)) this.#giveUp(`flag "${flag}" of table ${block.family} ${block.table}`, block.span);
      table.flags.add(flag);
    }
    if (block.items) table.blocks.push(this.texts.place(block.extent));
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
          this.texts.include(item, (more) => this.#items(table, more as readonly TableItem[]));
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
    this.#place(table, chain, tree);
    this.#body(chain, tree, false);
  }

  #body(chain: ChainDraft, { items, extent }: Chain, declared: boolean): void {
    const outer = this.#scope;
    this.#rules(chain, items, { home: this.texts.place(extent), declared, defines: [] });
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
    // nft's JSON (1.0.6) does not tell the devices.
    const named = hook.hook === 'ingress' && devices.length === 0 ? ['*'] : devices;
    chain.base = { type, hook: hook.hook, priority, devices: [...before, ...named] };
  }

  #rules(chain: ChainDraft, items: Chain['items'], block: Block): void {
    for (const item of items) {
      switch (item.kind) {
        case 'define':
        case 'undefine':
          this.#scope = define(this.#scope, item.name, item.kind === 'define' ? item.value : null);
          block.defines.push(this.texts.place(item.extent));
          break;
        case 'include':
          this.texts.include(item, (more) => this.#rules(chain, more as Chain['items'], block));
          break;
        case 'opaque':
          chain.rules.push({ rule: opaqueRule(item), scope: this.#scope, cut: notUnderstood });
          break;
        case 'rule':
          chain.rules.push({
            rule: item,
            scope: this.#scope,
            cut: lineCut(this.file.format, this.texts.place(item.extent), block),
          });
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
      this.#body(chain, declared, true);
    } else if (declared.kind === 'setDeclaration') this.#set(table, declared);
  }

  #ruleCommand(command: RuleCommand): void {
    const { family, table: name, chain: chainName, rule, extent, span, verb, position } = command;
    const table = this.#table(family, name, span);
    if (!table.chains.has(chainName)) this.#leansOnHost(table);
    const chain = this.#chainOf(table, chainName, span);
    const cut = commandCut(this.file.format, this.texts.place(extent), verb);
    const draft = { rule, scope: this.#scope, cut };
    if (position === null && verb !== 'replace') {
      if (verb === 'insert') chain.rules.insert(0, draft);
      else chain.rules.push(draft);
      return;
    }
    const where = position ? ` by ${position.kind} ${position.number}` : '';
    chain.edited = `line ${span.line} of ${span.file} edits its chain${where}`;
    if (position === null) return;
    const at =
      position.kind === 'index' ? position.number : chain.rules.findIndex((one) => one.rule.handle === position.number);
    if (at < 0 || at >= chain.rules.length) this.#giveUp(`${verb} rule at ${position.kind} ${position.number}`, span);
    else if (verb === 'replace') chain.rules.replace(at, draft);
    else chain.rules.insert(verb === 'insert' ? at : at + 1, draft);
  }

  /** What it edits was there before the file was loaded. */
  #leansOnHost(table: TableDraft): void {
    if (table.loads === 'on-top') table.loads = 'into-existing';
  }

  #elements({ verb, family, table, set: name, elements, span }: ElementCommand): void {
    if (verb === 'get') return;
    const known = this.tables.get(`${family} ${table}`);
    const set = known?.sets.get(name);
    if (!set) {
      if (known) this.#leansOnHost(known);
      return;
    }
    if (verb === 'add' || verb === 'create' || verb === 'insert') set.add(elements, this.#scope);
    else if (verb !== 'reset') set.why = `line ${span.line} takes elements out`;
  }

  #removal(command: Removal): void {
    const { verb, object, family, table: name, span } = command;
    if (verb === 'reset') return;
    if (object === 'ruleset') {
      this.#emptied.add(family ?? '*');
      for (const [key, table] of this.tables) if (family === null || table.family === family) this.tables.delete(key);
      return;
    }
    const key = `${family ?? 'ip'} ${name ?? ''}`;
    const table = this.tables.get(key);
    if (object === 'table') {
      if (verb === 'flush') for (const chain of table?.chains.values() ?? []) chain.rules.clear();
      else if (verb === 'delete' || verb === 'destroy') this.tables.delete(key);
      this.#emptied.add(key);
      if (table) table.loads = 'afresh';
      return;
    }
    if (!table) this.#leaning.add(key);
    if (table) this.#removeFrom(table, command);
    else if (verb === 'rename') this.#giveUp(`${verb} ${object}`, span);
  }

  #removeFrom(table: TableDraft, { verb, object, name, handle, span }: Removal): void {
    const chain = name === null ? undefined : table.chains.get(name);
    if (object === 'chain' && verb !== 'rename') {
      if (chain) chain.rules.clear();
      else this.#leansOnHost(table);
      if (chain && verb !== 'flush') table.chains.delete(chain.name);
    } else if (object === 'rule') {
      const at = chain?.rules.findIndex(({ rule }) => handle !== null && rule.handle === handle) ?? -1;
      if (!chain || at < 0) this.#giveUp(`${verb} rule`, span);
      else {
        chain.rules.remove(at);
        chain.edited = `line ${span.line} of ${span.file} takes a rule out of its chain by its handle`;
      }
    } else if (object === 'set' || object === 'map') {
      const set = name === null ? undefined : table.sets.get(name);
      if (verb === 'flush') set?.flush();
      else if (set) table.sets.delete(set.name);
    } else if (object === 'chain' || object === 'flowtable') this.#giveUp(`${verb} ${object}`, span);
  }
}
