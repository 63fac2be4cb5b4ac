/** Calls between threads: their order, what comes back, what is thrown, and what becomes of them when the other thread ends. */
import { MessageChannel } from 'node:worker_threads';
import test from 'ava';
import { CommandError } from '../../src/cli/exit-code.js';
import { ThreadCalls } from '../../src/cli/thread-calls.js';
import { InputError } from '../../src/diagnostic.js';
import { LoadError } from '../../src/load/load-error.js';
import { PlannerGone, Taken } from '../../src/watch/filter.js';

interface Theirs {
  readonly double: (value: number) => Promise<number>;
  readonly columns: (column: Uint32Array) => Uint32Array;
  readonly fail: (which: number) => never;
  readonly never: () => Promise<void>;
}

const span = { file: 'rules.v4', line: 3, column: 1 };
const errors: readonly Error[] = [
  new Taken('another run'),
  new PlannerGone('out of memory'),
  new CommandError(4, 'refused'),
  new InputError([{ code: 'syntax', severity: 'error', span, message: 'what is this', notes: [] }]),
  new LoadError({ errno: 13, step: 'load program', message: 'not allowed', hint: 'run it as root', verifierLog: 'R1' }),
  new TypeError('a bug'),
];

function connected(t: { teardown: (end: () => void) => void }): {
  calls: ThreadCalls<Theirs, Record<string, never>>;
  begun: number[];
} {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const begun: number[] = [];
  const own: Theirs = {
    double: async (value) => {
      begun.push(value);
      // The first ones take longest.
      await new Promise((done) => setTimeout(done, 20 - value));
      return value * 2;
    },
    columns: (column) => column.map((value) => value + 1),
    fail: (which) => {
      throw errors[which]!;
    },
    never: () => new Promise(() => undefined),
  };
  new ThreadCalls<Record<string, never>, Theirs>(port2, own);
  return { calls: new ThreadCalls<Theirs, Record<string, never>>(port1, {}), begun };
}

test('calls are begun in order; each gets its own answer', async (t) => {
  const { calls, begun } = connected(t);
  const values = [0, 1, 2, 3, 4];
  t.deepEqual(await Promise.all(values.map((value) => calls.call('double', value))), [0, 2, 4, 6, 8]);
  t.deepEqual(begun, values);
  t.deepEqual(await calls.call('columns', Uint32Array.of(1, 2)), Uint32Array.of(2, 3));
});

for (const [which, error] of errors.entries()) {
  test(`thrown there, thrown here: ${error.constructor.name}`, async (t) => {
    const { calls } = connected(t);
    const seen: unknown = await calls.call('fail', which).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    t.true(seen instanceof Error);
    t.is((seen as Error).message, error.message);
    if (error.constructor === TypeError) t.is((seen as Error).stack, error.stack);
    else t.is((seen as Error).constructor, error.constructor);
    for (const what of ['exitCode', 'errno', 'step', 'diagnostics'])
      t.deepEqual(Reflect.get(seen as Error, what), Reflect.get(error, what), what);
  });
}

test('the other thread is gone: who waits is told, and who asks later', async (t) => {
  const { calls } = connected(t);
  const waiting = calls.call('never');
  calls.end(new PlannerGone('it ended'));
  await t.throwsAsync(waiting, { instanceOf: PlannerGone });
  await t.throwsAsync(calls.call('double', 1), { instanceOf: PlannerGone, message: 'it ended' });
});
