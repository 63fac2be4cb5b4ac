/** Two listings of one set whose lines mostly stand in the same order: what has come and what has gone, without reading the rest. */

export interface LineDifference {
  /** Whole lines, with their ends. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Characters that are compared at once. */
const block = 1 << 15;
/** Lines that are looked ahead for one that stands elsewhere. */
const ahead = 64;
/** Lines in a row that make it likely that the next block is equal. */
const calm = 32;
/** Differences beyond which the order is another one: the table has grown. */
const most = 20_000;

/** Null: they differ too much. Each line ends in a newline. */
export function lineDifference(before: string, after: string): LineDifference | null {
  const removed: string[] = [];
  const added: string[] = [];
  let [i, j] = [0, 0];
  let equal = calm;
  while (i < before.length && j < after.length) {
    if (equal >= calm) {
      const same = equalLength(before, i, after, j);
      i += same;
      j += same;
      equal = 0;
      continue;
    }
    const [old, now] = [lineAt(before, i), lineAt(after, j)];
    if (old === now) {
      equal++;
      i += old.length;
      j += now.length;
      continue;
    }
    equal = 0;
    const come = linesUntil(after, j, old);
    const gone = linesUntil(before, i, now);
    if (come !== null && (gone === null || come.length <= gone.length)) {
      added.push(...come);
      j += come.reduce((sum, line) => sum + line.length, 0);
    } else if (gone !== null) {
      removed.push(...gone);
      i += gone.reduce((sum, line) => sum + line.length, 0);
    } else {
      removed.push(old);
      added.push(now);
      i += old.length;
      j += now.length;
    }
    if (removed.length + added.length > most) return null;
  }
  for (; i < before.length; i += removed.at(-1)!.length) removed.push(lineAt(before, i));
  for (; j < after.length; j += added.at(-1)!.length) added.push(lineAt(after, j));
  return removed.length + added.length > most ? null : withoutMoved(removed, added);
}

/** Length of what is equal from there on, up to the end of a line. */
function equalLength(before: string, i: number, after: string, j: number): number {
  let same = 0;
  while (i + same < before.length && j + same < after.length) {
    const chunk = before.slice(i + same, i + same + block);
    if (chunk !== after.slice(j + same, j + same + block)) break;
    same += chunk.length;
  }
  return same === 0 ? 0 : before.lastIndexOf('\n', i + same - 1) + 1 - i;
}

const lineAt = (text: string, at: number): string => {
  const end = text.indexOf('\n', at);
  return text.slice(at, end < 0 ? text.length : end + 1);
};

/** The lines from `at` to the one that is `line`; null: it does not stand near. */
function linesUntil(text: string, at: number, line: string): string[] | null {
  const lines: string[] = [];
  for (let next = at; lines.length < ahead && next < text.length; next += lines.at(-1)!.length) {
    const one = lineAt(text, next);
    if (one === line) return lines;
    lines.push(one);
  }
  return null;
}

/** What stands elsewhere now has neither come nor gone. */
function withoutMoved(removed: readonly string[], added: readonly string[]): LineDifference {
  const [gone, come] = [new Set(removed), new Set(added)];
  return { removed: removed.filter((line) => !come.has(line)), added: added.filter((line) => !gone.has(line)) };
}
