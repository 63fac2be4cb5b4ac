/** One set of ipset as it was seen last, and what another look at it tells. */
import type { NamedSet } from '../../model/set.js';
import type { SetChange } from '../../update/set-change.js';
import type { HostChange } from '../change.js';
import { stillElements, type Section } from './ipset-text.js';
import { lineDifference } from './line-difference.js';
import { elementsOfSet, elementsOfText, type SetElements } from './set-elements.js';
import type { Slices } from './slices.js';
import { changeOf, differenceOf, sharesFor, sortedElements, type SortedElements } from './sorted-elements.js';

/** When a text was made, in milliseconds since the epoch. */
interface Times {
  readonly began: number;
  readonly ended: number;
}

/** Elements that are surely listed in a second, as src/model/read-ruleset.ts has it. */
const listedInASecond = 50_000;

export class FollowedIpset {
  readonly #id: NamedSet['id'];
  readonly #name: string;
  /** As it was read; sorted when something is to be compared with it. */
  #read: NamedSet | null;
  #elements: SortedElements | null = null;
  /** Null: not seen as text yet. */
  #section: Section | null;

  constructor(set: NamedSet, section: Section | null) {
    this.#id = set.id;
    this.#name = set.name;
    this.#read = set;
    this.#section = section;
  }

  /** Not to be called again before it is done. */
  async compare(section: Section, times: Times, slices: Slices): Promise<readonly HostChange[]> {
    const before = this.#section;
    if (before?.text === section.text) return [];
    const changes = await this.#changes(before, section, times, slices);
    this.#section = section;
    return changes;
  }

  async #changes(
    before: Section | null,
    section: Section,
    times: Times,
    slices: Slices,
  ): Promise<readonly HostChange[]> {
    if (before !== null && before.head !== section.head) {
      this.#read = this.#elements = null;
      return [{ kind: 'rules', addsDropsOnly: false, what: `ipset ${this.#name} made anew` }];
    }
    // Lines of elements that expire or count packets are others each time.
    const stands = before !== null && !/ (timeout|counters)\b/.test(section.head);
    const told = stands ? await this.#compareLines(before, section, slices) : null;
    return told ?? this.#compareElements(before, section, times, slices);
  }

  /** Null: that does not tell. */
  async #compareLines(before: Section, section: Section, slices: Slices): Promise<readonly HostChange[] | null> {
    const lines = lineDifference(bodyOf(before), bodyOf(section));
    if (lines === null) return null;
    // What was read is known by its text from now on.
    this.#read = this.#elements = null;
    const changes: SetChange[] = [];
    for (const [op, own] of [['remove', lines.removed] as const, ['add', lines.added] as const]) {
      if (own.length === 0) continue;
      const elements = await elementsOfText(`${createLine(section)}${own.join('')}`, 0, 0, slices);
      if (elements === null) return [this.#other()];
      changes.push(changeOf(this.#id, op, elements, [...Array(elements.count).keys()]));
    }
    return changes.length > 0 ? [{ kind: 'elements', changes }] : [];
  }

  #other = (): HostChange => ({ kind: 'set', set: this.#id, what: `elements of ${this.#name} changed` });

  async #compareElements(
    before: Section | null,
    section: Section,
    times: Times,
    slices: Slices,
  ): Promise<readonly HostChange[]> {
    const old = await this.#known(before, slices);
    const { began, ended } = times;
    // What is left is told in whole seconds, of which the last one is told until it is over.
    const [asOf, early] = [Math.floor(began / 1000) - 1, 3 + Math.ceil((ended - began) / 1000)];
    const now = await elementsOfText(section.text, asOf, early, slices);
    this.#read = this.#elements = null;
    if (old !== null && now !== null && old.family === now.family && old.ports === now.ports)
      return this.#told(old, now, slices);
    if (now !== null) this.#elements = await sortedElements(now, sharesFor(now.count), slices);
    if (before === null && old === null && now === null) return [];
    if (before !== null && stillElements(before.text) === stillElements(section.text)) return [];
    return [this.#other()];
  }

  async #known(before: Section | null, slices: Slices): Promise<SetElements | SortedElements | null> {
    const set = this.#read;
    if (set !== null) return elementsOfSet(set, set.asOf ?? 0, 3 + Math.ceil(set.elements / listedInASecond));
    return this.#elements ?? (before === null ? null : elementsOfText(before.text, -1, 3, slices));
  }

  async #told(
    before: SetElements | SortedElements,
    after: SetElements,
    slices: Slices,
  ): Promise<readonly HostChange[]> {
    const shares = sharesFor(Math.max(before.count, after.count));
    const isSorted = 'starts' in before && before.starts.length === shares + 1;
    const old = isSorted ? before : await sortedElements(before, shares, slices);
    const now = await sortedElements(after, shares, slices);
    const { removed, added, expires } = await differenceOf(old, now, slices);
    this.#elements = { ...now, expires };
    const changes = [
      ...(removed.length > 0 ? [changeOf(this.#id, 'remove', old, removed)] : []),
      ...(added.length > 0 ? [changeOf(this.#id, 'add', now, added)] : []),
    ];
    return changes.length > 0 ? [{ kind: 'elements', changes }] : [];
  }
}

const createLine = ({ text }: Section): string => text.slice(0, text.indexOf('\n') + 1);
const bodyOf = ({ text }: Section): string => text.slice(text.indexOf('\n') + 1);
