/** Runs the system's own tools. A minimal system may lack one: then it is said which, and what follows. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { LoadError } from '../load/load-error.js';
import { type Ended, runTool } from '../load/tool.js';

export type Output =
  | { readonly kind: 'text'; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly stderr: string };

interface RunOptions {
  readonly input?: string;
  readonly encoding?: 'utf8' | 'latin1';
}

/** No shell is involved. `encoding` latin1 keeps every byte as one character. */
export function run(
  command: string,
  args: readonly string[],
  { input = '', encoding = 'utf8' }: RunOptions = {},
): Output {
  return outputOf(runTool(command, args, Buffer.from(input, encoding)), encoding);
}

export function outputOf({ error, code, stdout, stderr }: Ended, encoding: 'utf8' | 'latin1'): Output {
  if (error !== null) return error.code === 'ENOENT' ? { kind: 'missing' } : { kind: 'failed', stderr: error.message };
  const [out, err] = [stdout.toString(encoding), stderr.toString(encoding)];
  return code === 0 ? { kind: 'text', stdout: out, stderr: err } : { kind: 'failed', stderr: err.trim() };
}

/** What `ip` has said in this look at the host. */
const looks = new AsyncLocalStorage<Map<string, Output>>();

/** In `body`, and whatever it waits for, the same question is put to `ip` once: what asks has much in common. */
export const inOneLook = <T>(body: () => T): T => looks.run(new Map(), body);

/** Of an `ip` command. */
export function askIp(args: readonly string[], input = ''): Output {
  const said = looks.getStore();
  const question = JSON.stringify([args, input]);
  const known = said?.get(question);
  if (known !== undefined) return known;
  const output = run('ip', args, { input });
  said?.set(question, output);
  return output;
}

/** Output of an `ip` command. Throws LoadError: without it nothing is known of the host. */
export function runIp(args: readonly string[], input = ''): string {
  const output = askIp(args, input);
  if (output.kind === 'text') return output.stdout;
  const missing = output.kind === 'missing';
  throw new LoadError({
    errno: missing ? 2 : 0,
    step: 'read host',
    message: missing
      ? '`ip` is not installed, so the addresses and devices of this host cannot be read'
      : `\`ip ${args.join(' ')}\` failed: ${output.stderr}`,
    hint: missing ? 'install iproute2, or plan with --host FILE' : 'plan with --host FILE',
  });
}

/** What several `ip` commands list, as JSON, by one process that reads them from its standard input: each prints a line of its own. */
export const ipJsonBatch = (options: readonly string[], commands: readonly string[]): readonly unknown[] =>
  runIp([...options, '-j', '-batch', '-'], commands.map((command) => `${command}\n`).join(''))
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : (JSON.parse(line) as unknown[])));

/** JSON that `ip -j` prints; it prints nothing at all for an empty list in some versions. */
export function ipJson(args: readonly string[]): readonly unknown[] {
  const text = runIp(args).trim();
  return text === '' ? [] : (JSON.parse(text) as unknown[]);
}
