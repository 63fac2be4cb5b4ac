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
  const ip = familyImage(prefilter.ip, arena);
  family = 6;
  const ip6 = familyImage(prefilter.ip6, arena);
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
    rodata: (device) => rodataBytes(size, ip, ip6, device),
  };
}
