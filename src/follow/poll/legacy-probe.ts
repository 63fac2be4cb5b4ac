/** Tables of iptables-legacy, of which the kernel tells nothing: their dump, each time it may cost what it costs. */
import type { LiveText } from '../../host/live/read-live.js';
import { toolOf } from '../../host/live/read-live.js';
import { legacyTables } from '../../host/live/kernel-side.js';
import { brokenOff } from '../../host/live/whole-output.js';
import type { FollowedRuleset, HostChange } from '../change.js';
import { Budget, ownCpu } from './budget.js';
import { capture } from './capture.js';
import { differenceOf, still } from './legacy-rules.js';
import type { Probe } from './poll-source.js';

/** A look that costs a second is taken every 20 seconds: a twentieth of a CPU. */
const times = 20;

export class LegacyProbe implements Probe {
  readonly name: 'iptables' | 'ip6tables';
  readonly #family: 'ip' | 'ip6';
  readonly #budget = new Budget(times);
  /** Null: nothing to compare with yet. */
  #known: string | null = null;

  constructor(
    family: 'ip' | 'ip6',
    private readonly pollSeconds: number,
  ) {
    this.#family = family;
    this.name = family === 'ip' ? 'iptables' : 'ip6tables';
  }

  /** Where there are no legacy tables it is asked whether some have come, which costs next to nothing. */
  baseline = (_: FollowedRuleset, live: readonly LiveText[] | null): boolean => {
    const text = live?.find(({ name }) => name === `live:${this.name}-legacy-save`)?.text ?? '';
    this.#known = live === null ? null : still(text);
    return true;
  };

  look = async (isCurrent: () => boolean): Promise<readonly HostChange[] | null> => {
    if (!this.#budget.isFree(Date.now())) return null;
    const text = await this.#read();
    if (!isCurrent()) return null;
    const { result, cpu } = ownCpu(() => this.#compare(text.text));
    if (text.cpu !== null) this.#budget.charge(text.cpu + cpu, text.began);
    return result;
  };

  /** No tool is run, and so no module loaded, where the kernel has no tables. */
  async #read(): Promise<{ readonly text: string; readonly cpu: number | null; readonly began: number }> {
    if (legacyTables(this.#family).length === 0) return { text: '', cpu: null, began: 0 };
    const tool = toolOf(this.name, 'legacy', 'save');
    if (tool === null) throw new Error(`${this.name}-legacy-save is not installed`);
    const captured = await capture(tool, []);
    if (captured.kind === 'failed') throw new Error(captured.why);
    const why = brokenOff('iptables-save', captured.text);
    if (why !== null) throw new Error(why);
    return captured;
  }

  #compare(text: string): readonly HostChange[] {
    const now = still(text);
    const before = this.#known;
    this.#known = now;
    if (before === null || before === now) return [];
    const { addsDropsOnly, where } = differenceOf(before, now);
    return [{ kind: 'rules', addsDropsOnly, what: `rules of ${this.#family} ${where} changed` }];
  }

  delay = (): number => this.#budget.delay(this.pollSeconds);
}
