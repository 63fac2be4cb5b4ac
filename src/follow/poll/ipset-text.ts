/** What `ipset save` and `ipset list -t` print, set by set. */

export interface Section {
  /** The create line, without what changes by itself. */
  readonly head: string;
  /** All lines of the set. */
  readonly text: string;
}

/** By name, in order. */
export function sectionsOf(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Section>();
  let start = text.startsWith('create ') ? 0 : text.indexOf('\ncreate ') + 1;
  while (start < text.length && text.startsWith('create ', start)) {
    const next = text.indexOf('\ncreate ', start);
    const end = next < 0 ? text.length : next + 1;
    const section = text.slice(start, end);
    const line = section.slice(0, section.indexOf('\n'));
    sections.set(line.split(' ')[1] ?? '', { head: headOf(line), text: section });
    start = end;
  }
  return sections;
}

/** hashsize grows by itself. */
const headOf = (line: string): string => line.replace(/ hashsize \d+/, '').replace(/ initval \S+/, '');

/** The elements without what moves by itself, in an order of their own: hash tables list them in another one when they grow. */
export const stillElements = (section: string): string =>
  section
    .slice(section.indexOf('\n') + 1)
    .replaceAll(/ (timeout|packets|bytes) \d+/g, '')
    .split('\n')
    .sort()
    .join('\n');

/** By name: what tells that a set has changed without listing it. References are none of it. */
export function tersely(text: string): ReadonlyMap<string, string> {
  const sets = new Map<string, string>();
  for (const block of text.split('\n\n')) {
    const name = /^Name: (.*)$/m.exec(block)?.[1];
    if (name !== undefined) sets.set(name, headOf(block.replace(/^References: .*\n/m, '')));
  }
  return sets;
}
