/** The text of a rule, as a name for it that lasts: numbers change when another rule is inserted. */
import { keptText } from './install-record.js';

/** Without what moves by itself. */
export function uncounted(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[') && !trimmed.includes('packets')) return trimmed;
  return trimmed
    .replace(/^\[\d+:\d+\] /, '')
    .replaceAll(/\bpackets \d+ bytes \d+/g, 'packets')
    .replaceAll(/"packets": ?\d+, ?"bytes": ?\d+/g, '');
}

/** What was recorded when attaching may be cut short, within a counter even; counters have moved since. */
export function sameRule(recorded: string, now: string): boolean {
  const known = uncounted(recorded);
  const cut = recorded.length < keptText ? known : known.slice(0, -48);
  return recorded.length < keptText ? known === uncounted(now) : uncounted(now).startsWith(cut);
}
