/** Prefilter -> Image. */
import type { Prefilter, StepProgram } from '../plan/program.js';
import { Arena } from './arena.js';
import { familyImage } from './family.js';
import type { Image } from './image.js';
import { rodataBytes } from './rodata.js';

export interface CompileOptions {
  /** False: drops are not counted, which makes labels and tables smaller and saves a write to memory a packet. */
  readonly counters?: boolean;
  /** Most bytes for the bit vectors of both families; tables of elements and counters come on top. */
  readonly memory?: number;
}

/** Without being told: bit vectors of about 10,000 rules of five fields each. */
export const defaultMemory = 64 * 1024 * 1024;

const withoutCounters = (program: StepProgram): StepProgram => ({
  ...program,
  atoms: program.atoms.map((atom) => ({ ...atom, counters: null })),
});

/** Throws CompileError when the prefilter does not fit. */
export function compilePrefilter(given: Prefilter, options: CompileOptions = {}): Image {
  const counted = options.counters !== false;
  const prefilter = counted ? given : { ip: withoutCounters(given.ip), ip6: withoutCounters(given.ip6), counters: 0 };
  let family: 4 | 6 = 4;
  const arena = new Arena(() => family, options.memory ?? defaultMemory);
  const start = firstExpiry(prefilter);
  const ip = familyImage(prefilter.ip, arena, start);
  family = 6;
  const ip6 = familyImage(prefilter.ip6, arena, start);
  const size = arena.size;
  const counters = counted ? Math.max(1, prefilter.counters) : 0;
  return {
    tables: arena.bytes(),
    counters,
    structures: [...ip.structures, ...ip6.structures],
    steps: prefilter.ip.steps.length + prefilter.ip6.steps.length,
    fields: [...new Set([...ip.used, ...ip6.used])],
    asksConntrack: [prefilter.ip, prefilter.ip6].some(({ steps }) =>
      steps.some(({ outcome }) => outcome.kind === 'ask'),
    ),
    rodata: (device, clockZero) => {
      const clockStart = BigInt(start) * 1_000_000_000n - clockZero;
      return rodataBytes({ tables: size, counters }, ip, ip6, device, clockStart);
    },
  };
}

/** Second since the epoch at which the first element expires; 0 where none does. */
function firstExpiry({ ip, ip6 }: Prefilter): number {
  let first = Infinity;
  for (const { expires } of [...ip.atoms, ...ip6.atoms])
    for (const second of expires ?? []) if (second > 0 && second < first) first = second;
  return first === Infinity ? 0 : first;
}
