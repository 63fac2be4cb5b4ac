/**
 * Sets of ipset, of which the kernel tells nothing. All of them are listed as often as that may cost; between two listings it is asked how
 * many elements each has, and those of which that has changed are listed by themselves.
 */
import type { LiveText } from '../../host/live/read-live.js';
import { brokenOff } from '../../host/live/whole-output.js';
import type { FollowedRuleset, HostChange } from '../change.js';
import { Budget } from './budget.js';
import { capture, type Captured } from './capture.js';
import { sectionsOf, tersely, type Section } from './ipset-text.js';
import { FollowedIpset } from './followed-ipset.js';
import type { Probe } from './poll-source.js';
import { Slices } from './slices.js';

/** A listing that costs a second is made every 40 seconds, and so is one of those that have changed: a twentieth of a CPU together. */
const times = 40;
/** A set whose listing costs more, seconds, shares what listings of single sets may cost with others like it. */
const costly = 0.05;

type Text = Extract<Captured, { readonly kind: 'text' }>;

export class IpsetProbe implements Probe {
  readonly name = 'ipset';
  readonly #whole = new Budget(times);
  readonly #single = new Map<string, Budget>();
  #sets = new Map<string, FollowedIpset>();
  /** Names of sets that nothing was planned with. */
  #others = new Set<string>();
  #hasLooked = false;
  #terse: ReadonlyMap<string, string> | null = null;
  /** Sets to be listed. */
  readonly #due = new Set<string>();

  constructor(private readonly pollSeconds: number) {}

  baseline = ({ sets, inputs }: FollowedRuleset, live: readonly LiveText[] | null): boolean => {
    const texts = live === null ? [] : inputs.filter(({ format }) => format === 'ipset');
    const sections = new Map(texts.flatMap(({ text }) => [...sectionsOf(text)]));
    const known = [...sets.values()].filter(({ id }) => id.startsWith('ipset:'));
    this.#sets = new Map(known.map((set) => [set.name, new FollowedIpset(set, sections.get(set.name) ?? null)]));
    this.#others = new Set();
    this.#terse = null;
    this.#due.clear();
    this.#hasLooked = false;
    // Sets that come are empty, and no rule asks for one without having been added itself.
    return known.length > 0;
  };

  look = async (isCurrent: () => boolean): Promise<readonly HostChange[] | null> => {
    const isFree = this.#whole.isFree(Date.now());
    // Where all of them can be listed each time, nobody asks for sizes.
    if (isFree && this.#whole.mayRecur(this.pollSeconds)) return this.#lookAtAll(null, isCurrent);
    const sizes = tersely((await ran(['list', '-t'])).text);
    if (!isCurrent()) return null;
    if (isFree) return this.#lookAtAll(sizes, isCurrent);
    const changes = this.#noteSizes(sizes);
    for (const name of [...this.#due]) {
      if (!this.#budgetOf(name).isFree(Date.now())) continue;
      changes.push(...(await this.#lookAtOne(name, isCurrent)));
      if (!isCurrent()) return null;
    }
    return changes;
  };

  /** `sizes`: as they were before; null: not known, and all are due when only these are asked for. */
  async #lookAtAll(
    sizes: ReadonlyMap<string, string> | null,
    isCurrent: () => boolean,
  ): Promise<readonly HostChange[] | null> {
    const text = await saved();
    if (!isCurrent()) return null;
    const slices = new Slices();
    const result = await this.#compare(sectionsOf(text.text), text, slices);
    this.#whole.charge(text.cpu + slices.cpu(), text.began);
    if (!isCurrent()) return null;
    this.#terse = sizes;
    this.#due.clear();
    return result;
  }

  async #compare(sections: ReadonlyMap<string, Section>, text: Text, slices: Slices): Promise<readonly HostChange[]> {
    const changes = this.#noteNames(new Set(sections.keys()));
    // A new baseline brings others.
    const sets = this.#sets;
    for (const [name, section] of sections)
      for (const change of (await sets.get(name)?.compare(section, text, slices)) ?? []) changes.push(change);
    return changes;
  }

  /** Sets that have come and gone. */
  #noteNames(names: ReadonlySet<string>): HostChange[] {
    const rules = (addsDropsOnly: boolean, what: string): HostChange => ({ kind: 'rules', addsDropsOnly, what });
    const gone = [...this.#sets.keys()].filter((name) => !names.has(name));
    for (const name of gone) this.#sets.delete(name);
    const come = [...names].filter((name) => !this.#sets.has(name) && !this.#others.has(name));
    const isFirst = !this.#hasLooked;
    this.#hasLooked = true;
    this.#others = new Set([...names].filter((name) => !this.#sets.has(name)));
    return [
      ...gone.map((name) => rules(false, `ipset ${name} destroyed`)),
      ...(isFirst ? [] : come.map((name) => rules(true, `ipset ${name} created`))),
    ];
  }

  #noteSizes(sizes: ReadonlyMap<string, string>): HostChange[] {
    const changes = this.#noteNames(new Set(sizes.keys()));
    for (const [name, size] of sizes) if (this.#sets.has(name) && this.#terse?.get(name) !== size) this.#due.add(name);
    this.#terse = sizes;
    return changes;
  }

  #budgetOf(name: string): Budget {
    const known = this.#single.get(name);
    if (known) return known;
    const budget = new Budget(times);
    this.#single.set(name, budget);
    return budget;
  }

  async #lookAtOne(name: string, isCurrent: () => boolean): Promise<readonly HostChange[]> {
    this.#due.delete(name);
    const text = await saved(name);
    const section = sectionsOf(text.text).get(name);
    if (!isCurrent() || section === undefined) return [];
    const slices = new Slices();
    const result = (await this.#sets.get(name)?.compare(section, text, slices)) ?? [];
    const alike = [...this.#single.values()].filter(({ cost }) => (cost ?? 0) > costly).length;
    const total = text.cpu + slices.cpu();
    this.#budgetOf(name).charge(total > costly ? total * Math.max(1, alike) : total, text.began);
    return result;
  }

  delay = (): number => this.#whole.delay(this.pollSeconds);
}

async function saved(...name: readonly string[]): Promise<Text> {
  const captured = await ran(['save', ...name]);
  const why = brokenOff('ipset', captured.text);
  if (why !== null) throw new Error(why);
  return captured;
}

async function ran(args: readonly string[]): Promise<Text> {
  const captured = await capture('ipset', args);
  if (captured.kind === 'failed') throw new Error(captured.why);
  return captured;
}
