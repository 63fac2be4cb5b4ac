/** The map `control` of running programs, in this process's memory: whole stores of aligned values, which programs see at once. */
import { control, listener, listeners, offsetOf, sizeOf } from '../compile/abi.js';
import type { Descriptor } from './descriptor.js';
import type { NativeApi } from './native-api.js';

/** A place in the map for one who is given samples. */
export class ListenerPlace {
  constructor(
    readonly index: number,
    private readonly memory: ArrayBuffer,
  ) {}

  get until(): bigint {
    return Atomics.load(this.#until(), 0);
  }

  /** False: somebody else was faster. */
  replaceUntil(old: bigint, until: bigint): boolean {
    return Atomics.compareExchange(this.#until(), 0, old, until) === old;
  }

  get left(): number {
    return Atomics.load(this.#number('left'), 0);
  }

  get lost(): number {
    return Atomics.load(this.#number('lost'), 0) >>> 0;
  }

  set(name: 'chance' | 'left' | 'ifindex' | 'lost', value: number): void {
    Atomics.store(this.#number(name), 0, value);
  }

  set listening(listening: boolean) {
    const all = new Uint16Array(this.memory, offsetOf(control, 'listening'), listeners);
    Atomics.store(all, this.index, Number(listening));
  }

  get #offset(): number {
    return offsetOf(control, 'listener') + this.index * sizeOf(listener);
  }

  #until(): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.memory, this.#offset + offsetOf(listener, 'until'), 1);
  }

  #number(name: 'chance' | 'left' | 'ifindex' | 'lost'): Int32Array<ArrayBuffer> {
    return new Int32Array(this.memory, this.#offset + offsetOf(listener, name), 1);
  }
}

export class ControlMap {
  readonly #memory: ArrayBuffer;
  readonly places: readonly ListenerPlace[];

  /** Throws NativeError. The mapping holds the map; `close()` leaves it. */
  constructor(
    private readonly native: NativeApi,
    map: Pick<Descriptor, 'fd'>,
  ) {
    this.#memory = native.mapMemory(map.fd);
    this.places = Array.from({ length: listeners }, (_, index) => new ListenerPlace(index, this.#memory));
  }

  /** The programs drop only while their lease runs. */
  get leased(): boolean {
    return this.#feature('leased');
  }

  /** The programs give samples. */
  get sampled(): boolean {
    return this.#feature('sampled');
  }

  /** CLOCK_MONOTONIC, in nanoseconds: from then on everything is passed. */
  get dropUntil(): bigint {
    return Atomics.load(this.#dropUntil(), 0);
  }

  set dropUntil(until: bigint) {
    Atomics.store(this.#dropUntil(), 0, until);
  }

  close(): void {
    this.native.unmapMemory(this.#memory);
  }

  #dropUntil(): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.#memory, offsetOf(control, 'drop_until'), 1);
  }

  #feature(name: 'leased' | 'sampled'): boolean {
    return new Uint32Array(this.#memory, offsetOf(control, name), 1)[0] !== 0;
  }
}
