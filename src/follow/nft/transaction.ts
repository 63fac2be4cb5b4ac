/** One transaction of nftables, from its messages: the kernel sends all of them when it has committed, and then the new generation. */
import type { SetId } from '../../model/set.js';
import { Attributes, eachOf, type Message } from '../netlink/message.js';
import { ElementRun } from './element-run.js';
import * as nft from './constants.js';
import { dropsSilently } from './silent-drop.js';

export interface Transaction {
  /** In the order in which they were made. */
  readonly runs: readonly ElementRun[];
  /** Null: it changed elements only. */
  readonly rules: RuleChanges | null;
  /** Milliseconds since the epoch, no later than it was committed. */
  readonly since: number;
}

export interface RuleChanges {
  /** As `HostChange` has it, if the sets that new rules ask (`lookups`) do nothing when they are asked. */
  readonly addsDropsOnly: boolean;
  readonly what: string;
  readonly lookups: ReadonlySet<SetId>;
}

const { messages } = nft;
const top = new Attributes();
const own = new Attributes();

/** `<family> <name>` of a table. */
type TableKey = string;

export class TransactionDraft {
  readonly #runs: ElementRun[] = [];
  readonly #lookups = new Set<SetId>();
  #ruleChanges = 0;
  #first = '';
  #addsDropsOnly = true;
  /** Tables that are told as new, with what they hold; they are new if that has come with them. */
  readonly #tables = new Map<TableKey, number>();
  readonly #made = new Map<TableKey, number>();
  /** Tables of chains that are only new if their table is. */
  readonly #wantNew = new Set<TableKey>();

  constructor(readonly since: number) {}

  get isEmpty(): boolean {
    return this.#runs.length === 0 && this.#ruleChanges === 0;
  }

  /** A message of subsystem nftables that is no new generation. */
  add(bytes: Buffer, { type, start, end }: Message): void {
    const family = nft.families[bytes[start]!] ?? `family ${bytes[start]!}`;
    // Of `struct nfgenmsg`, 4 bytes.
    if (!top.read(bytes, start + 4, end)) {
      this.#rules(false, 'something changed in nftables that cannot be read');
      return;
    }
    const table: TableKey = `${family} ${top.text(1)}`;
    this.#addOf(type & 0xff, bytes, table);
  }

  #addOf(type: number, bytes: Buffer, table: TableKey): void {
    switch (type) {
      case messages.newElement:
      case messages.delElement:
      case messages.destroyElement: {
        this.#elements(bytes, table, type === messages.newElement ? 'add' : 'remove');
        return;
      }
      case messages.newRule: {
        this.#newRule(bytes, table);
        return;
      }
      case messages.delRule:
      case messages.destroyRule: {
        this.#rules(false, `rule removed from ${table} ${top.text(nft.rule.chain)}`);
        return;
      }
      case messages.newChain: {
        this.#newChain(table);
        return;
      }
      case messages.delChain:
      case messages.destroyChain: {
        this.#rules(false, `chain ${table} ${top.text(nft.chain.name)} removed or changed`);
        return;
      }
      case messages.newTable:
        this.#tables.set(table, top.be32(nft.table.use) ?? 0);
        {
          this.#rules((top.be32(nft.table.flags) ?? 0) === 0, `table ${table} added or changed`);
          return;
        }
      case messages.delTable:
      case messages.destroyTable: {
        this.#rules(false, `table ${table} removed`);
        return;
      }
      case messages.newSet:
        this.#count(table);
        {
          this.#rules(true, `set ${table} ${top.text(nft.set.name)} added`);
          return;
        }
      case messages.delSet:
      case messages.destroySet: {
        this.#rules(false, `set ${table} ${top.text(nft.set.name)} removed`);
        return;
      }
      case messages.newFlowtable:
        this.#count(table);
        {
          this.#rules(true, `flowtable in ${table} added`);
          return;
        }
      case messages.delFlowtable:
      case messages.destroyFlowtable: {
        this.#rules(false, `flowtable in ${table} removed or changed`);
        return;
      }
      // Counters, quotas, limits: nothing but the rules that use them matters. A quota that is spent tells so from a packet's path.
      case messages.newObject: {
        this.#count(table);
        return;
      }
      case messages.delObject:
      case messages.destroyObject:
        return;
      default: {
        this.#rules(false, `something changed in ${table} that is not known (message ${type})`);
        return;
      }
    }
  }

  #elements(bytes: Buffer, table: TableKey, op: 'add' | 'remove'): void {
    const { elementList } = nft;
    const set = `nft:${table} ${top.text(elementList.set)}` as SetId;
    const last = this.#runs.at(-1);
    const run = last?.set === set && last.op === op ? last : new ElementRun(op, set);
    if (run !== last) this.#runs.push(run);
    const [from, to] = [top.start(elementList.elements), top.end(elementList.elements)];
    const whole =
      top.has(elementList.elements) && eachOf(bytes, from, to, (start, end) => run.addFrom(own, bytes, start, end));
    if (!whole) run.odd ??= 'a message is cut short';
  }

  #newRule(bytes: Buffer, table: TableKey): void {
    const { expressions, chain } = nft.rule;
    const lookups = new Set<string>();
    const drops =
      top.has(expressions) &&
      dropsSilently(bytes, top.start(expressions), top.end(expressions), (name) => lookups.add(name));
    for (const name of lookups) if (!name.startsWith('__set')) this.#lookups.add(`nft:${table} ${name}` as SetId);
    this.#rules(drops, `rule added to ${table} ${top.text(chain)}`);
  }

  /** A regular chain does nothing by itself; nor does a base chain, which may be there already and have had another policy. */
  #newChain(table: TableKey): void {
    const { name, hook, policy, type, flags } = nft.chain;
    this.#count(table);
    const what = `chain ${table} ${top.text(name)} added or changed`;
    if (!top.has(hook)) {
      this.#rules(true, what);
      return;
    }
    const isPlain = top.text(type) === 'filter' && ((top.be32(flags) ?? 0) & nft.hardwareOffload) === 0;
    if (top.be32(policy) !== nft.drop) this.#wantNew.add(table);
    this.#rules(isPlain, what);
  }

  #count(table: TableKey): void {
    this.#made.set(table, (this.#made.get(table) ?? 0) + 1);
  }

  #rules(addsDropsOnly: boolean, what: string): void {
    // What matters is told first.
    if (this.#ruleChanges === 0 || (this.#addsDropsOnly && !addsDropsOnly)) this.#first = what;
    this.#ruleChanges++;
    this.#addsDropsOnly &&= addsDropsOnly;
  }

  finish(): Transaction {
    // A table that was dormant, or had another flag, is told like a new one, and holds what did not come now.
    const isNew = (table: TableKey): boolean => this.#tables.get(table) === (this.#made.get(table) ?? 0);
    const addsDropsOnly =
      this.#addsDropsOnly && [...this.#tables.keys()].every(isNew) && [...this.#wantNew].every(isNew);
    const more = this.#ruleChanges > 1 ? `, and ${this.#ruleChanges - 1} more` : '';
    const rules = { addsDropsOnly, what: `${this.#first}${more}`, lookups: this.#lookups };
    return { runs: this.#runs, rules: this.#ruleChanges === 0 ? null : rules, since: this.since };
  }
}
