/** `-m rpfilter`: flags only, and a word for the opposite. */
import type { LowerMatch } from './lowering-context.js';

export const lowerRpfilter: LowerMatch = ({ options }) => {
  const names = options.map(({ name }) => name);
  const isPlain = options.every(({ option }) => !option.negated && option.values.length === 0);
  if (!isPlain || new Set(names).size < names.length) return null;
  return [
    {
      kind: 'reversePath',
      by: 'rpfilter',
      sameDevice: !names.includes('--loose'),
      acceptLocal: names.includes('--accept-local'),
      negate: names.includes('--invert'),
    },
  ];
};
