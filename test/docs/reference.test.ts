/** docs/reference.md is made from the code: UPDATE_GOLDEN=1 rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { diagnosticCodes } from '../../src/diagnostic.js';
import { reasonCodes } from '../../src/plan/plan.js';

const file = new URL('../../docs/reference.md', import.meta.url);

const table = (head: string, codes: Readonly<Record<string, string>>): string =>
  [
    `| ${head} | meaning |`,
    '| --- | --- |',
    ...Object.entries(codes).map(([code, text]) => `| \`${code}\` | ${text} |`),
  ].join('\n');

const expected = `# Reference

Written by \`UPDATE_GOLDEN=1 npx ava test/docs/*.test.ts\` from the code.

## Decisions

| offload | meaning | in the residual |
| --- | --- | --- |
| \`full\` | XDP decides every packet of this rule on the covered devices | left out, but for other devices |
| \`partial\` | XDP drops some of its packets early | stays |
| \`none\` | nothing of it runs in XDP | stays |

A rule is named \`<family> <table> <chain> <number>\`, the number counting from 1 as \`iptables -L --line-numbers\` does; a base
chain's drop policy is \`… policy\`.

## Reasons

${table('code', reasonCodes)}

## Diagnostics

Errors and warnings are printed on stderr as \`file:line:column: severity[code]: message\`. Errors end with exit code 2.

${table('code', diagnosticCodes)}

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | usage: the command line is wrong |
| 2 | an input is not readable |
| 3 | this host can't: privilege, kernel, device, disk |
| 4 | refused: verification failed or an assumption is violated |
`;

test('docs/reference.md says what the code says', (t) => {
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, expected);
  t.is(readFileSync(file, 'utf8'), expected);
});
