/** `define`d names: an immutable chain, so that a rule keeps the definitions that held where it stood. */
import type { CatchAll, Element, ElementColumns, Expression } from '../../parse/nft/tree.js';

interface Definition {
  /** Null: undefined again. */
  readonly value: Expression | null;
  readonly scope: Scope;
}

/**
 * Definitions in layers, the newest first; each is at least twice as large as the one above it, so there are few to ask, and each definition
 * is copied few times.
 */
export type Scope = Layer | null;

interface Layer {
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly next: Scope;
}

/** An expression with the definitions that its variables mean. */
export interface Scoped {
  readonly expression: Expression;
  readonly scope: Scope;
}

export function define(scope: Scope, name: string, value: Expression | null): Scope {
  const merged: ReadonlyMap<string, Definition>[] = [new Map([[name, { value, scope }]])];
  let size = 1;
  let next = scope;
  for (; next && next.definitions.size < 2 * size; next = next.next) {
    merged.push(next.definitions);
    size += next.definitions.size;
  }
  return { definitions: new Map(merged.reverse().flatMap((layer) => [...layer])), next };
}

function definitionOf(scope: Scope, name: string): Definition | undefined {
  for (let layer = scope; layer; layer = layer.next) {
    const found = layer.definitions.get(name);
    if (found) return found;
  }
  return undefined;
}

/** Follows variables until something else stands there; null when one is not defined (nft would refuse the file). */
export function resolve({ expression, scope }: Scoped): Scoped | null {
  let found: Scoped = { expression, scope };
  for (let depth = 0; depth < 64; depth++) {
    const { expression: now } = found;
    if (now.kind !== 'variable') return found;
    const definition = definitionOf(found.scope, now.name);
    if (!definition?.value) return null;
    found = { expression: definition.value, scope: definition.scope };
  }
  return null;
}

/** One element of a set or list, or the value that stands alone. */
export interface Leaf {
  readonly key: Expression | CatchAll;
  readonly scope: Scope;
  /** Null: no element of a set. */
  readonly element: Element | null;
}

export interface Leaves {
  readonly leaves: readonly Leaf[];
  /** Elements as columns, beside the leaves. */
  readonly columns: readonly ElementColumns[];
}

/** What a set, a list or a single value holds, sets in sets unpacked; null when a variable is not defined. */
export function leavesOf(start: Scoped): Leaves | null {
  const leaves: Leaf[] = [];
  const columns: ElementColumns[] = [];
  const visit = (scoped: Scoped, element: Element | null): boolean => {
    const found = resolve(scoped);
    if (!found) return false;
    const { expression, scope } = found;
    if (expression.kind === 'set') {
      if (expression.columns) columns.push(expression.columns);
      return expression.elements.every((one) => {
        if (one.key.kind !== 'catchAll') return visit({ expression: one.key, scope }, one);
        leaves.push({ key: one.key, scope, element: one });
        return true;
      });
    }
    leaves.push({ key: expression, scope, element });
    return true;
  };
  return visit(start, null) ? { leaves, columns } : null;
}
