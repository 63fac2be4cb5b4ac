/** One line on the terminal that is written over; a log has a line for each. */
export function tellProgress(part: string, text: string): void {
  const line = `${part}: ${text}`;
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line.slice(0, 110)}` : `${line}\n`);
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}
