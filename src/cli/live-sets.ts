/** Rulesets of files with the sets as the kernel has them: what is followed from then on must begin with what is there. */
import { isDeepStrictEqual } from 'node:util';
import type { LiveText } from '../host/live/read-live.js';
import { readRuleset } from '../model/read-ruleset.js';
import type { Ruleset } from '../model/ruleset.js';
import type { NamedSet } from '../model/set.js';
import { CommandError, exitCodes } from './exit-code.js';

/** Sets that the kernel has not stay as the files say. Throws CommandError where both have a set, and it cannot be taken from the kernel. */
export function withLiveSets(ruleset: Ruleset, live: readonly LiveText[]): Ruleset {
  if (ruleset.sets.size === 0) return ruleset;
  const now = readRuleset(
    live.map(({ name, text, takenAt, format }) => ({ file: name, text, takenAt, origin: { format } })),
  );
  const sets = [...ruleset.sets].map(([id, set]): [typeof id, NamedSet] => {
    const other = now.ruleset.sets.get(id);
    return [id, other === undefined ? set : takenFrom(set, other)];
  });
  return { ...ruleset, sets: new Map(sets) };
}

function takenFrom(set: NamedSet, live: NamedSet): NamedSet {
  // Nothing is concluded from a set that one of them does not understand.
  if (set.kind === 'opaque') return set;
  if (live.kind === 'opaque') return { ...live, span: set.span };
  const isNamed = set.inRules !== true && live.inRules !== true && !set.id.includes('#');
  if (isNamed && set.kind === live.kind && set.type === live.type) return { ...live, span: set.span };
  if (isDeepStrictEqual(elementsOf(set), elementsOf(live))) return set;
  throw new CommandError(
    exitCodes.refused,
    `${set.span.file}:${set.span.line}: set ${set.name} is another one in the kernel: load the file, or plan for what the kernel has with --live`,
  );
}

const elementsOf = (set: NamedSet): object => ({ ...set, span: null, asOf: null, timeout: null });
