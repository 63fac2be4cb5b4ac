/** An agent as the test sees it: its commands as functions. */
import { createInterface } from 'node:readline';
import { bundled } from '../bundle.js';
import { repository, type Net } from '../namespace.js';
import type { AgentCommands } from './agent.js';

export type Remote = {
  readonly [K in keyof AgentCommands]: (
    ...args: Parameters<AgentCommands[K]>
  ) => Promise<Awaited<ReturnType<AgentCommands[K]>>>;
};

/** Starts an agent in a namespace; it ends with the test. */
export function startAgent(net: Net, ns: string): Remote {
  const script = bundled(repository, 'test/kernel/conntrack/agent.ts');
  const child = net.start(ns, process.execPath, [script], { timeout: 300_000 });
  const waiting = new Map<number, { done: (value: unknown) => void; fail: (error: Error) => void }>();
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin?.on('error', () => undefined);
  child.on('close', () => waiting.forEach(({ fail }) => fail(new Error(`the agent in ${ns} ended: ${complaint}`))));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [id, value, error] = JSON.parse(line) as [number, unknown, string | null];
      const { done, fail } = waiting.get(id) ?? {};
      waiting.delete(id);
      if (error === null) done?.(value);
      else fail?.(new Error(`in ${ns}: ${error}`));
    });
  }
  let serial = 0;
  const ask = (name: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((done, fail) => {
      waiting.set(++serial, { done, fail });
      child.stdin?.write(`${JSON.stringify([serial, name, args])}\n`);
    });
  return new Proxy({} as Remote, {
    // a promise would be asked for `then`
    get: (_, name) => (name === 'then' ? undefined : (...args: unknown[]) => ask(String(name), args)),
  });
}
