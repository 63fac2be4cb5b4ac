/** Everything that the filters on some devices drop, sampled: goes on when a filter is replaced. */
import { openMaps, type OpenedMaps } from '../load/attachment.js';
import { counterPlaces } from '../load/counter-rows.js';
import { LoadError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';
import type { CounterRun, InstallRecord } from '../state/install-record.js';
import { readRecord } from '../state/journal.js';
import { readWatchRecord, type WatchRecord } from '../state/watch-record.js';
import { type CountedRule, ruleOfCounter } from './counted-rule.js';
import { Listener } from './listener.js';
import type { Rate } from './rate.js';
import type { Sample } from './sample-record.js';
import { type Tapped, tappedDevices } from './tapped-devices.js';

export interface TappedSample extends Sample {
  readonly device: string;
  /** Number of the counter of the drop. */
  readonly counter: number;
  /** Null: not recorded. */
  readonly rule: CountedRule | null;
}

export interface TapRequest {
  readonly bpffs: string;
  readonly state: string;
  /** Null: every device that has a filter. */
  readonly devices: readonly string[] | null;
  /** Of all devices together. */
  readonly rate: Rate;
}

export interface TapChange {
  readonly device: string;
  readonly now: 'attached' | 'replaced' | 'gone';
}

/** Devices that were attached together share one map `control`, and are listened to together. */
interface Group {
  readonly maps: OpenedMaps;
  readonly devices: readonly (Tapped & { readonly record: InstallRecord | null })[];
}

interface Heard extends Group {
  readonly listener: Listener;
  /** The counter at a place of theirs. */
  readonly counterAt: (place: number) => number;
}

export class Tap {
  #heard: readonly Heard[] = [];
  #tapped: readonly Tapped[] = [];
  #lostBefore = 0;

  /** Devices may be none. Throws LoadError. */
  static async open(native: NativeApi, request: TapRequest): Promise<Tap> {
    const tap = new Tap(native, request);
    await tap.follow();
    return tap;
  }

  private constructor(
    private readonly native: NativeApi,
    private readonly request: TapRequest,
  ) {}

  get devices(): readonly string[] {
    return this.#tapped.map(({ device }) => device);
  }

  /** Samples that came too fast to be kept. */
  get lost(): number {
    return this.#heard.reduce((sum, { listener }) => sum + listener.lost, this.#lostBefore);
  }

  /** What has been dropped since the last time, oldest first. */
  read(): TappedSample[] {
    let watched: WatchRecord | null | undefined;
    const added =
      ({ programId }: Tapped) =>
      (): readonly CounterRun[] => {
        if (watched === undefined) watched = readWatchRecord(this.request.state);
        return watched?.programs.includes(programId) === true ? watched.added : [];
      };
    const samples = this.#heard.flatMap(({ listener, devices, counterAt }) =>
      listener.read().flatMap((sample): TappedSample[] => {
        const from = devices.find(({ ifindex }) => ifindex === sample.ifindex);
        if (from === undefined) return [];
        const counter = counterAt(sample.place);
        return [{ ...sample, device: from.device, counter, rule: ruleOfCounter(from.record, added(from), counter) }];
      }),
    );
    return samples.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** To be called several times a second. */
  renew(): void {
    for (const { listener } of this.#heard) listener.renew();
  }

  /** Looks whether filters have come, gone or been replaced, and listens to those that are there. What was not read of the old is gone. */
  async follow(): Promise<readonly TapChange[]> {
    const { bpffs, devices } = this.request;
    const tapped = await tappedDevices(this.native, bpffs, devices);
    const changes = changesOf(this.#tapped, tapped);
    if (changes.length === 0) return changes;
    this.close();
    try {
      this.#heard = await this.#listen(tapped);
    } catch (error) {
      // Replaced at this very moment? Then there are others to listen to.
      const now = await tappedDevices(this.native, bpffs, devices);
      if (changesOf(tapped, now).length === 0) throw error;
      return changes;
    }
    this.#tapped = tapped;
    return changes;
  }

  /** May be called twice. */
  close(): void {
    this.#lostBefore = this.lost;
    for (const { listener, maps } of this.#heard) {
      listener.close();
      maps.close();
    }
    this.#heard = [];
    this.#tapped = [];
  }

  async #listen(tapped: readonly Tapped[]): Promise<readonly Heard[]> {
    const groups = await this.#groups(tapped);
    const heard: Heard[] = [];
    try {
      for (const group of groups) {
        const [one, ...others] = group.devices;
        const ifindex = others.length === 0 ? (one?.ifindex ?? 0) : 0;
        const rate = share(this.request.rate, groups.length);
        const listener = await Listener.open(this.native, group.maps.maps, ifindex, rate);
        heard.push({ ...group, listener, counterAt: counterPlaces(this.native, group.maps.maps.counters.fd) });
      }
      return heard;
    } catch (error) {
      for (const { listener } of heard) listener.close();
      for (const { maps } of groups) maps.close();
      throw error;
    }
  }

  async #groups(tapped: readonly Tapped[]): Promise<readonly Group[]> {
    const groups = new Map<number, { maps: OpenedMaps; devices: Group['devices'][number][] }>();
    for (const each of tapped) {
      const maps = await openMaps(this.native, this.request.bpffs, each.device, each.programId);
      const { id } = this.native.mapInfo(maps.maps.control.fd);
      const device = { ...each, record: readRecord(this.request.state, each.device, each.programId) };
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { maps, devices: [device] });
      else {
        group.devices.push(device);
        maps.close();
      }
    }
    return [...groups.values()];
  }
}

const share = (rate: Rate, among: number): Rate =>
  rate.kind === 'one-in' ? rate : { ...rate, packets: rate.packets / among };

function changesOf(before: readonly Tapped[], after: readonly Tapped[]): TapChange[] {
  const old = new Map(before.map((one) => [one.device, one]));
  const there = new Set(after.map(({ device }) => device));
  return [
    ...before.filter(({ device }) => !there.has(device)).map(({ device }) => ({ device, now: 'gone' as const })),
    ...after.flatMap(({ device, ifindex, programId }): TapChange[] => {
      const was = old.get(device);
      if (was?.ifindex === ifindex && was.programId === programId) return [];
      return [{ device, now: was === undefined ? 'attached' : 'replaced' }];
    }),
  ];
}

/** What to say where nobody can be listened to. */
export const nothingAttached = (devices: readonly string[] | null): LoadError =>
  new LoadError({
    errno: 0,
    step: 'listen',
    message:
      devices === null
        ? 'no filter of offload is attached to any device here'
        : `no filter of offload is attached to ${devices.join(', ')}`,
    hint: 'attach one first (`offload --live --dev IF`), or name the bpffs where it is pinned with --bpffs',
  });
