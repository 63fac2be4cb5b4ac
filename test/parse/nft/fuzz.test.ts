import test from 'ava';
import fc from 'fast-check';
import { InputError } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { parseNftJson } from '../../../src/parse/nft/parse-nft-json.js';
import { printNft } from '../../../src/parse/nft/print-nft.js';
import { apply, change, small } from './damage.js';

/** Fixed, so that a failure comes back; more with OFFLOAD_FUZZ=runs. */
const runs = Number(process.env.OFFLOAD_FUZZ ?? 400);
const seed = 20261125;

test('a damaged listing is read or refused with a place, and what is read prints', (t) => {
  let read = 0;
  const property = fc.property(
    fc.constantFrom(...small),
    fc.array(change, { minLength: 1, maxLength: 4 }),
    ({ text }, changes) => {
      const damaged = apply(text, changes);
      try {
        const tree = parseNft(damaged, 'x.nft');
        read++;
        printNft(tree);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const [first] = error.diagnostics;
        t.is(first?.severity, 'error');
        t.true((first?.span.line ?? 0) >= 1 && (first?.span.column ?? 0) >= 1);
      }
    },
  );
  fc.assert(property, { numRuns: runs, seed });
  t.true(read > 0);
});

test('damaged JSON is read or refused with a place', (t) => {
  const texts = small.flatMap(({ json }) => (json !== null && json.length < 8000 ? [json] : []));
  const property = fc.property(
    fc.constantFrom(...texts),
    fc.array(change, { minLength: 1, maxLength: 3 }),
    (text, changes) => {
      try {
        printNft(parseNftJson(apply(text, changes), 'x.json'));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        t.true((error.diagnostics[0]?.span.column ?? 0) >= 1);
      }
    },
  );
  fc.assert(property, { numRuns: runs, seed });
});

test('deep nesting is refused, not followed', (t) => {
  const error = t.throws(() => parseNft(`define x = ${'{'.repeat(50_000)}\n`, 'x.nft'), { instanceOf: InputError });
  t.regex(error.message, /braces/);
  t.throws(() => parseNftJson(`{"nftables": ${'['.repeat(100_000)}`, 'x'), { instanceOf: InputError });
});
