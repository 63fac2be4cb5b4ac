/** Warnings of readings that follow each other: each is said when it is new. */
import type { Diagnostic } from '../diagnostic.js';
import { printWarnings } from './pipeline.js';

export function warningsOnce(): (warnings: readonly Diagnostic[]) => void {
  let known = new Set<string>();
  return (warnings) => {
    // Lines move when a rule is inserted above.
    const texts = warnings.map(({ code, message }) => `${code} ${message}`);
    printWarnings(warnings.filter((_, i) => !known.has(texts[i] ?? '')));
    known = new Set(texts);
  };
}
