/** An input as the parsers see it: without byte order mark and with bare newlines, so that columns count what users see. */

/** Lines of a plain text without their ends. The text after the last newline is a line only if it is not empty. */
export function sourceLines(plain: string): string[] {
  const lines = plain.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** CRLF is a newline; a carriage return elsewhere stays and is a syntax error. */
export function plainText(text: string): string {
  const start = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return start.includes('\r') ? start.replaceAll(/\r+(?=\n|$)/g, '') : start;
}
