// Builds what changed: grammar -> parsers, TypeScript -> dist/, bpf/ -> object files, the native addon.
// `node scripts/build.mjs [step...]`; --force builds even if nothing changed. The bpf and addon steps may fail: attaching then
// does not work, planning does; the failure is printed, and the exit code is 0 unless the step was asked for by name.
// Types are not checked here (`npm run check` does): that takes ten times as long as all of the rest of TypeScript -> dist/.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

/** Node's own headers, so that node-gyp has nothing to download. */
function nodeDirectory() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : [];
}

const bin = (name) => join('node_modules/.bin', name);

/** What a step reads decides whether it runs again; what it makes must be there. But for the grammar, which all need, they run side by side. */
const steps = {
  grammar: {
    needed: true,
    reads: ['grammar', 'package-lock.json'],
    makes: ['src/parse/generated'],
    run: () => command(process.execPath, ['grammar/build.mjs']),
  },
  dist: {
    needed: true,
    reads: ['src', 'tsconfig.json', 'package-lock.json', 'scripts/build.mjs', 'scripts/code-cache.mjs'],
    ignore: /native\/build|\.(cc|gyp|md)$/,
    makes: ['dist/src/cli/main.js', 'dist/command/main.js'],
    run: compileTypeScript,
  },
  bpf: {
    needed: false,
    reads: ['bpf'],
    ignore: /\.o$|\/build\//,
    makes: [],
    run: () => command('sh', ['bpf/build.sh']),
  },
  addon: {
    needed: false,
    reads: ['src/load/native', 'package-lock.json'],
    ignore: /native\/build|node_modules/,
    makes: ['src/load/native/build/Release'],
    run: () => command(bin('node-gyp'), ['rebuild', '-C', 'src/load/native', '--loglevel=error', ...nodeDirectory()]),
  },
};

async function command(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((done) => {
    child.on('error', (error) => done({ ok: false, output: String(error) }));
    child.on('close', (status) => done({ ok: status === 0, output }));
  });
}

/** Beside the old dist/ first: a command that runs meanwhile keeps its files, and a failure keeps the old build. */
async function compileTypeScript() {
  rmSync('build/dist', { recursive: true, force: true });
  const sources = files('src').filter((file) => file.endsWith('.ts'));
  const result = await command(bin('esbuild'), [
    ...sources,
    '--outdir=build/dist',
    '--outbase=.',
    '--platform=node',
    '--format=esm',
    '--target=node20.10',
    '--sourcemap',
    '--sources-content=false',
    '--log-level=error',
  ]);
  if (!result.ok) return result;
  // Schemas and generated parsers are read at run time but not written by it.
  for (const file of files('src')) {
    if (/\.(json|js|cjs)$/.test(file) && !file.includes('/native/')) {
      const target = join('build/dist', relative('.', file));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(file, target);
    }
  }
  const bundled = await bundleCommand('build/dist');
  if (!bundled.ok) return bundled;
  rmSync('build/dist.old', { recursive: true, force: true });
  if (existsSync('dist')) renameSync('dist', 'build/dist.old');
  renameSync('build/dist', 'dist');
  return result;
}

/**
 * The command as one file, which `main.js` runs: finding and opening three hundred modules costs more than planning a small ruleset.
 * `main.js` is also what the command starts when it starts itself.
 */
async function bundleCommand(dist) {
  const [script, cache] = [join(dist, 'command/command.cjs'), join(dist, 'command/command.cache')];
  const bundled = await command(bin('esbuild'), [
    join(dist, 'src/cli/start.js'),
    '--bundle',
    '--platform=node',
    '--format=cjs',
    '--target=node20',
    '--define:import.meta.url=ownUrl',
    '--banner:js=(function (require, module, ownUrl) {',
    '--footer:js=})',
    `--outfile=${script}`,
    '--log-level=error',
  ]);
  if (!bundled.ok) return bundled;
  // A string of one byte a letter is half as large, and read sooner. esbuild leaves letters of comments as they are.
  const escaped = readFileSync(script, 'utf8').replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(script, escaped);
  cpSync(join(dist, 'src/cli/launch.js'), join(dist, 'command/main.js'));
  return command(process.execPath, ['scripts/code-cache.mjs', script, cache]);
}

function files(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function fingerprint(step) {
  const hash = createHash('sha256').update(process.version);
  for (const file of step.reads.flatMap(files)) {
    if (step.ignore?.test(file)) continue;
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function isFresh(name) {
  const step = steps[name];
  const stamp = join('build', `${name}.stamp`);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint(step)) return false;
  return step.makes.every((made) => existsSync(made));
}

/** True unless the step had to run and failed. */
async function build(name, force) {
  if (!force && isFresh(name)) return true;
  const step = steps[name];
  const stamp = join('build', `${name}.stamp`);
  process.stderr.write(`build: ${name}\n`);
  // Before it runs: what changes meanwhile may not be in what it makes.
  const read = fingerprint(step);
  const { ok, output } = await step.run();
  mkdirSync('build', { recursive: true });
  if (ok) {
    writeFileSync(stamp, read);
    return true;
  }
  rmSync(stamp, { force: true });
  process.stderr.write(output.trimEnd() + '\n');
  process.stderr.write(
    step.needed ? `build: ${name} failed\n` : `build: ${name} failed: planning works, attaching (--dev) does not\n`,
  );
  return false;
}

/** Two test files may both find something stale: one builds, the other waits and finds it fresh. Released at exit. */
async function lock() {
  mkdirSync('build', { recursive: true });
  const file = 'build/lock';
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      process.on('exit', () => rmSync(file, { force: true }));
      return;
    } catch {
      if (!isAlive(Number(readFileSync(file, { encoding: 'utf8', flag: 'a+' })))) rmSync(file, { force: true });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function isAlive(pid) {
  try {
    // 0 (a lock that is being written) would be our own process group.
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const args = process.argv.slice(2);
const force = args.includes('--force');
const asked = args.filter((arg) => !arg.startsWith('-'));
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  process.stderr.write(`build: no step ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}\n`);
  process.exit(1);
}
const wanted = asked.length > 0 ? asked : Object.keys(steps);
if (!force && wanted.every(isFresh)) process.exit(0);
await lock();
const isGood = async (name) => (await build(name, force)) || (!steps[name].needed && asked.length === 0);
const hasGrammar = !wanted.includes('grammar') || (await isGood('grammar'));
const good = hasGrammar && (await Promise.all(wanted.filter((name) => name !== 'grammar').map(isGood)));
process.exit(good && good.every(Boolean) ? 0 : 1);
