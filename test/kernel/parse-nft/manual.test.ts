/** The nft manual, construct by construct, read by nft of this machine and by us; files that nft refuses, too. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { InputError, type Diagnostic } from '../../../src/diagnostic.js';
import { parseNft } from '../../../src/parse/nft/parse-nft.js';
import { printNft } from '../../../src/parse/nft/print-nft.js';
import { withoutPlaces } from '../../parse/nft/without-places.js';
import { withNamespaces, type Net } from '../namespace.js';
import { commands, included } from './manual/commands.js';
import type { Construct } from './manual/construct.js';
import { declarations } from './manual/declarations.js';
import { expressions } from './manual/expressions.js';
import { newer } from './manual/newer.js';
import { statements } from './manual/statements.js';
import { wrong } from './manual/wrong.js';

const constructs: readonly Construct[] = [...declarations, ...commands, ...expressions, ...statements];

/**
 * `accepted`; `beyond`: read, but its meaning, the kernel's configuration or this host stand against it; `syntax`: not read; `crashed`.
 */
type Answer = 'accepted' | 'beyond' | 'syntax' | 'crashed';
interface Checked {
  readonly answer: Answer;
  readonly stderr: string;
}

/** What `nft -c -f` says of each text; one process starts them all, in turn. */
async function check(net: Net, directory: string, texts: readonly string[]): Promise<readonly Checked[]> {
  const ns = net.namespace('manual');
  net.veth(ns, 'eth0', ns, 'eth1');
  texts.forEach((text, i) => writeFileSync(join(directory, `${i}.nft`), text));
  const script = `cd ${directory}; i=0; while [ $i -lt ${texts.length} ]; do nft -I . -c -f $i.nft >/dev/null 2>$i.err; echo $?; i=$((i+1)); done`;
  const { stdout } = await net.exec(ns, 'sh', ['-c', script], { timeout: 600_000 });
  return stdout
    .trim()
    .split('\n')
    .map((code, i) => {
      const stderr = readFileSync(join(directory, `${i}.err`), 'utf8');
      if (code === '0') return { answer: 'accepted', stderr };
      if (!stderr.includes('Error: ')) return { answer: 'crashed', stderr };
      return { answer: stderr.includes('Error: syntax error') ? 'syntax' : 'beyond', stderr };
    });
}

/** The first complaint, errors before warnings; null when all was understood. */
function complaint(text: string, includeRoot?: string): Diagnostic | null {
  try {
    const tree = parseNft(text, 'x.nft', includeRoot === undefined ? {} : { includeRoot });
    return tree.diagnostics[0] ?? null;
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics[0] ?? null;
    throw error;
  }
}

const place = ({ span }: Diagnostic): string => `${span.line}:${span.column}`;

test.serial('what nft accepts is read, with nothing left opaque', async (t) => {
  await withNamespaces(t, async (net) => {
    const directory = net.directory();
    for (const [name, text] of Object.entries(included)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const answers = await check(
      net,
      directory,
      constructs.map(({ text }) => text),
    );
    const counts: Record<Answer, number> = { accepted: 0, beyond: 0, syntax: 0, crashed: 0 };
    constructs.forEach(({ section, text }, i) => {
      const { answer, stderr } = answers[i]!;
      counts[answer]++;
      t.true(answer === 'accepted' || answer === 'beyond', `${section}: nft does not read this\n${text}${stderr}`);
      const found = complaint(text, directory);
      t.is(found, null, `${section}: ${found?.message}\n${text}`);
      const tree = parseNft(text, 'x.nft', { includeRoot: directory });
      const again = parseNft(printNft(tree), 'x.nft', { includeRoot: directory });
      t.deepEqual(withoutPlaces(again), withoutPlaces(tree), `${section}\n${text}`);
    });
    // Or the table says nothing about what is accepted.
    t.true(counts.accepted > constructs.length * 0.9, JSON.stringify(counts));
    t.log(
      `${constructs.length} constructs, ${counts.accepted} accepted, ${counts.beyond} read by nft and refused later`,
    );
  });
});

test.serial('what we print of it nft accepts', async (t) => {
  await withNamespaces(t, async (net) => {
    // Every third: a process each.
    const some = constructs.filter((_, i) => i % 3 === 0).filter(({ section }) => section !== 'included files');
    const directory = net.directory();
    const answers = await check(
      net,
      directory,
      some.flatMap(({ text }) => [text, printNft(parseNft(text, 'x.nft'))]),
    );
    some.forEach(({ section, text }, i) => {
      const [original, printed] = [answers[2 * i]!, answers[2 * i + 1]!];
      t.is(
        printed.answer,
        original.answer,
        `${section}\n${text}\n${printNft(parseNft(text, 'x.nft'))}${printed.stderr}`,
      );
    });
  });
});

test('what later versions of nft know is read as well', (t) => {
  for (const { section, text } of newer) t.is(complaint(text), null, `${section}\n${text}`);
});

test.serial('what nft refuses for its syntax is refused or kept with a warning, at the same place', async (t) => {
  await withNamespaces(t, async (net) => {
    const answers = await check(
      net,
      net.directory(),
      wrong.map(({ text }) => text),
    );
    wrong.forEach(({ text, at, severity, elsewhere }, i) => {
      const { answer, stderr } = answers[i]!;
      t.is(answer, 'syntax', `${text}${stderr}`);
      const found = complaint(text);
      if (!found) return t.fail(`not seen: ${text}`);
      t.deepEqual([place(found), found.severity], [at, severity], `${text}${found.message}\n${stderr}`);
      t.regex(found.message, /expected|closes nothing|never closed|unexpected/);
      const theirs = /:(\d+:\d+)-\d+: Error/.exec(stderr)?.[1];
      t.is(theirs === at, elsewhere === undefined, `nft points to ${theirs}: ${text}${stderr}`);
    });
  });
});
