/** Edits to the texts of an nft ruleset, and the result: an included file is written out where it stands once something in it changes. */
import type { Extent, Inclusion, NftText, Place } from '../model/nft-text.js';

interface Edit extends Extent {
  readonly text: string;
}

export class TextEdits {
  readonly #edits = new Map<NftText, Edit[]>();

  /** Edits of one text must not overlap; at one place, those made first come first. */
  replace({ of, start, end }: Place, text: string): void {
    const edits = this.#edits.get(of);
    if (edits) edits.push({ start, end, text });
    else this.#edits.set(of, [{ start, end, text }]);
  }

  /** Their whole lines, as `lineOf`; in the order in which they stand. */
  removeLines(places: readonly Place[]): void {
    const [first, ...rest] = places;
    if (!first) return;
    let removed = lineOf(first);
    for (const place of rest) {
      const line = lineOf(place);
      if (removed.of === line.of && removed.end === line.start) removed = { ...removed, end: line.end };
      else {
        this.replace(removed, '');
        removed = line;
      }
    }
    this.replace(removed, '');
  }

  render(of: NftText): string {
    const inclusions = of.includes.filter((one) => this.#reaches(one));
    const edits = [...(this.#edits.get(of) ?? []), ...inclusions.map((one) => this.#writtenOut(one, of.text))];
    edits.sort((a, b) => a.start - b.start);
    let out = '';
    let at = 0;
    for (const { start, end, text } of edits) {
      out += of.text.slice(at, start) + text;
      at = Math.max(at, end);
    }
    return out + of.text.slice(at);
  }

  /** Something changes in an included file, or in one that it includes. */
  #reaches({ files }: Inclusion): boolean {
    return files.some(({ of }) => this.#edits.has(of) || of.includes.some((one) => this.#reaches(one)));
  }

  /** Files of the same statement in which nothing changes are still included. */
  #writtenOut({ extent, files }: Inclusion, text: string): Edit {
    const lines = files.map(({ name, of }) => {
      if (!this.#edits.has(of) && !of.includes.some((one) => this.#reaches(one))) return `include "${name}"`;
      const body = this.render(of).replace(/^\uFEFF/, '');
      return `# ${name}, written out because rules in it are taken out\n${body}${body === '' || body.endsWith('\n') ? '' : '\n'}# end of ${name}`;
    });
    const { before, after } = aroundStatement(extent, text);
    return { start: extent.start, end: after.end, text: `${before}${lines.join('\n')}${after.newline}` };
  }
}

/** Comments need a line of their own: what stands beside the statement goes to others. */
function aroundStatement(
  { start, end }: Extent,
  text: string,
): { before: string; after: { end: number; newline: string } } {
  const before = beginsLine(text, start) ? '' : '\n';
  const behind = end + matchAt(/[ \t]*;?[ \t]*/y, text, end);
  const next = text.charAt(behind);
  if (next === '\n' || next === '\r') return { before, after: { end: behind, newline: '' } };
  return { before, after: { end: behind, newline: '\n' } };
}

/** Length of what a sticky expression matches at an offset: a file may be one long line, so nobody looks for the ends of lines. */
function matchAt(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0].length ?? 0;
}

/** Where the white space before an offset begins, on its line. */
function blankFrom(text: string, at: number): number {
  let start = at;
  while (start > 0 && /[^\S\n]/.test(text.charAt(start - 1))) start--;
  return start;
}

function beginsLine(text: string, at: number): boolean {
  const start = blankFrom(text, at);
  return start === 0 || text.charAt(start - 1) === '\n';
}

/**
 * The whole line where a rule is alone on it, with its handle comment; else the rule and the `;` behind it.
 */
export function lineOf({ of, start, end }: Place): Place {
  const { text } = of;
  const rest = matchAt(/[^\S\n]*;?[^\S\n]*(# handle \d+[^\S\n]*)?\n/y, text, end);
  if (rest > 0 && beginsLine(text, start)) return { of, start: blankFrom(text, start), end: end + rest };
  return { of, start, end: end + matchAt(/[^\S\n]*;/y, text, end) };
}

/** With the comment that names its handle, which would be another rule's. */
export function withHandle({ of, start, end }: Place): Place {
  return { of, start, end: end + matchAt(/[ \t]*# handle \d+(?=[ \t\r]*(\n|$))/y, of.text, end) };
}

/** Blanks before a place on its line. */
export const indentOf = ({ of, start }: Place): string =>
  /[ \t]*$/.exec(of.text.slice(blankFrom(of.text, start), start))?.[0] ?? '';
