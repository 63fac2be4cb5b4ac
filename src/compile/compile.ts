/** Prefilter -> Image. */
import type { Prefilter, StepProgram } from '../plan/program.js';
import { atDrop } from './abi.js';
import { Arena } from './arena.js';
import { familyImage, type FamilyLayout } from './family.js';
import { CounterRow } from './counter-row.js';
import type { Image } from './image.js';
import { rodataBytes } from './rodata.js';
import type { Spare } from './spare.js';

export interface CompileOptions {
  /** False: drops are not counted, which makes labels and tables smaller and saves a write to memory a packet. */
  readonly counters?: boolean;
  /** That there may be, each of which has its counters: how much memory these take. */
  readonly cpus?: number;
  /** Most bytes for the bit vectors, lists or decisions of both families; tables of elements and counters come on top. */
  readonly memory?: number;
  /** False: rows of bits decide, also where decisions would fit; for tests and comparisons. */
  readonly decisions?: boolean;
  /** True: the program drops only while somebody renews its lease (src/load/lease.ts). */
  readonly leased?: boolean;
  /** True: whoever listens is given samples of what is dropped (src/sample). */
  readonly sampled?: boolean;
  /** Room for elements of followed sets that come later; none unless told. */
  readonly spare?: (prefilter: Prefilter) => Spare;
}

/** What src/update needs to know of an image to change it in place. */
export interface Layout {
  readonly ip: FamilyLayout;
  readonly ip6: FamilyLayout;
  /** Counters of elements that come later: from the first up to the second. */
  readonly counters: readonly [from: number, to: number];
}

export interface Compiled {
  readonly image: Image;
  readonly layout: Layout;
}

/** Without being told: twice the bit vectors of 10,000 rules of five fields each, of which lists take a tenth. */
export const defaultMemory = 64 * 1024 * 1024;

const withoutCounters = (program: StepProgram): StepProgram => ({
  ...program,
  atoms: program.atoms.map((atom) => ({ ...atom, counters: null })),
});

/** Throws CompileError when the prefilter does not fit. */
export const compilePrefilter = (prefilter: Prefilter, options: CompileOptions = {}): Image =>
  compileWithLayout(prefilter, options).image;

export function compileWithLayout(given: Prefilter, options: CompileOptions): Compiled {
  const counted = options.counters !== false;
  const prefilter = counted ? given : { ip: withoutCounters(given.ip), ip6: withoutCounters(given.ip6), counters: 0 };
  let family: 4 | 6 = 4;
  const arena = new Arena(() => family, options.memory ?? defaultMemory);
  const spare = options.spare?.(prefilter) ?? null;
  const start = tickStart(prefilter, spare?.now ?? null);
  const known = counted ? Math.max(1, prefilter.counters) : 0;
  const counters = counted ? known + (spare?.counters ?? 0) : 0;
  const row = new CounterRow(counters, options.cpus ?? 1);
  const made = { start, spare, counters: row, decisions: options.decisions ?? true };
  const ip = familyImage(prefilter.ip, arena, made);
  family = 6;
  const ip6 = familyImage(prefilter.ip6, arena, made);
  const size = arena.size;
  const { leased = false, sampled = false } = options;
  const numbers = {
    tables_bytes: size,
    counters: row.places,
    at_drop: leased || sampled ? atDrop.control : counted ? atDrop.count : atDrop.nothing,
    leased: Number(leased),
    sampled: Number(sampled),
  };
  const image: Image = {
    tables: arena.bytes(),
    counters,
    counterPlaces: row.places,
    countedPlaces: row.counted,
    structures: [...ip.structures, ...ip6.structures],
    steps: prefilter.ip.steps.length + prefilter.ip6.steps.length,
    fields: [...new Set([...ip.used, ...ip6.used])],
    walk: ip.walk,
    asksConntrack: [prefilter.ip, prefilter.ip6].some(({ steps }) =>
      steps.some(({ outcome }) => outcome.kind === 'ask'),
    ),
    leased,
    sampled,
    rodata: (device, clockZero) => {
      const clockStart = BigInt(start) * 1_000_000_000n - clockZero;
      return rodataBytes(numbers, ip, ip6, device, clockStart);
    },
  };
  return { image, layout: { ip: ip.layout, ip6: ip6.layout, counters: [known, counters] } };
}

/** Ticks that are counted reach for nine years: half of that before the last element expires. */
const reach = 2 ** 27;

/** Second since the epoch that expiries are counted from: what ends before it has ended already. 0 where nothing expires. */
function tickStart({ ip, ip6 }: Prefilter, now: number | null): number {
  let [first, last] = [now ?? Infinity, now ?? 0];
  for (const { expires } of [...ip.atoms, ...ip6.atoms])
    for (const second of expires ?? [])
      if (second > 0) [first, last] = [Math.min(first, second), Math.max(last, second)];
  return first === Infinity ? 0 : Math.max(first, last - reach);
}
