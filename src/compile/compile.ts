/** Prefilter -> Image. */
import type { Prefilter } from '../plan/program.js';
import { Arena } from './arena.js';
import { familyImage } from './family.js';
import type { Image } from './image.js';
import { rodataBytes } from './rodata.js';

/** Throws CompileError when the prefilter does not fit. */
export function compilePrefilter(prefilter: Prefilter): Image {
  let family: 4 | 6 = 4;
  const arena = new Arena(() => family);
  const start = firstExpiry(prefilter);
  const ip = familyImage(prefilter.ip, arena, start);
  family = 6;
  const ip6 = familyImage(prefilter.ip6, arena, start);
  const size = arena.size;
  return {
    tables: arena.bytes(),
    counters: Math.max(1, prefilter.counters),
    structures: [...ip.structures, ...ip6.structures],
    steps: prefilter.ip.steps.length + prefilter.ip6.steps.length,
    fields: [...new Set([...ip.used, ...ip6.used])],
    asksConntrack: [prefilter.ip, prefilter.ip6].some(({ steps }) =>
      steps.some(({ outcome }) => outcome.kind === 'ask'),
    ),
    rodata: (device, clockZero) => {
      return rodataBytes(size, ip, ip6, device, BigInt(start) * 1_000_000_000n - clockZero);
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
