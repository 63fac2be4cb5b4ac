/** What a ruleset means, without where it stands and how it is spelt: for comparing one ruleset in several notations. */
import type { Part } from '../../../src/model/match.js';
import type { Chain, Ruleset } from '../../../src/model/ruleset.js';
import type { NamedSet } from '../../../src/model/set.js';

type Plain = Readonly<Record<string, unknown>>;

/** Words of the input that stand in the model beside what they mean. */
const spelling = new Set(['span', 'text', 'file', 'extent', 'blocks']);

function partOf(part: Part): Plain {
  const made: unknown = JSON.parse(
    JSON.stringify('match' in part ? part.match : part.statement, (key, value: unknown) => {
      if (spelling.has(key)) return undefined;
      return ArrayBuffer.isView(value) ? [...(value as Uint32Array)] : value;
    }),
  );
  return made as Plain;
}

/** `observe`, `opaque` and such are named by their first words, which JSON writes in another way. */
const nameless = new Set(['unknown', 'opaque']);

function chainOf(chain: Chain): Plain {
  const rules = chain.rules.map(({ id, number, parts }) => ({
    id,
    number,
    parts: parts.map(partOf).map((part) => (nameless.has(String(part['kind'])) ? { ...part, name: null } : part)),
  }));
  const { name } = chain;
  if (chain.kind === 'regular') return { name, rules };
  const { type, hook, priority, policy, devices } = chain;
  return { name, type, hook, priority, policy, devices, rules };
}

function setOf(set: NamedSet): Plain {
  const columns = Object.entries(set).map(([key, value]: [string, unknown]): [string, unknown] => {
    if (ArrayBuffer.isView(value)) return [key, [...(value as Uint32Array)]];
    if (key === 'ranges') return [key, JSON.parse(JSON.stringify(value, (_, one: unknown) => (ArrayBuffer.isView(one) ? [...(one as Uint32Array)] : one)))]; // prettier-ignore
    return [key, value];
  });
  // The type of a set that is not read is a word for people: JSON has the type of an expression where text has the expression.
  const isWord = (key: string): boolean => key === 'why' || (key === 'type' && set.kind === 'opaque');
  return Object.fromEntries(columns.filter(([key]) => !spelling.has(key) && !isWord(key)));
}

const byName = <T extends { readonly name: string }>(items: Iterable<T>): T[] =>
  [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

export const modelOf = (ruleset: Ruleset): Plain => ({
  tables: byName(
    ruleset.tables.map(({ family, name, dialect, managed, chains }) => ({
      name: `${family} ${name}`,
      dialect,
      managed,
      chains: byName(chains.values()).map(chainOf),
    })),
  ),
  sets: [...ruleset.sets.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map(setOf),
});
