/** Compiles every grammar/*.ne to src/parse/generated/*.ts (git-ignored, rebuilt, never committed). Run: node grammar/build.mjs */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const nearley = require('nearley');
const compile = require('nearley/lib/compile.js');
const generate = require('nearley/lib/generate.js');
const bootstrapped = require('nearley/lib/nearley-language-bootstrapped.js');

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '..', 'src', 'parse', 'generated');
mkdirSync(target, { recursive: true });

for (const name of readdirSync(here).filter((file) => file.endsWith('.ne'))) {
  const parser = new nearley.Parser(nearley.Grammar.fromCompiled(bootstrapped));
  parser.feed(readFileSync(join(here, name), 'utf8'));
  // nearley's own grammar reads optional blanks in more than one way; its readings mean the same.
  if (parser.results.length === 0) throw new Error(`bug: ${name} is cut short`);
  const compiled = compile(parser.results[0], { args: [join(here, name)], file: name, alreadycompiled: [] });
  const source = generate(compiled, 'grammar');
  // The generator writes untyped code; the edge is typed where the grammar is loaded (src/parse/line-parser.ts).
  writeFileSync(join(target, name.replace(/\.ne$/, '.ts')), `// @ts-nocheck\n/* eslint-disable */\n${source}`);
}
