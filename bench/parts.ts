/** The parts of the benchmark, in the order in which they run. */
import { capacity } from './capacity/part.js';
import { dataplane } from './dataplane/part.js';
import { goodput } from './goodput/part.js';
import { legitimate } from './legitimate/part.js';
import { planning } from './planning/part.js';
import type { Part } from './harness/part.js';
import { updates } from './updates/part.js';
import { watch } from './watch/part.js';

export const parts = { dataplane, capacity, legitimate, goodput, updates, watch, planning } as const satisfies Readonly<
  Record<string, Part>
>;
export type PartName = keyof typeof parts;
export const partNames = Object.keys(parts) as PartName[];
