/** Drops by source address: the product beside the kernel's maps and xdp-filter. */
import { compilePrefilter } from '../../src/compile/compile.js';
import type { NativeApi } from '../../src/load/native-api.js';
import { frameOf } from '../../test/compile/frame.js';
import { Random } from '../../test/compile/random.js';
import { addresses4, networks4, sources6, type Sources } from './addresses.js';
import type { Contender, Feed } from './contender.js';
import { packet, packet6 } from './frames.js';
import { mixed, type Keys } from './keys.js';
import { dropSources, loadDropAll, loadOffload, loadParseOnly, loadRival } from './programs.js';
import { loadXdpFilter, xdpFilterMost } from './xdp-filter.js';

export interface Block {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly make: (count: number) => Sources;
  readonly rival: 'hash' | 'trie';
  /** Each a line with a counter of its own; or elements of a set, with one counter. */
  readonly of: 'lines' | 'set';
  /** Device of this network namespace that xdp-filter may use. */
  readonly xdpFilter: string | null;
}

export const blocks = (quick: boolean, xdpFilter: string | null): readonly Block[] => {
  const sizes = quick ? [1, 1000, 10_000] : [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
  const fewer = sizes.filter((size) => size >= 1000);
  const many = sizes.filter((size) => size >= 10_000);
  return [
    { name: 'IPv4 addresses', of: 'lines', sizes, make: addresses4, rival: 'hash', xdpFilter },
    { name: 'IPv4 networks', of: 'lines', sizes: fewer, make: networks4, rival: 'trie', xdpFilter: null },
    { name: 'IPv6 addresses', of: 'lines', sizes: fewer, make: (count) => sources6(count, [128]), rival: 'hash', xdpFilter: null },
    { name: 'IPv6 networks', of: 'lines', sizes: fewer, make: (count) => sources6(count, [128, 48, 32]), rival: 'trie', xdpFilter: null },
    { name: 'IPv4 addresses of a set', of: 'set', sizes: many, make: addresses4, rival: 'hash', xdpFilter: null },
    { name: 'IPv4 networks of a set', of: 'set', sizes: many, make: networks4, rival: 'trie', xdpFilter: null },
  ]; // prettier-ignore
};

/** A value that is made when first asked for. */
function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** What everything is measured over: it sees the keys of the largest size. */
function baselines(native: NativeApi, name: string, keys: () => Keys, frame: Uint8Array): Contender[] {
  const many = { frame, unchecked: true, keys, scenario: name } as const;
  const one = { ...many, oneKey: true, scenario: `${name}, one key` } as const;
  return [
    { subject: 'XDP_DROP', size: null, feeds: [many, one], load: () => loadDropAll(native) },
    { subject: 'parse only', size: null, feeds: [many, one], load: () => loadParseOnly(native) },
  ];
}

export function addressContenders(native: NativeApi, block: Block): Contender[] {
  const { name, sizes, make, rival } = block;
  const sources = sizes.map((size) => [size, lazy(() => make(size))] as const);
  const frame = frameOf(name.startsWith('IPv4') ? packet : packet6);
  const feeds = (of: () => Sources): { hit: Feed; miss: Feed; mixed: Feed; one: Feed } => ({
    hit: { scenario: `${name}, hit`, keys: () => of().hits, frame },
    miss: { scenario: `${name}, miss`, keys: () => of().misses, frame },
    mixed: { scenario: `${name}, mixed`, keys: lazy(() => mixed(of().hits, of().misses, new Random(7))), frame },
    one: { scenario: `${name}, one key`, keys: () => of().hits, frame, oneKey: true },
  });
  const of = sources.flatMap(([size, get]): Contender[] => {
    const { hit, miss, mixed: both, one } = feeds(get);
    const device = size <= xdpFilterMost ? block.xdpFilter : null;
    return [
      {
        subject: 'offload',
        size,
        feeds: [hit, miss, both, one],
        load: () => loadOffload(native, compilePrefilter(dropSources(get(), block.of))),
      },
      // What a counter for each line costs.
      ...(block.of === 'lines'
        ? [
            {
              subject: 'offload, no counters',
              size,
              feeds: [hit],
              load: () => loadOffload(native, compilePrefilter(dropSources(get(), block.of), { counters: false })),
            },
          ]
        : []),
      { subject: `kernel ${rival}`, size, feeds: [hit, miss], load: () => loadRival(native, rival, get()) },
      ...(device === null
        ? []
        : [{ subject: 'xdp-filter', size, feeds: [hit, miss], load: () => loadXdpFilter(native, device, get()) }]),
    ];
  });
  return [...baselines(native, name, () => sources.at(-1)![1]().misses, frame), ...of];
}
