/** Edits to a text by lines, and the result in pieces. */

/** Where lines come in front of others that are put to the same line. */
const order = ['first', 'in-place', 'last'] as const;

interface Insertion {
  readonly line: number;
  readonly where: (typeof order)[number];
  readonly lines: Iterable<string>;
}

export class LineEdits {
  /** Where each line begins, and what is behind the last. */
  readonly #starts: Uint32Array;
  readonly #removed: Uint8Array;
  readonly #insertions: Insertion[] = [];

  constructor(private readonly text: string) {
    this.#starts = startsOf(text);
    this.#removed = new Uint8Array(this.count + 1);
  }

  /** Lines; what stands behind the last newline is one. */
  get count(): number {
    return this.#starts.length - 1;
  }

  /** By number, from 1, without its newline. */
  line(number: number): string {
    return this.text.slice(this.#starts[number - 1], this.#starts[number]! - 1);
  }

  remove(number: number): void {
    this.#removed[number] = 1;
  }

  /** Puts lines before that one, which is not removed by it. They are asked for when the text is made. */
  insert(line: number, where: Insertion['where'], lines: Iterable<string>): void {
    this.#insertions.push({ line, where, lines });
  }

  /** Lines that are put in end as those of the text do. */
  *pieces(): Generator<string> {
    const { text } = this;
    const end = text.includes('\r\n') || text.endsWith('\r') ? '\r\n' : '\n';
    const insertions = this.#insertions.sort(
      (a, b) => a.line - b.line || order.indexOf(a.where) - order.indexOf(b.where),
    );
    let from = 1;
    for (const { line, lines } of insertions) {
      yield* this.#kept(from, line);
      from = line;
      for (const one of lines) yield one + end;
    }
    yield* this.#kept(from, this.count + 1);
  }

  /** The lines from one to before another that are not removed. */
  *#kept(from: number, to: number): Generator<string> {
    for (let at = from; at < to;) {
      const start = at;
      while (at < to && this.#removed[at] === 0) at++;
      if (at > start) yield this.text.slice(this.#starts[start - 1], this.#starts[at - 1]);
      while (at < to && this.#removed[at] === 1) at++;
    }
  }
}

function startsOf(text: string): Uint32Array {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  const starts = new Uint32Array(lines + 1);
  let at = 0;
  for (let i = 1; i < lines; i++) starts[i] = at = text.indexOf('\n', at) + 1;
  // As if a newline stood behind the last.
  starts[lines] = text.length + 1;
  return starts;
}
