/** `offload verify` with a program that is not what the ruleset says: exit code 4, and what is wrong. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { command, root } from '../command.js';
import { withNamespaces } from './namespace.js';

/** Each a program that compiles, loads and runs, and what is said of it. */
const faults = [
  {
    title: 'drops what a guard passes',
    line: '\tif (step->outcome != OUTCOME_DROP)\n\t\treturn pass(PASS_GUARD);\n',
    instead: '',
    said: /unsound: .*\n.*\n +program: +XDP_DROP\n.*\n.*\n +may match ip filter INPUT 1 .*--dport 22 -j LOG/,
  },
  {
    title: 'passes what it should drop',
    line: '\treturn drop(ctx, counter, p->length);\n',
    instead: '\treturn pass(PASS_NO_STEP);\n',
    said: /unfaithful: IPv4 203\.0\.113\..*\n +built for: ip filter INPUT 2\n +the plan's steps say drop, the program answers 2/,
  },
] as const;

const rules = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j LOG
-A INPUT -s 203.0.113.0/24 -j DROP
COMMIT
`;

/** The command with a program of its own beside it. */
function withFault(directory: string, { line, instead }: (typeof faults)[number]): string {
  const bpf = join(directory, 'bpf');
  cpSync(join(root, 'bpf'), bpf, { recursive: true });
  rmSync(join(bpf, 'prefilter-conntrack.bpf.c')); // which takes as long again to compile
  const file = join(bpf, 'prefilter.h');
  const whole = readFileSync(file, 'utf8');
  if (!whole.includes(line)) throw new Error('the line has changed: change this test');
  writeFileSync(file, whole.replace(line, instead));
  const script = join(bpf, 'build.sh');
  // Something is not used then.
  writeFileSync(script, readFileSync(script, 'utf8').replace('-Werror', ''));
  execFileSync(script, { stdio: 'ignore' });
  mkdirSync(join(directory, 'src/load/native'), { recursive: true });
  symlinkSync(join(root, 'src/load/native/build'), join(directory, 'src/load/native/build'));
  for (const name of ['package.json', 'dist/command'])
    cpSync(join(root, name), join(directory, name), { recursive: true });
  writeFileSync(join(directory, 'rules.v4'), rules);
  return join(directory, 'dist/command/main.js');
}

for (const fault of faults)
  test(`a program that ${fault.title} is refused`, async (t) => {
    await withNamespaces(t, async (net) => {
      const [ns, directory] = [net.namespace('host'), net.directory()];
      const verify = (of: string) =>
        net.exec(ns, process.execPath, [of, 'verify', join(directory, 'rules.v4')], { mayFail: true });
      const { code, stdout, stderr } = await verify(withFault(directory, fault));
      t.is(code, 4, `${stdout}${stderr}`);
      t.is(stdout, '');
      t.regex(
        stderr,
        /the loaded program is not what the ruleset says for \S+: [\d,]+ differences? in [\d,]+ frames?\. Nothing was attached\./,
      );
      t.regex(stderr, fault.said);
      t.is((await verify(command)).code, 0, 'the program as it is');
    });
  });
