/** Breaks `text` at spaces so that no line with its indentation is longer than `columns`, but for words that are longer alone. */
export function wrapped(text: string, columns: number, first: string, rest: string = first): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}
