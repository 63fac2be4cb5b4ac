/** What comes of nft files that are read whole, and with marks for long lists of elements. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { readFiles, type ReadFile } from '../../src/cli/read-files.js';
import { stageResidual } from '../../src/cli/residual-file.js';
import { planWithinLimits } from '../../src/compile/fit.js';
import { InputError } from '../../src/diagnostic.js';
import type { NftText } from '../../src/model/nft-text.js';
import { readRuleset } from '../../src/model/read-ruleset.js';
import type { Ruleset } from '../../src/model/ruleset.js';
import { markSign } from '../../src/parse/nft/long-lists.js';
import { residualTexts } from '../../src/residual/residual-texts.js';
import { Random } from '../compile/random.js';

export function written(t: ExecutionContext, content: Uint8Array | string, name = 'rules.nft'): string {
  const folder = mkdtempSync(join(tmpdir(), 'offload-marked-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

export function residualOf(ruleset: Ruleset, read: readonly ReadFile[], target: string): string {
  const none = { prefixes: [], ports: [] };
  const options = { devices: ['eth0'], facts: null, strict: false, allow: none, conntrack: true };
  stageResidual(target, residualTexts(planWithinLimits(ruleset, options).plan), read).commit();
  return readFileSync(target, 'latin1');
}

/** How the files were read in the end. */
export const seen = { marked: 0, whole: 0 };

const hasMarks = ({ text, includes }: NftText): boolean =>
  text.includes(markSign) || includes.some(({ files }) => files.some(({ of }) => hasMarks(of)));

/** All that comes of a file: the ruleset, warnings and the residual, or what is wrong. */
export function made(file: string, read: readonly ReadFile[]): unknown {
  try {
    // A pipe is as old as its reading.
    const { ruleset, diagnostics } = readRuleset(read.map((one) => ({ ...one, takenAt: null })));
    seen[ruleset.inputs.some(({ isMarked, nft }) => isMarked && nft && hasMarks(nft)) ? 'marked' : 'whole']++;
    const tables = ruleset.tables.map(({ chains, family, name, span }) => {
      const rules = [...chains.values()].map((chain) =>
        chain.rules.map(({ id, span, text, parts }) => ({ id, span, text, parts })),
      );
      return { family, name, span, rules };
    });
    const inputs = ruleset.inputs.map(({ rules, sets, elements }) => ({ rules, sets, elements }));
    return {
      tables,
      sets: [...ruleset.sets],
      inputs,
      diagnostics,
      residual: residualOf(ruleset, read, `${file}.residual`),
    };
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
}

export const readWhole = (file: string): readonly ReadFile[] => readFiles([file], 1 << 20).read;
export const readMarked = (file: string, list: number, block: number): readonly ReadFile[] =>
  readFiles([file], 1 << 20, { whole: 64, list, block, again: true }).read;

const elements =
  '192.0.2.1, 192.0.2.8/30,\n\t\t\t198.51.100.1-198.51.100.9 , 203.0.113.0/24 timeout 1h expires 5m,\r\n 10.0.0.1';
export const small = `# elements = { 1.1.1.1, 2.2.2.2 }
define six = { 2001:db8::1, 2001:db8::2-2001:db8::5 }
table ip f {
\tset bad { type ipv4_addr; flags interval, timeout; elements = { ${elements} } ; comment "elements = { 9.9.9.9, 8.8.8.8 } # \u00e9"
\t} # "
\tchain input {
\t\ttype filter hook input priority filter; policy accept;
\t\tip saddr @bad drop
\t\tip saddr { 192.0.2.77, 192.0.2.79 } tcp dport 22 drop # \u00e9
\t\tip daddr 192.0.2.1 accept
\t}
}
table ip6 g { set s { type ipv6_addr; elements = $six }
\tchain c { type filter hook input priority 0; ip6 saddr @s drop; }
}
add element ip f bad { 192.0.2.99, 192.0.2.101, }
`;

/** With what is not plain, what is wrong, and what only looks like a list. */
export function randomText(random: Random): Buffer {
  const quad = (): string => `198.51.${random.below(3)}.${random.below(256)}`;
  const blank = (): string => random.pick([' ', '', '\n\t', '\r\n ', ' \t']);
  const strange = [
    '1.2.3.4 comment "}"',
    '# x, y\n 1.2.3.4',
    '22',
    '::1',
    '$x',
    '1.2.3.256',
    '1.2.3.4 counter',
    '{ }',
    '\u0001',
    '',
  ];
  const element = (): string =>
    random.chance(0.01) ? random.pick(strange) : random.pick([quad(), `${quad()}/31`, `${quad()} timeout 5m`]);
  const list = (): string =>
    `{${blank()}${Array.from({ length: random.between(1, 12) }, () => `${element()}${blank()}`).join(`,${blank()}`)}}`;
  const lines = [
    (): string => `table ip f {\n\tset s {\n\t\ttype ipv4_addr; flags interval, timeout; elements = ${list()}\n\t}\n}`,
    (): string =>
      `table ip f {\n\tset s${random.below(3)} { type ipv4_addr; flags interval, timeout\n elements = ${list()}; }\n}`,
    (): string =>
      `table ip f { chain c { type filter hook input priority 0; ip saddr @s drop; ip saddr ${list()} drop\n}\n}`,
    (): string => `add element ip f s ${list()}`,
    (): string => `define x = ${list()}`,
    (): string => `# elements = ${list()}`,
    (): string => `table ip f { comment "elements = ${list()}"; }`,
    (): string => `table ip f { elements = ${list()} }`,
    (): string => `table ip f { set s { what elements = ${list()} ; } }`,
    (): string => `table ip f { chain c { jump c; } }`,
    (): string => '# caf\u00e9 "',
    (): string => 'add element ip f s {',
  ];
  const last = random.chance(0.8) ? 7 : lines.length;
  const text = Array.from({ length: random.between(1, 8) }, () => lines[random.below(last)]!()).join('\n');
  const head = `table ip f { set s { type ipv4_addr; flags interval, timeout; } }\n`;
  return Buffer.from(head + text, random.chance(0.2) ? 'latin1' : 'utf8');
}
