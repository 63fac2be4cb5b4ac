/** Tables while their commands are carried out. */
import type { Span } from '../../diagnostic.js';
import { EditedList } from '../edited-list.js';
import type { Cut, Place } from '../nft-text.js';
import type { BaseChain, Family, Table } from '../ruleset.js';
import type { SetId } from '../set.js';
import type {
  Element,
  Rule as RuleTree,
  SetDeclaration,
  SetExpression,
  SetType,
  Statement,
} from '../../parse/nft/tree.js';
import { printExpression } from '../../parse/nft/print-expression.js';
import type { Leaves, Scope, Scoped } from './scope.js';
import { leavesOf } from './scope.js';

export interface RuleDraft {
  readonly rule: RuleTree;
  readonly scope: Scope;
  readonly cut: Cut;
}

export type BasePlace = Pick<BaseChain, 'type' | 'hook' | 'priority' | 'devices'>;

export class ChainDraft {
  readonly rules = new EditedList<RuleDraft>();
  base: BasePlace | null = null;
  policy: 'accept' | 'drop' = 'accept';
  /** Why its rules stay where they are: a command counts them, or names one by its handle. */
  edited: string | null = null;
  constructor(
    readonly name: string,
    readonly span: Span,
  ) {}
}

/** Columns of key type names, `ipv4_addr . inet_service`. */
export function typeNames(type: SetType | null): readonly string[] | null {
  if (!type) return null;
  if (type.kind === 'names') return type.names;
  const parts = type.expression.kind === 'concat' ? type.expression.parts : [type.expression];
  const names = parts.map((part): string => {
    if (part.kind === 'meta')
      return (
        { iifname: 'ifname', oifname: 'ifname', l4proto: 'inet_proto', mark: 'mark' }[part.key] ?? printExpression(part)
      );
    if (part.kind !== 'payload') return printExpression(part);
    const { protocol, field } = part;
    if (field === 'saddr' || field === 'daddr')
      return { ip: 'ipv4_addr', ip6: 'ipv6_addr', ether: 'ether_addr' }[protocol] ?? printExpression(part);
    if (field === 'sport' || field === 'dport') return 'inet_service';
    return protocol === 'ip' && field === 'protocol' ? 'inet_proto' : printExpression(part);
  });
  return names;
}

export class SetDraft {
  readonly id: SetId;
  readonly name: string;
  readonly keyTypes: readonly string[] | null;
  readonly sources: Scoped[] = [];
  /** Why nothing is known of the elements; null: we know them. */
  why: string | null = null;
  /** Packets change the elements. */
  changes = false;
  /** A rule's matches were made from its elements. */
  inRules = false;
  #leaves: Leaves | null | undefined;
  #stateful: boolean | undefined;
  #timed: boolean | undefined;

  constructor(
    readonly family: Family,
    readonly table: string,
    readonly declaration: SetDeclaration,
    scope: Scope,
  ) {
    this.name = declaration.name;
    this.id = `nft:${family} ${table} ${declaration.name}` as SetId;
    this.keyTypes = typeNames(declaration.key);
    if (declaration.elements) this.sources.push({ expression: declaration.elements, scope });
    if (declaration.flags.includes('dynamic')) this.changes = true;
    if (declaration.opaque.length > 0) this.why = 'part of its declaration is not understood';
  }

  add(elements: SetExpression | Scoped['expression'], scope: Scope): void {
    this.sources.push({ expression: elements, scope });
    this.#leaves = undefined;
  }

  flush(): void {
    this.sources.length = 0;
    this.#leaves = undefined;
  }

  /** All elements; null when they are not known. */
  leaves(): Leaves | null {
    if (this.why !== null) return null;
    if (this.#leaves === undefined) {
      const parts = this.sources.map(leavesOf);
      this.#leaves = parts.every((part) => part !== null)
        ? { leaves: parts.flatMap(({ leaves }) => leaves), columns: parts.flatMap(({ columns }) => columns) }
        : null;
    }
    return this.#leaves;
  }

  /** Asking it counts against a limit or a quota. */
  get stateful(): boolean {
    return (this.#stateful ??= this.#isStateful());
  }

  #isStateful(): boolean {
    const counts = (statements: readonly Statement[]): boolean => statements.some(({ kind }) => kind !== 'counter');
    if (counts(this.declaration.statements)) return true;
    return this.leaves()?.leaves.some(({ element }) => element !== null && counts(element.statements)) ?? false;
  }

  /** Some element expires. */
  get timed(): boolean {
    return (this.#timed ??= this.#isTimed());
  }

  #isTimed(): boolean {
    if (this.declaration.timeout !== null) return true;
    const leaves = this.leaves();
    return (
      !leaves ||
      leaves.leaves.some(({ element }) => element !== null && secondsLeft(element, null) > 0) ||
      leaves.columns.some(({ timeout, expires }) => timeout !== null || expires !== null)
    );
  }
}

/** Seconds an element had left; 0: it does not expire. `set`: default timeout of its set, milliseconds. */
export function secondsLeft(element: Pick<Element, 'timeout' | 'expires'>, set: number | null): number {
  const left = element.expires ?? element.timeout ?? set;
  return left === null || left === 0 ? 0 : Math.min(0xffffffff, Math.max(1, Math.floor(left / 1000)));
}

export class TableDraft {
  readonly chains = new Map<string, ChainDraft>();
  readonly sets = new Map<string, SetDraft>();
  readonly flags = new Set<string>();
  loads: NonNullable<Table['loads']> = 'on-top';
  readonly blocks: Place[] = [];
  constructor(
    readonly family: Family,
    readonly name: string,
    readonly span: Span,
  ) {}
}
