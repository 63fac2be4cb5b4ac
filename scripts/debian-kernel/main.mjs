// Tests on a kernel that Debian ships, in a virtual machine: `npm run test:debian-kernel [-- [--kernel PACKAGE] [TEST...]]`. PACKAGE is any
// linux-image-… that apt can download, by default the newest of this Debian; TEST a test file in place of those chosen here.
// Last line: "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { dirname, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleTests } from '../bundle-tests.mjs';
import { tellTap } from '../tap.mjs';
import { boot } from './machine.mjs';
import { installTools, newestKernel, unpackKernel } from './unpack.mjs';

/** What the verifier has to accept, what the kernel is asked for, and what it answers; each of them in less than a few minutes there. */
const chosen = [
  'debian-kernel/before.check',
  'debian-kernel/conntrack-module.check',
  'debian-kernel/samples.check',
  'debian-kernel/vlan.check',
  'debian-kernel/vlan-events.check',
  'debian-kernel/vlan-tap.check',
  'debian-kernel/vlan-through.check',
  'debian-kernel/vlan-watch.check',
  'kernel/counters.test',
  'kernel/dataplane.test',
  'kernel/counted-buckets.test',
  'kernel/dataplane-lists.test',
  'kernel/dataplane-traps.test',
  'kernel/expiry.test',
  'kernel/lease.test',
  'kernel/samples.test',
  'kernel/simulate.test',
  'kernel/source.test',
  'kernel/conntrack/established.test',
  'kernel/conntrack/states.test',
  'kernel/command.test',
  'kernel/verify.test',
  'kernel/watch/live.test',
].map((name) => `test/${name}.ts`);

const root = dirname(dirname(import.meta.dirname));
process.chdir(root);
const { values, positionals } = parseArgs({ options: { kernel: { type: 'string' } }, allowPositionals: true });

if (process.getuid?.() !== 0) {
  console.error(
    'debian-kernel: run it as root: the virtual machine reads the files of this one, and packages are installed',
  );
  process.exit(1);
}
installTools();
const folder = unpackKernel(values.kernel ?? newestKernel(), root);
spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const files = positionals.length > 0 ? positionals.map((file) => relative(root, file)) : chosen;
const bundles = await bundleTests(files, 'build/debian-suite');

const quoted = bundles.map((file) => `'${file}'`).join(' ');
const { lines, ended } = boot(
  folder,
  `cd '${root}'
uname -srv | sed 's/^/# /'
rm -rf build/test
export OFFLOAD_SUITE=1
'${process.execPath}' node_modules/.bin/ava --config=scripts/debian-kernel/suite.config.mjs --tap ${quoted} && echo '# ava ended'
`,
);
let told = false;
async function* watched() {
  for await (const line of lines) {
    if (/^# (Linux|ava)/.test(line)) console.log(line);
    if (line === '# ava ended') told = true;
    yield line;
  }
}
const count = await tellTap(watched());
await ended;
if (!told && count.failed === 0) {
  console.log(`not ok - the tests did not end: see ${folder}/kernel.log`);
  count.failed = 1;
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 ? 0 : 1);
