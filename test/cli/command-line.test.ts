/** Exit codes, streams and messages of the command itself, run as a process. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import hostSchema from '../../src/cli/host-file.schema.json' with { type: 'json' };
import schema from '../../src/plan/plan.schema.json' with { type: 'json' };
import { command } from '../command.js';
import { offload, root } from '../samples/sample-runs.js';

const rules = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.1/32 -j DROP\nCOMMIT\n';

const scratch = mkdtempSync(join(tmpdir(), 'offload-cli-'));
test.after.always(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

test('a ruleset is planned from any folder, without --dev', (t) => {
  const path = file('plain.v4', rules);
  const { status, stdout, stderr } = offload([path], '/');
  t.is(status, 0, stderr);
  t.regex(stdout, /^Plan for eth0\n/);
  t.regex(stdout, /ip filter INPUT 1 {2}-s 192\.0\.2\.1\/32 -j DROP/);
  t.is(stderr, '');
});

test('- is standard input', (t) => {
  const { status, stdout, stderr } = offload(['-', '--format', 'json'], scratch, rules);
  t.is(status, 0, stderr);
  const plan: unknown = JSON.parse(stdout);
  t.true(new Ajv({ allowUnionTypes: true }).compile(schema)(plan));
  t.is((plan as { inputs: { file: string }[] }).inputs[0]?.file, '-');
});

/** The two texts as they are named, the one in a file and the other at standard input; both longer than what is held as a whole. */
const long: readonly (readonly [name: string, text: string])[] = [
  ['sets.ipset', `create bad hash:ip\n${'add bad 192.0.2.1\n'.repeat(500_000)}`],
  [
    'sets.nft',
    `table ip f {\n\tset bad {\n\t\ttype ipv4_addr\n\t\telements = { ${'198.51.100.7, '.repeat(620_000)}192.0.2.1 }\n\t}\n` +
      '\tchain in {\n\t\ttype filter hook input priority 0\n\t\tip saddr @bad drop\n\t\tip saddr 192.0.2.9 reject\n\t}\n}\n',
  ],
];

for (const [name, text] of long) {
  test(`a long ${name} at standard input is what it is as a file`, (t) => {
    const middle = text.indexOf(' ', text.length / 2);
    const texts = [text, `${text.slice(0, middle)} what?${text.slice(middle)}`, text.slice(0, -20)];
    for (const [i, content] of texts.entries()) {
      const path = file(name, content);
      const both = [path, '-'].map((input) => {
        const target = join(scratch, `${name}.residual`);
        const rules = file('of-sets.v4', '*filter\n-A INPUT -m set --match-set bad src -j DROP\nCOMMIT\n');
        const others = name === 'sets.nft' ? [] : [rules];
        const args = [...others, input, '--format', 'json', '--residual', target];
        const { status, stdout, stderr } = offload(args, scratch, input === '-' ? content : '');
        const residual = status === 0 ? createHash('sha256').update(readFileSync(target)).digest('hex') : null;
        // A pipe is as old as its reading.
        const plan = [stdout, stderr].map((said) => said.replaceAll(path, '-').replaceAll(/as of [^)]*/g, 'as of'));
        return { status, plan, residual };
      });
      if (i < 2) t.is(both[0]!.status, i === 0 ? 0 : 2, both[0]!.plan[1]);
      t.deepEqual(both[1], both[0]);
    }
  });
}

const usage: readonly (readonly [string, readonly string[]])[] = [
  ['no ruleset', []],
  ['an unknown option', ['--frobnicate', 'x']],
  ['an unknown format', ['x', '--format', 'yaml']],
  ['an unknown mode', ['x', '--mode', 'offloaded']],
  ['a device name that is none', ['x', '--dev', 'a/b']],
  ['an option without its value', ['x', '--dev']],
  ['--dry-run without --dev', ['x', '--dry-run']],
  ['detach without --dev', ['detach']],
];

for (const [title, args] of usage) {
  test(`usage: ${title}`, (t) => {
    const { status, stdout, stderr } = offload(args);
    t.is(status, 1, stderr);
    t.is(stdout, '');
    t.regex(stderr, /^offload: /);
  });
}

test('--help and --version are reports', (t) => {
  const help = offload(['--help']);
  t.is(help.status, 0);
  t.regex(help.stdout, /--residual/);
  t.is(help.stderr, '');
  t.regex(offload(['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('input: missing, directory, binary and cut short', (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(scratch, 'missing.v4'), /missing\.v4: error\[unreadable\]: there is no such file/],
    [scratch, /error\[unreadable\]: is a directory/],
    [
      file(
        'binary',
        new Uint8Array(4096).map((_, i) => (i * 7919) & 255),
      ),
      /error\[/,
    ],
    [file('empty', ''), /error\[/],
    [file('cut.v4', rules.replace('COMMIT\n', '')), /cut\.v4:\d+:\d+: error\[missing-commit\]/],
    [file('wrong.v4', rules.replace('-A INPUT', '-A "INPUT')), /wrong\.v4:3:\d+: error\[syntax\]/],
  ];
  for (const [path, message] of cases) {
    const { status, stdout, stderr } = offload([path]);
    t.is(status, 2, `${path}: ${stderr}`);
    t.is(stdout, '', path);
    t.regex(stderr, message);
  }
});

test('input: every unreadable file is named', (t) => {
  const { status, stderr } = offload([join(scratch, 'no1'), join(scratch, 'no2')]);
  t.is(status, 2);
  t.regex(stderr, /no1: error.*\n.*no2: error/);
});

test('input: escape sequences in names and rules are not printed raw', (t) => {
  const path = file('evil.v4', rules.replace('-j DROP', '-m comment --comment "\u001b]0;x\u0007" -j DROP'));
  const wrong = file('wrong-evil.v4', rules.replace('-s 192.0.2.1/32', '--\u001b[31mno'));
  for (const { stdout, stderr } of [offload([path]), offload([wrong]), offload(['\u001b[31m'])]) {
    t.false(`${stdout}${stderr}`.includes('\u001b'));
  }
});

test('host facts: not JSON, and JSON of something else', (t) => {
  const path = file('h.v4', rules);
  const broken = offload([path, '--host', file('broken.json', '{')]);
  t.is(broken.status, 2);
  t.regex(broken.stderr, /broken\.json: not JSON/);
  const other = offload([path, '--host', file('other.json', '{"forwarding": {"ip": "yes", "ip6": null}}')]);
  t.is(other.status, 2);
  t.regex(other.stderr, /\/forwarding\/ip must be/);
});

test('input: more than --max-input is refused, of all inputs together and of a pipe', (t) => {
  const padded = (name: string): string => file(name, `${rules}${'# padding\n'.repeat(60_000)}`);
  const [one, two] = [padded('padded.v4'), padded('padded2.v4')];
  t.is(offload([one, '--max-input', '1']).status, 0);
  const tooMuch = /is more than the 1\.0 MiB that all inputs may have; raise --max-input/;
  const together = offload([one, two, '--max-input', '1']);
  t.is(together.status, 2);
  t.regex(together.stderr, /padded2\.v4/);
  t.regex(together.stderr, tooMuch);
  const pipe = offload(['-', '--max-input', '1'], scratch, `${rules}${'# padding\n'.repeat(120_000)}`);
  t.is(pipe.status, 2);
  t.regex(pipe.stderr, tooMuch);
  const replayed = offload(['replay', one, two, '/dev/null', '--max-input', '1']);
  t.is(replayed.status, 2);
  t.regex(replayed.stderr, tooMuch);
  for (const value of ['0', '512', '1.5', 'x']) t.is(offload([one, '--max-input', value]).status, 1, value);
});

test('input: a snapshot nested without end is no crash', (t) => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const { status, stderr } = offload([file('deep.json', `{"snapshotVersion":1,"host":${nested}}`)]);
  t.is(status, 2, stderr);
  t.regex(stderr, /deep\.json: no snapshot/);
  t.is(offload([file('deep.v4', rules), '--host', file('deep-host.json', nested)]).status, 2);
});

test('snapshot --facts-only needs no privilege, is what its schema says, and serves as --host', (t) => {
  const { status, stdout, stderr } = offload(['snapshot', '--facts-only']);
  t.is(status, 0, stderr);
  const valid = new Ajv({ allowUnionTypes: true }).compile(hostSchema);
  t.true(valid(JSON.parse(stdout)), JSON.stringify(valid.errors));
  const planned = offload([file('facts.v4', rules), '--host', file('facts.json', stdout)]);
  t.is(planned.status, 0, planned.stderr);
});

test('the residual is written, and never over its ruleset', (t) => {
  const path = file('r.v4', rules);
  const target = join(scratch, 'residual.v4');
  t.is(offload([path, '--residual', target]).status, 0);
  t.notRegex(readFileSync(target, 'utf8'), /^-A INPUT -s 192/m);
  symlinkSync(path, join(scratch, 'link.v4'));
  for (const over of [path, join(scratch, 'link.v4')]) {
    const { status, stderr } = offload([path, '--residual', over]);
    t.is(status, 1);
    t.regex(stderr, /would overwrite the ruleset/);
  }
  t.is(readFileSync(path, 'utf8'), rules);
});

test('two rulesets leave two residuals in a directory', (t) => {
  const [a, b] = [file('two.v4', rules), file('two.v6', rules.replace('192.0.2.1/32', '2001:db8::1/128'))];
  t.is(offload([a, b, '--residual', join(scratch, 'one-file')]).status, 1);
  mkdirSync(join(scratch, 'dir'));
  const { status, stderr } = offload([a, b, '--residual', join(scratch, 'dir')]);
  t.is(status, 0, stderr);
  t.regex(readFileSync(join(scratch, 'dir/two.v6'), 'utf8'), /^\*filter/);
});

test('a residual of bytes that are no UTF-8 keeps them', (t) => {
  const bytes = Buffer.from(
    rules.replace('INPUT -s', 'INPUT -m comment --comment "caf\u00e9" -s') +
      rules
        .replace('filter', 'raw')
        .replaceAll('INPUT', 'PREROUTING')
        .replace('-j DROP', '-m comment --comment "\u00e9" -j ACCEPT'),
    'latin1',
  );
  const target = join(scratch, 'latin1.out');
  const { status, stderr } = offload([file('latin1.v4', bytes), '--residual', target]);
  t.is(status, 0, stderr);
  t.true(readFileSync(target).includes(0xe9));
});

test('a closed pipe ends quietly', (t) => {
  const path = file('long.v4', rules.replace(/(-A.*\n)/, '$1'.repeat(20_000)));
  const main = `${process.execPath} ${command}`;
  const { stdout, stderr } = spawnSync('sh', ['-c', `${main} ${path} --format json | head -n 1`], { encoding: 'utf8' });
  t.is(stdout, '{\n');
  t.is(stderr, '');
});

test('bin/offload works through a link, and says what to do when it is not set up', (t) => {
  const copy = join(scratch, 'checkout');
  mkdirSync(join(copy, 'bin'), { recursive: true });
  execFileSync('cp', [join(root, 'bin/offload'), join(copy, 'bin/offload')]);
  symlinkSync(join(copy, 'bin/offload'), join(scratch, 'offload'));
  const { status, stderr } = spawnSync(join(scratch, 'offload'), ['x'], { encoding: 'utf8', cwd: '/' });
  t.is(status, 3);
  t.is(stderr, `offload: not set up yet: run ${copy}/setup\n`);
});
