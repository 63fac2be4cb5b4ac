/** What shortcuts of the reader took together. */
import { variantsOf } from '../../src/parse/line-run.js';
import { linesInTurn } from '../../src/parse/line-turns.js';
import { expandVariant } from '../../src/parse/rule-shape.js';
import type { IptablesLine } from '../../src/parse/iptables-tree.js';

/** Each line as the grammar makes it. */
export const oneByOne = (line: IptablesLine): IptablesLine[] => {
  if (line.kind === 'run') return variantsOf(line).map(expandVariant);
  if (line.kind === 'turns') return Array.from(linesInTurn(line), (one) => expandVariant(one.line));
  return [line.kind === 'variant' ? expandVariant(line) : line];
};
