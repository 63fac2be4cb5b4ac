/** Elements of sets come and go in the tables of a running prefilter. */
import type { LiveSet } from '../analyse/live-set.js';
import type { Layout } from '../compile/compile.js';
import type { SetId } from '../model/set.js';
import type { RuleId } from '../model/ruleset.js';
import type { Plan } from '../plan/plan.js';
import { keysOf } from './element-keys.js';
import type { AtomChange } from './field-labels.js';
import { elementOf, type SetChange } from './set-change.js';
import { SetState, type Obstacle } from './set-state.js';
import { suspendAll, suspendSteps } from './suspend.js';
import { TableMemory } from './table-memory.js';
import { addTargets, type Target, type TargetAtom } from './target.js';

export interface Replan {
  readonly set: SetId;
  readonly reason: string;
}

export interface Updated {
  /** Elements that were put in or taken out, or were so already. */
  readonly elements: number;
  /** What could not be done in place: the prefilter is sound, and passes more than it should until it is replaced. */
  readonly replan: readonly Replan[];
  /** Steps that pass until then. */
  readonly suspended: number;
}

/** An element that was added while the prefilter runs, and the counter of its packets. */
export interface AddedCounter {
  readonly counter: number;
  readonly rule: RuleId | null;
  readonly set: SetId;
  readonly element: SetChange['ranges'];
}

export interface Updater {
  readonly apply: (changes: readonly SetChange[]) => Updated;
  /** The set has changed, and nobody knows how: what asks for it passes until it is replaced. False: nothing does. */
  readonly suspend: (set: SetId) => boolean;
  /** Counters given out since the plan was made, without the first `known`; those of elements that have left go on being listed. */
  readonly added: (known?: number) => readonly AddedCounter[];
}

/**
 * `tables`: the value of the map, which the program reads (src/load/table-mapping.ts), filled by the image that `layout` came with. One
 * updater at a time changes it.
 */
export const createUpdater = (plan: Plan, layout: Layout, tables: Uint8Array): Updater =>
  new TableUpdater(plan, layout, tables);

/** One change as it is made in one table. */
interface Way {
  readonly target: Target;
  /** What becomes of the atoms, where it is the same for all elements. */
  readonly lasting: readonly AtomChange[] | null;
  /** New label by the old one. */
  readonly memo: Map<number, number>;
}

class TableUpdater implements Updater {
  readonly #memory: TableMemory;
  readonly #sets = new Map<SetId, SetState>();
  /** What the plan concludes from sets: it takes the judgement on all rules, and nobody asks before a set changes. */
  #sides: Map<SetId, readonly LiveSet[]> | null = null;
  readonly #added: { counter: number; rule: RuleId | null; change: SetChange; index: number }[] = [];
  #nextCounter: number;

  constructor(
    private readonly plan: Plan,
    private readonly layout: Layout,
    tables: Uint8Array,
  ) {
    this.#memory = new TableMemory(tables);
    this.#nextCounter = layout.counters[0];
    const targets = new Map<SetId, Target[]>();
    for (const family of [layout.ip, layout.ip6]) addTargets(this.#memory, family, targets);
    for (const [set, own] of targets) this.#sets.set(set, new SetState(own, () => this.#sidesOf(set)));
  }

  #sidesOf(set: SetId): readonly LiveSet[] {
    if (this.#sides === null) {
      this.#sides = new Map();
      for (const side of this.plan.followed?.live.values() ?? [])
        this.#sides.set(side.set, [...(this.#sides.get(side.set) ?? []), side]);
    }
    return this.#sides.get(set) ?? [];
  }

  added = (known = 0): readonly AddedCounter[] =>
    this.#added.slice(known).map(({ counter, rule, change, index }) => ({
      counter,
      rule,
      set: change.set,
      element: elementOf(change, index),
    }));

  apply = (changes: readonly SetChange[]): Updated => {
    const replan = new Map<SetId, string>();
    let elements = 0;
    let suspended = 0;
    for (const change of changes) {
      const reason = this.#applyChange(change, () => elements++);
      if (reason === null) continue;
      if (!replan.has(change.set)) replan.set(change.set, reason);
      suspended += this.#suspend(change);
    }
    return { elements, replan: [...replan].map(([set, reason]) => ({ set, reason })), suspended };
  };

  /** The first obstacle; elements that meet none are changed all the same. */
  #applyChange(change: SetChange, done: () => void): Obstacle {
    if (this.#isFixed(change.set)) return 'its elements do not stand in the tables one by one';
    const state = this.#sets.get(change.set);
    if (state === undefined) return null;
    // Of a packet with the element on both sides, a guard must know of it before a drop does, and no longer than it.
    const targets = [...state.targets].sort((a, b) => Number(b.guards) - Number(a.guards));
    if (change.op === 'remove') targets.reverse();
    const ways = targets.map((target): Way => ({
      target,
      lasting: change.expires === undefined ? this.#changesOf(target, change, 0) : null,
      memo: new Map(),
    }));
    let found: Obstacle = null;
    for (let i = 0; i < change.ranges.count; i++) {
      const obstacle = this.#applyElement(state, ways, change, i);
      if (obstacle === null) done();
      else found ??= obstacle;
    }
    return found;
  }

  /** Whatever of it stands in the tables does not stand there alone. */
  #isFixed(set: SetId): boolean {
    return this.plan.followed?.fixed.has(set) === true || this.plan.ruleset.sets.get(set)?.inRules === true;
  }

  suspend = (set: SetId): boolean => {
    const programs = [this.layout.ip.program, this.layout.ip6.program];
    const asked = this.#isFixed(set) || programs.some(({ atoms }) => atoms.some(({ live }) => live?.set === set));
    if (asked) this.#suspendSteps(set, null);
    return asked;
  };

  #suspend({ set, op, expires }: SetChange): number {
    // Another timeout may be a shorter one: what is said to be added may leave, too.
    const either = op === 'add' && expires?.some((second) => second > 0) === true ? null : op;
    return this.#suspendSteps(set, either);
  }

  #suspendSteps(set: SetId, op: 'add' | 'remove' | null): number {
    const fixed = this.#isFixed(set);
    return [this.layout.ip, this.layout.ip6].reduce(
      (sum, family) => sum + (fixed ? suspendAll(this.#memory, family) : suspendSteps(this.#memory, family, set, op)),
      0,
    );
  }

  #applyElement(state: SetState, ways: readonly Way[], change: SetChange, i: number): Obstacle {
    const obstacle = state.obstacle(change, i);
    if (obstacle !== null || state.isMissing(change, i)) return obstacle;
    const counters = new Map<TargetAtom, number>();
    for (const { target, lasting, memo } of ways) {
      const keys = keysOf(change, i, target);
      if (keys === null) return 'an element is too large to change in place';
      const changes = lasting ?? this.#changesOf(target, change, i);
      if (changes === null) return 'none of its elements timed out before';
      for (const key of keys) {
        const old = target.slots.label(key);
        const label = this.#newLabel(target, memo, old, changes, counters, change, i);
        if (label === 0) return noRoom;
        if (label !== old && !target.slots.set(key, label)) return noRoom;
      }
    }
    state.note(change, i);
    return null;
  }

  /** Null: the element times out, and the set's tables do not know time. */
  #changesOf({ atoms, field }: Target, { op, expires }: SetChange, i: number): AtomChange[] | null {
    const seconds = expires?.[i] ?? 0;
    const changes: AtomChange[] = [];
    for (const { atom, as } of atoms) {
      const ends = as === 'must' && seconds > 0 ? field.labels.expiries!.tickOf(seconds) : Infinity;
      if (op === 'add' && as === 'exact' && seconds > 0) return null;
      changes.push({ atom, present: op === 'add' && ends !== null, ends: ends ?? Infinity, counter: 0 });
    }
    return changes;
  }

  #newLabel(
    target: Target,
    memo: Map<number, number>,
    old: number,
    changes: readonly AtomChange[],
    counters: Map<TargetAtom, number>,
    change: SetChange,
    i: number,
  ): number {
    const { labels, atoms, field } = target;
    // Without counters and times, equal labels become equal labels.
    if (!field.labels.isCounted) {
      const known = memo.get(old) ?? labels.change(old, changes);
      memo.set(old, known);
      return known;
    }
    const counted: AtomChange[] = [];
    for (const [k, one] of changes.entries()) {
      const atom = atoms[k]!;
      const counter =
        one.present && atom.countedBy !== null ? this.#counter(target, atom, old, counters, change, i) : 0;
      if (counter === null) return 0;
      counted.push({ ...one, counter });
    }
    return labels.change(old, counted);
  }

  /** Counter + 1 of the element: that it has, or a new one; null: there are no more. */
  #counter(
    { labels, layout }: Target,
    atom: TargetAtom,
    old: number,
    counters: Map<TargetAtom, number>,
    change: SetChange,
    i: number,
  ): number | null {
    const known = counters.get(atom) ?? labels.counterOf(old, atom.atom);
    if (known !== 0) return known;
    if (this.#nextCounter >= this.layout.counters[1]) return null;
    const counter = this.#nextCounter++;
    counters.set(atom, counter + 1);
    const rules = this.plan.stepRules[layout.program.family === 4 ? 'ip' : 'ip6'];
    const rule = rules(atom.countedBy!)[0] ?? null;
    this.#added.push({ counter, rule, change, index: i });
    return counter + 1;
  }
}

const noRoom = 'its tables are full';
