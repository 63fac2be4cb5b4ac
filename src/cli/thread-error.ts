/** What is thrown in one thread, told to another: copies of errors lose their class and what belongs to it. */
import { type Diagnostic, InputError } from '../diagnostic.js';
import { LoadError } from '../load/load-error.js';
import { PlannerGone, Stale, Taken } from '../watch/filter.js';
import { CommandError } from './exit-code.js';

export type Thrown =
  | { readonly kind: 'taken' | 'gone' | 'stale'; readonly message: string }
  | { readonly kind: 'command'; readonly message: string; readonly exitCode: number }
  | { readonly kind: 'input'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'load'; readonly message: string; readonly errno: number; readonly step: string }
  /** A bug. */
  | { readonly kind: 'other'; readonly message: string; readonly stack: string };

export function thrownOf(error: unknown): Thrown {
  if (error instanceof InputError) return { kind: 'input', diagnostics: error.diagnostics };
  if (!(error instanceof Error)) return { kind: 'other', message: String(error), stack: String(error) };
  const { message } = error;
  if (error instanceof Taken) return { kind: 'taken', message };
  if (error instanceof Stale) return { kind: 'stale', message };
  if (error instanceof PlannerGone) return { kind: 'gone', message };
  if (error instanceof CommandError) return { kind: 'command', message, exitCode: error.exitCode };
  if (error instanceof LoadError) return { kind: 'load', message, errno: error.errno, step: error.step };
  return { kind: 'other', message, stack: error.stack ?? message };
}

export function errorOf(thrown: Thrown): Error {
  switch (thrown.kind) {
    case 'taken':
      return new Taken(thrown.message);
    case 'gone':
      return new PlannerGone(thrown.message);
    case 'stale':
      return new Stale(thrown.message);
    case 'command':
      return new CommandError(thrown.exitCode, thrown.message);
    case 'input':
      return new InputError(thrown.diagnostics);
    case 'load':
      // Its message has the verifier's lines and the hint already.
      return new LoadError(thrown);
    case 'other':
      return Object.assign(new Error(thrown.message), { stack: thrown.stack });
  }
}
