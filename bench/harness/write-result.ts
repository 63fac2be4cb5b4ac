/** A result as a file that shows in a diff which measurement changed: one line each. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkResult, type PartResult } from './result.js';

export function resultText(result: PartResult): string {
  const lines = (list: readonly unknown[]): string =>
    list.length === 0 ? '[]' : `[\n${list.map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]`;
  const members = Object.entries(result).map(([name, value]: [string, unknown]) => {
    const text = Array.isArray(value) ? lines(value) : JSON.stringify(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${members.join(',\n')}\n}\n`;
}

/** Throws when the result is not as the schema says: nothing is written then. */
export function writeResult(path: string, result: PartResult): void {
  checkResult(result, path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, resultText(result));
  renameSync(`${path}.new`, path);
}
