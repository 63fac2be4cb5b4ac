/**
 * Private network namespaces for the kernel tests. Everything made here is named `ofl-<pid>-…` and is gone at the end of the test,
 * also when it fails or is interrupted; leftovers of runs that were killed outright are swept by the next one.
 *
 * Commands enter a namespace by `nsenter --net`: unlike `ip netns exec` that keeps the mounts, so BPF pins stay visible.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled } from './bundle.js';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to the standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Return instead of throwing when the command fails. */
  readonly mayFail?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed; five minutes unless given. */
  readonly timeout?: number;
}

export interface Net {
  /** Makes a namespace (loopback up) and returns its name. */
  readonly namespace: (label?: string) => string;
  /** Makes a veth pair between two namespaces, both ends up, without IPv6 autoconfiguration delays. */
  readonly veth: (a: string, deviceA: string, b: string, deviceB: string) => void;
  /** Runs a command in a namespace; throws with its stderr when it fails. */
  readonly exec: (ns: string, command: string, args?: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** Runs a TypeScript file (path from the repository root) by node in a namespace. */
  readonly node: (ns: string, script: string, args?: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** Starts a command in a namespace; it is killed at the end of the test if it still runs. */
  readonly start: (ns: string, command: string, args?: readonly string[], options?: RunOptions) => ChildProcess;
  /** Index of a device in its namespace. */
  readonly ifindex: (ns: string, device: string) => number;
  /** A fresh directory, removed at the end. */
  readonly directory: () => string;
  /** A fresh bpffs of its own, unmounted at the end. */
  readonly bpffs: () => string;
  /** Runs at the end, last registered first. Must be synchronous. */
  readonly cleanup: (undo: () => void) => void;
}

export const repository = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const prefix = `ofl-${process.pid}-`;
/** Without npm's own directories: a package there calls its command `nft`, and it exits 0 whatever it is told. */
export const systemPath = (process.env['PATH'] ?? '')
  .split(':')
  .filter((directory) => !directory.includes('node_modules'))
  .join(':');
const live = new Set<Net & { readonly dispose: () => void }>();
let serial = 0;
let guarded = false;

/** Kernel tests need root; without it a test must say so rather than pass quietly. */
export const isRoot = process.getuid?.() === 0;

/** Calls `body` with an empty network; takes everything down afterwards. `t` may be any ava context, it is only logged to. */
export async function withNamespaces<T>(
  t: { log: (...values: string[]) => void },
  body: (net: Net) => Promise<T>,
): Promise<T> {
  if (!isRoot) throw new Error('kernel tests need root');
  guard();
  const net = createNet();
  live.add(net);
  try {
    return await body(net);
  } finally {
    live.delete(net);
    try {
      net.dispose();
    } catch (error) {
      t.log(`clean-up failed: ${String(error)}`);
    }
  }
}

function createNet(): Net & { readonly dispose: () => void } {
  const undos: (() => void)[] = [];
  const cleanup = (undo: () => void): void => void undos.push(undo);

  const namespace = (label = 'ns'): string => {
    const name = `${prefix}${serial++}-${label}`;
    run('ip', ['netns', 'add', name]);
    cleanup(() => run('ip', ['netns', 'del', name]));
    run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    return name;
  };
  const veth = (a: string, deviceA: string, b: string, deviceB: string): void => {
    run('ip', ['link', 'add', deviceA, 'netns', a, 'type', 'veth', 'peer', 'name', deviceB, 'netns', b]);
    for (const [ns, device] of [
      [a, deviceA],
      [b, deviceB],
    ] as const) {
      run('nsenter', [`--net=/run/netns/${ns}`, 'sh', '-c', `echo 0 > /proc/sys/net/ipv6/conf/${device}/accept_dad`]);
      run('ip', ['-n', ns, 'link', 'set', device, 'up']);
    }
  };
  const start: Net['start'] = (ns, command, args = [], options = {}) => {
    const child = spawn('nsenter', [`--net=/run/netns/${ns}`, command, ...args], {
      cwd: repository,
      env: { ...process.env, PATH: systemPath, ...options.env },
      timeout: options.timeout ?? 300_000,
      killSignal: 'SIGKILL',
    });
    cleanup(() => child.kill('SIGKILL'));
    return child;
  };
  const exec: Net['exec'] = (ns, command, args = [], options = {}) =>
    finish(start(ns, command, args, options), command, args, options);
  const directory = (): string => {
    const path = mkdtempSync(join(tmpdir(), prefix));
    cleanup(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };
  const bpffs = (): string => {
    const path = mkdtempSync(join(tmpdir(), prefix));
    run('mount', ['-t', 'bpf', 'bpf', path]);
    cleanup(() => {
      run('umount', ['--lazy', path]);
      rmdirSync(path);
    });
    return path;
  };
  return {
    namespace,
    veth,
    exec,
    start,
    directory,
    bpffs,
    cleanup,
    node: (ns, script, args = [], options = {}) =>
      exec(ns, process.execPath, [bundled(repository, script), ...args], options),
    ifindex: (ns, device) =>
      Number(run('nsenter', [`--net=/run/netns/${ns}`, 'ip', '-o', 'link', 'show', 'dev', device]).split(':')[0]),
    dispose: () => {
      const failures: unknown[] = [];
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
        try {
          undo();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

function finish(child: ChildProcess, command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((done, fail) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => undefined); // the command may exit before it has read everything
    child.stdin?.end(options.input ?? '');
    child.on('error', fail);
    child.on('close', (code, signal) => {
      const finished = { code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
      if (code === 0 || options.mayFail === true) done(finished);
      else
        fail(
          new Error(`${command} ${args.join(' ')} failed (${signal ?? code}):\n${finished.stderr}${finished.stdout}`),
        );
    });
  });
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${status}): ${stderr}`);
  return stdout;
}

/** Cleans up on every way out of the process that runs code, and sweeps what dead test processes left. */
function guard(): void {
  if (guarded) return;
  guarded = true;
  sweep();
  const disposeAll = (): void => {
    for (const net of live) {
      live.delete(net);
      try {
        net.dispose();
      } catch {
        // the next run sweeps
      }
    }
  };
  process.on('exit', disposeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      disposeAll();
      process.exit(130);
    });
  }
}

function sweep(): void {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names) {
    const pid = /^ofl-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) spawnSync('ip', ['netns', 'del', name]);
  }
  for (const name of readdirSync(tmpdir())) {
    const pid = /^ofl-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    spawnSync('umount', ['--lazy', join(tmpdir(), name)]);
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
