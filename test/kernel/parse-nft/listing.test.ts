/** What the kernel makes of a ruleset and of what we print of it; text and JSON of one ruleset. Private namespaces, nft of this machine. */
import test from 'ava';
import { InputError } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { parseNftJson } from '../../../src/parse/nft/parse-nft-json.js';
import { printNft } from '../../../src/parse/nft/print-nft.js';
import { canonical } from '../../parse/nft/canonical.js';
import { listings } from '../../parse/nft/corpus-files.js';
import { differences, text } from '../../parse/nft/differences.js';
import { loadAndList } from './load.js';

interface Loaded {
  readonly listing: string;
  readonly json: string;
}

function load(ruleset: string): Loaded | null {
  const [listing, json] = loadAndList(ruleset, ['', '-j']) ?? [];
  return listing !== undefined && json !== undefined ? { listing, json } : null;
}

/** nft's JSON (1.0.6) leaves these out, or writes them in other units. */
const lost =
  /hook\.devices$|^\.commands\.flags$|\.statements$|\.(?:expires|timeout|used|form|attributes|result|port)$|\.key\.(?:high|low)$|\.implicit$/;

/** A part of the corpus, for each ruleset costs processes; all with OFFLOAD_CORPUS. */
const step = process.env.OFFLOAD_CORPUS === undefined ? 2 : 1;
const rulesets = listings().filter(
  ({ text: ruleset }, i) => i % step === 0 && !/^\s*(?:include|list|reset|get|monitor)\b/m.test(ruleset),
);
const least = rulesets.length / 4;

const handleless = (listing: string): string =>
  listing.replaceAll(/ # handle \d+|expires \S+/g, '').replaceAll(/[ \t]+/g, ' ');

test.serial('a ruleset is listed as what is printed of its tree, and its text and JSON are one tree', (t) => {
  let compared = 0;
  let equal = 0;
  const unexplained: string[] = [];
  for (const { name, text: ruleset } of rulesets) {
    const loaded = load(ruleset);
    if (!loaded) continue;
    compared++;
    const printed = load(printNft(parseNft(ruleset, name)));
    if (!printed) unexplained.push(`${name}: nft refuses what is printed`);
    else if (handleless(printed.listing) !== handleless(loaded.listing)) unexplained.push(`${name}: listed otherwise`);
    const trees = [parseNft(loaded.listing, name), parseNftJson(loaded.json, name)].map(canonical);
    const found = [...differences(trees[0], trees[1])];
    if (found.length === 0) equal++;
    for (const { path, left, right } of found) {
      // A name or a time in text may be a number in JSON.
      const isSpelling = typeof left === 'string' && typeof right === 'string';
      const isColumns = path.endsWith('.elements') || path.endsWith('.columns');
      if (!lost.test(path) && !isSpelling && !isColumns)
        unexplained.push(`${name} ${path}: ${text(left)} is not ${text(right)}`);
    }
  }
  t.deepEqual(unexplained, []);
  t.true(compared > least && equal > compared * 0.8, `${equal} of ${compared} of ${rulesets.length}`);
  t.log(
    `${compared} of ${rulesets.length} load here; of ${equal} text and JSON are equal, of the rest but for what JSON leaves out`,
  );
});

test.serial('what nft accepts is read, and what it refuses for its braces is refused', (t) => {
  for (const [ruleset, accepted] of [
    ['table ip t { chain c { accept; }; }', true],
    ['table ip t {\n\tchain c {\n\t\taccept\n\t}\n', false],
    ['table ip t { chain c { accept; } }}', false],
    ['table ip t { chain c { ip saddr ~ accept; }; }', false],
    ['table {\n}', false],
  ] as const) {
    t.is(load(`${ruleset}\n`) !== null, accepted, ruleset);
    const read = (): unknown => parseNft(`${ruleset}\n`, 'x.nft');
    if (accepted) t.notThrows(read, ruleset);
    else t.throws(read, { instanceOf: InputError }, ruleset);
  }
});
