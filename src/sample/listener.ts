/**
 * Listens to what programs drop. A listener takes a place in the map `control`, puts a ring of its own into `samples`, and says again
 * and again that it is alive: a place whose time is up is free, and programs stop by themselves to fill its ring. So killing a listener
 * leaves nothing behind but a ring, until somebody looks (dead-listeners.ts).
 */
import { monotonicNow, readClockZero } from '../load/clock.js';
import { ControlMap, type ListenerPlace } from '../load/control-map.js';
import { Descriptor } from '../load/descriptor.js';
import { LoadError, explaining } from '../load/load-error.js';
import type { Maps } from '../load/load-image.js';
import type { NativeApi } from '../load/native-api.js';
import { clearDeadListeners, leavePlace, patience, placeKey } from './dead-listeners.js';
import { Pacer, type Rate } from './rate.js';
import { readSamples, type Sample } from './sample-record.js';

/** Room for 5,461 samples. */
const ringBytes = 1 << 20;

export class Listener {
  readonly #pacer: Pacer;
  #until: bigint;
  #at = monotonicNow();
  #closed = false;

  /** `ifindex` 0: whatever device of those that share the maps. Throws LoadError: the programs give no samples, or every place is taken. */
  static async open(
    native: NativeApi,
    maps: Pick<Maps, 'control' | 'samples'>,
    ifindex: number,
    rate: Rate,
  ): Promise<Listener> {
    const control = new ControlMap(native, maps.control);
    try {
      if (!control.sampled) throw deaf();
      return await explaining('cannot listen to what is dropped', () => {
        const ring = new Descriptor(native, native.createRing('samples', ringBytes));
        try {
          return new Listener(native, control, maps.samples, ring, ifindex, rate);
        } catch (error) {
          ring.close();
          throw error;
        }
      });
    } catch (error) {
      control.close();
      throw error;
    }
  }

  private constructor(
    private readonly native: NativeApi,
    private readonly control: ControlMap,
    private readonly samples: Descriptor,
    private readonly ring: Descriptor,
    private readonly ifindex: number,
    rate: Rate,
  ) {
    this.#pacer = new Pacer(rate);
    [this.place, this.#until] = this.#take();
  }

  private place: ListenerPlace;

  /** Samples since the last time, oldest first for each CPU. */
  read(): Sample[] {
    return readSamples(this.native.readRing(this.ring.fd), readClockZero());
  }

  /** Samples that the ring had no room for. */
  get lost(): number {
    return this.place.lost;
  }

  /** To be called several times a second: shows that it is alive, and sets the pace. */
  renew(): void {
    const now = monotonicNow();
    const until = now + patience;
    // Held up for too long, it has lost its place.
    if (this.place.replaceUntil(this.#until, until)) this.#until = until;
    else [this.place, this.#until] = this.#take();
    this.#setPace(this.#pacer.next(this.place.left, Number(now - this.#at) / 1e9));
    this.#at = now;
    this.place.listening = true;
  }

  /** Programs stop to give it samples. May be called twice; the caller closes the maps. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.place.until === this.#until) leavePlace(this.native, this.samples, this.place, this.#until);
    this.ring.close();
    this.control.close();
  }

  #take(): [ListenerPlace, bigint] {
    clearDeadListeners(this.native, this.control, this.samples);
    const now = monotonicNow();
    const until = now + patience;
    const place = this.control.places.find((one) => {
      const old = one.until;
      return old <= now && one.replaceUntil(old, until);
    });
    if (place === undefined) throw crowded(this.control.places.length);
    place.listening = false;
    this.native.updateBatch(this.samples.fd, placeKey(place), new Uint8Array(Uint32Array.of(this.ring.fd).buffer), 1);
    place.set('ifindex', this.ifindex);
    place.set('lost', 0);
    this.#setPace(this.#pacer.first(), place);
    place.listening = true;
    return [place, until];
  }

  #setPace({ chance, left }: { readonly chance: number; readonly left: number }, place = this.place): void {
    place.set('chance', chance | 0);
    place.set('left', left);
  }
}

const deaf = (): LoadError =>
  new LoadError({
    errno: 0,
    step: 'listen',
    message: 'the filter that runs gives no samples of what it drops: it was attached with --no-samples',
    hint: 'attach again without that option',
  });

const crowded = (places: number): LoadError =>
  new LoadError({
    errno: 16,
    step: 'listen',
    message: `${places} others listen to this filter already (\`offload tail\`, \`offload status --watch\`): there is no place for more`,
    hint: 'end one of them; a place whose owner was killed is free after three seconds',
  });
