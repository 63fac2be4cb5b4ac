/** One set of ipset as it was seen last, and what another look at it tells. */
import { lowerIpset } from '../../model/lower-ipset.js';
import type { NamedSet } from '../../model/set.js';
import { parseIpset } from '../../parse/parse-ipset.js';
import type { SetChange } from '../../update/set-change.js';
import type { HostChange } from '../change.js';
import { stillElements, type Section } from './ipset-text.js';
import { lineDifference } from './line-difference.js';
import { changeOf, differenceOf, sortedElements, type SortedElements } from './sorted-elements.js';

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

  compare(section: Section, times: Times): readonly HostChange[] {
    const before = this.#section;
    this.#section = section;
    if (before?.text === section.text) return [];
    if (before !== null && before.head !== section.head) {
      this.#read = this.#elements = null;
      return [{ kind: 'rules', addsDropsOnly: false, what: `ipset ${this.#name} made anew` }];
    }
    // Lines of elements that expire or count packets are others each time.
    const stands = before !== null && !/ (timeout|counters)\b/.test(section.head);
    return (stands ? this.#compareLines(before, section) : null) ?? this.#compareElements(before, section, times);
  }

  /** Null: that does not tell. */
  #compareLines(before: Section, section: Section): readonly HostChange[] | null {
    const lines = lineDifference(bodyOf(before), bodyOf(section));
    if (lines === null) return null;
    // What was read is known by its text from now on.
    this.#read = this.#elements = null;
    const changes: SetChange[] = [];
    for (const [op, own] of [['remove', lines.removed] as const, ['add', lines.added] as const]) {
      if (own.length === 0) continue;
      const elements = elementsOf(`${createLine(section)}${own.join('')}`, { began: 0, ended: 0 });
      if (elements === null) return [this.#other()];
      changes.push(changeOf(this.#id, op, elements, [...Array(elements.count).keys()]));
    }
    return changes.length > 0 ? [{ kind: 'elements', changes }] : [];
  }

  #other = (): HostChange => ({ kind: 'set', set: this.#id, what: `elements of ${this.#name} changed` });

  #compareElements(before: Section | null, section: Section, times: Times): readonly HostChange[] {
    const old = this.#sorted(before);
    const now = elementsOf(section.text, times);
    this.#read = null;
    this.#elements = now;
    if (old !== null && now !== null && old.family === now.family && old.ports === now.ports)
      return this.#told(old, now);
    if (before === null && old === null && now === null) return [];
    if (before !== null && stillElements(before.text) === stillElements(section.text)) return [];
    return [this.#other()];
  }

  #sorted(before: Section | null): SortedElements | null {
    const set = this.#read;
    if (set !== null) return sortedElements(set, set.asOf ?? 0, 3 + Math.ceil(set.elements / listedInASecond));
    return this.#elements ?? (before === null ? null : elementsOf(before.text, { began: 0, ended: 0 }));
  }

  #told(old: SortedElements, now: SortedElements): readonly HostChange[] {
    const { removed, added, expires } = differenceOf(old, now);
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

function elementsOf(text: string, { began, ended }: Times): SortedElements | null {
  const dump = parseIpset(text, 'ipset save');
  if (dump.errors.length > 0) return null;
  const [set] = lowerIpset(dump).sets;
  if (set === undefined) return null;
  // What is left is told in whole seconds, of which the last one is told until it is over.
  return sortedElements(set, Math.floor(began / 1000) - 1, 3 + Math.ceil((ended - began) / 1000));
}
