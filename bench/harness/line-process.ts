/** A process in a namespace that answers each line of input with a line. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { bundled } from '../../test/kernel/bundle.js';
import { repository, type Net } from '../../test/kernel/namespace.js';
import { onCore } from '../harness/processor.js';

export interface Script {
  /** From the repository. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly core: number;
  /** See `onCore`. */
  readonly urgent?: boolean;
}

export class LineProcess {
  readonly #answers: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    this.#answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static start(net: Net, namespace: string, { file, args = [], core, urgent = false }: Script): LineProcess {
    const node = [process.execPath, '--max-old-space-size=4096', bundled(repository, file), ...args];
    const [command, ...rest] = onCore(core, node, urgent);
    const child = net.start(namespace, command!, rest, { timeout: 3_600_000 });
    child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    // It is told by the lack of an answer.
    child.stdin?.on('error', () => undefined);
    return new LineProcess(child);
  }

  /** The next line that it says of itself. */
  async next(): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('a process of the benchmark has ended early');
    return value;
  }

  ask(line: string): Promise<string> {
    this.child.stdin!.write(`${line}\n`);
    return this.next();
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
