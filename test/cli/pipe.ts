/** What is written to a pipe as what is read from it. */
import { execFileSync, spawn } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';

/** While `body` runs, a pipe that gives the content of the file has its name. */
export function asPipe<T>(file: string, body: () => T): T {
  const content = `${file}.content`;
  renameSync(file, content);
  execFileSync('mkfifo', [file]);
  const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', content, file], { stdio: 'ignore' });
  try {
    return body();
  } finally {
    writer.kill();
    rmSync(file);
    renameSync(content, file);
  }
}
