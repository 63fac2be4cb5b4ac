import test from 'ava';
import { InputError } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { parseNftJson } from '../../../src/parse/nft/parse-nft-json.js';
import { printNft } from '../../../src/parse/nft/print-nft.js';
import type { NftFile } from '../../../src/parse/nft/tree.js';
import { canonical } from './canonical.js';
import { differences, text, type Difference } from './differences.js';
import { listings } from './corpus-files.js';
import { nodesOf } from './walk-tree.js';
import { withoutPlaces } from './without-places.js';

const all = listings();

/** nft itself cannot read these: it lists what it has no name for as "[invalid type]". */
const unreadable = /\[invalid type\]/;
const isInclude = (error: unknown): boolean => error instanceof InputError && /include/.test(error.message);

function read(name: string, listing: string): NftFile | null {
  try {
    return parseNft(listing, name);
  } catch (error) {
    if (isInclude(error)) return null;
    throw error;
  }
}

test('every listing is read, and nothing in it is opaque but what nft itself cannot read', (t) => {
  let opaque = 0;
  t.true(all.length > 100);
  for (const { name, text: listing } of all) {
    for (const node of nodesOf(read(name, listing))) {
      if (node.kind !== 'opaque') continue;
      opaque++;
      t.regex(String(node.text), unreadable, name);
    }
  }
  t.log(`${all.length} listings, ${opaque} opaque nodes`);
});

test('a listing printed and read again is the same tree', (t) => {
  for (const { name, text: listing } of all) {
    const tree = read(name, listing);
    if (!tree) continue;
    t.deepEqual(withoutPlaces(parseNft(printNft(tree), name)), withoutPlaces(tree), name);
  }
});

test('JSON of a listing printed as text and read again is the same tree', (t) => {
  for (const { name, json } of all) {
    // nft 0.9.8 writes 2^64 - 1 as -1.
    if (json === null || json.includes('"range": [0, -1]')) continue;
    const tree = parseNftJson(json, name);
    const again = parseNft(printNft(tree), name);
    t.is(again.diagnostics.length, tree.diagnostics.length, name);
  }
});

/** Differences that nft itself makes, by path; each is of some version's JSON. */
const explained: readonly (readonly [RegExp, string])[] = [
  [/hook\.devices$/, 'no devices of base chains'],
  [/^\.commands\.flags$/, 'the name of the table as its flag'],
  [/elements\.statements$|\.items\.statements$/, 'one statement of an element or a set at most'],
  [/\.(?:expires|used)$/, 'seconds only; time went by between the two listings'],
  [/\.key\.high$/, '2^64 - 1 is -1'],
  [/\.attributes$/, 'units of time'],
  [/\.result$/, 'fib … check'],
  [/\.left\.key$/, 'ct saddr without ip'],
  [/\.statements\.port$/, 'a port that is a map is left out in text (1.0.6)'],
  [/\.form$/, 'prefix for interval'],
  [/\.statements\.implicit$/, '== where text writes nothing'],
  [/\.(?:key|timeout)$/, '"[invalid type]"'],
];
/** One side has a name or a time where the other has a number. */
const isSpelling = ({ left, right }: Difference): boolean =>
  [left, right].every((side) => typeof side === 'string' || isValues(side)) && text(left) !== text(right);
const isValues = (side: unknown): boolean => side === null || Array.isArray(side) || typeof side === 'object';

test('text and JSON of one ruleset are the same tree', (t) => {
  let same = 0;
  let rulesets = 0;
  for (const { name, text: listing, json } of all) {
    const tree = json === null ? null : read(name, listing);
    if (json === null || !tree) continue;
    rulesets++;
    const found = [...differences(canonical(tree), canonical(parseNftJson(json, name)))];
    if (found.length === 0) same++;
    for (const difference of found) {
      const why = explained.some(([pattern]) => pattern.test(difference.path)) || isSpelling(difference);
      t.true(why, `${name} ${difference.path}: ${text(difference.left)} is not ${text(difference.right)}`);
    }
  }
  t.true(same > rulesets / 2);
  t.log(`${same} of ${rulesets} rulesets are equal, the rest but for what nft leaves out`);
});
