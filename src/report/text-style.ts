import type { Colors } from 'picocolors/types.js';

/** How a report looks on the place it is printed to. */
export interface TextStyle {
  /** Width that lines are broken at. */
  readonly columns: number;
  readonly colors: Colors;
  /** Print every run of rules, however many. */
  readonly all: boolean;
}
