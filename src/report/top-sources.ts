/** Who sends most of what is dropped, for people. */
import type { TopSources } from '../sample/top-sources.js';
import { count, counted } from './quantity.js';
import type { TextStyle } from './text-style.js';

/** `perSecond`: packets that are dropped, on all devices; null: not counted, or not known yet. */
export function* topSourcesText(
  { seconds, samples, sources }: TopSources,
  perSecond: number | null,
  { colors }: TextStyle,
): Generator<string> {
  const span = counted(Math.max(1, Math.round(seconds)), 'second');
  if (samples === 0) {
    yield `Nothing was sampled in the last ${span}: no sources to show.\n`;
    return;
  }
  yield (
    colors.bold(`Sources of what is dropped, by a sample of ${counted(samples, 'packet')} in the last ${span}`) + '\n'
  );
  const rate = (share: number): string => (perSecond === null ? '' : count(Math.round(share * perSecond)));
  const width = Math.max(10, ...sources.map(({ share }) => rate(share).length));
  yield colors.dim(`  share${perSecond === null ? '' : `  ${'per second'.padStart(width)}`}  source\n`);
  for (const { source, share } of sources) {
    const per = perSecond === null ? '' : `  ${`~${rate(share)}`.padStart(width)}`;
    yield `  ${`${Math.round(share * 100)} %`.padStart(5)}${per}  ${source}\n`;
  }
}
