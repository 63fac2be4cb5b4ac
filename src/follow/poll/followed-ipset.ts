/** One set of ipset as it was seen last, and what another look at it tells. */
import { lowerIpset } from '../../model/lower-ipset.js';
import type { NamedSet } from '../../model/set.js';
import { parseIpset } from '../../parse/parse-ipset.js';
import type { HostChange } from '../change.js';
import { stillElements, type Section } from './ipset-text.js';
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
  /** Of the reading; sorted when something is to be compared with it. */
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
    return this.#compareElements(before, section, times);
  }

  #compareElements(before: Section | null, section: Section, times: Times): readonly HostChange[] {
    const old = this.#sorted();
    const now = elementsOf(section, times);
    this.#read = null;
    this.#elements = now;
    if (old !== null && now !== null && old.family === now.family && old.ports === now.ports)
      return this.#told(old, now);
    if (before === null && old === null && now === null) return [];
    if (before !== null && stillElements(before.text) === stillElements(section.text)) return [];
    return [{ kind: 'set', set: this.#id, what: `elements of ${this.#name} changed` }];
  }

  #sorted(): SortedElements | null {
    const set = this.#read;
    if (set === null) return this.#elements;
    return sortedElements(set, set.asOf ?? 0, 3 + Math.ceil(set.elements / listedInASecond));
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

function elementsOf({ text }: Section, { began, ended }: Times): SortedElements | null {
  const dump = parseIpset(text, 'ipset save');
  if (dump.errors.length > 0) return null;
  const [set] = lowerIpset(dump).sets;
  if (set === undefined) return null;
  // What is left is told in whole seconds, of which the last one is told until it is over.
  return sortedElements(set, Math.floor(began / 1000) - 1, 3 + Math.ceil((ended - began) / 1000));
}
