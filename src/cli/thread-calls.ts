/**
 * Functions of one thread that another one calls. Arguments and results are copied; calls are begun in the order in which they were made. What
 * is thrown there is thrown here.
 */
import { errorOf, thrownOf, type Thrown } from './thread-error.js';

/** A `Worker`, seen from outside, or a `MessagePort`, seen from within. */
export interface Port {
  readonly postMessage: (message: unknown) => void;
  readonly on: (event: 'message', heard: (message: Message) => void) => unknown;
}

/** By name; a function may take its time. */
export type Functions<T> = { readonly [Name in keyof T]: (...args: never[]) => unknown };

type Message =
  | { readonly call: number; readonly name: string; readonly args: readonly never[] }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly thrown: Thrown };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class ThreadCalls<Theirs extends Functions<Theirs>, Own extends Functions<Own>> {
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #ended: Error | null = null;

  /** `own`: what the other thread may call. */
  constructor(
    private readonly port: Port,
    private readonly own: Own,
  ) {
    port.on('message', (message) => {
      if ('call' in message) void this.#answer(message.call, message.name as keyof Own, message.args);
      else this.#settle(message.answer, message);
    });
  }

  call<Name extends keyof Theirs & string>(
    name: Name,
    ...args: Parameters<Theirs[Name]>
  ): Promise<Awaited<ReturnType<Theirs[Name]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended);
        return;
      }
      const call = this.#calls++;
      this.#waiting.set(call, { resolve, reject });
      this.port.postMessage({ call, name, args });
    });
  }

  /** The other thread is no more: whoever waits for it, or calls it again, is told. */
  end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async #answer(answer: number, name: keyof Own, args: readonly never[]): Promise<void> {
    try {
      const value = await this.own[name](...args);
      this.port.postMessage({ answer, value });
    } catch (error) {
      this.port.postMessage({ answer, thrown: thrownOf(error) });
    }
  }

  #settle(answer: number, message: { readonly value: unknown } | { readonly thrown: Thrown }): void {
    const waiting = this.#waiting.get(answer);
    this.#waiting.delete(answer);
    if ('thrown' in message) waiting?.reject(errorOf(message.thrown));
    else waiting?.resolve(message.value as never);
  }
}
