/** The values of the map `counters` (bpf/abi.h): one for each CPU, and where addresses stand among the counters one more, which says what is counted where. */
import { counter, sizeOf } from '../compile/abi.js';
import type { Image } from '../compile/image.js';
import type { MapSize, NativeApi } from './native-api.js';

type Counted = Pick<Image, 'counterPlaces' | 'countedPlaces'>;

/** Whole cache lines, so that CPUs do not share one: counters in fours, and as many for the flips of their bits 31. */
export const counterRows = (
  native: NativeApi,
  { counterPlaces, countedPlaces }: Counted,
): Required<Pick<MapSize, 'maxEntries' | 'valueSize'>> => ({
  maxEntries: native.possibleCpus() + (countedPlaces === null ? 0 : 1),
  valueSize: Math.max(1, Math.ceil(counterPlaces / 4)) * 4 * 2 * sizeOf(counter),
});

/** Throws a NativeError. Nothing is counted yet. */
export function fillCounterRows(native: NativeApi, fd: number, image: Counted): void {
  const { countedPlaces: counted } = image;
  if (counted === null) return;
  const { valueSize } = counterRows(native, image);
  const cpus = native.possibleCpus();
  const at = counted.first * sizeOf(counter);
  for (let cpu = 0; cpu < cpus; cpu++) native.writeMappable(fd, cpu * valueSize + at, bytesOf(counted.words));
  const numbers = new Uint32Array(counted.numbers.length * 2);
  counted.numbers.forEach((number, place) => (numbers[place * 2] = number));
  native.writeMappable(fd, cpus * valueSize + at, bytesOf(numbers));
  native.writeMappable(fd, cpus * valueSize, bytesOf(Uint32Array.of(counted.first)));
}

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Which counter stands at a place of the map. Throws a NativeError. */
export function counterPlaces(native: NativeApi, fd: number): (place: number) => number {
  const cpus = native.possibleCpus();
  const { maxEntries, valueSize } = native.mapInfo(fd);
  if (maxEntries === cpus) return (place) => place;
  const word = (place: number): number =>
    new Uint32Array(native.readMappable(fd, cpus * valueSize + place * sizeOf(counter), 4).buffer)[0]!;
  const first = word(0);
  return (place) => (place < first ? place : word(place) - 1);
}
