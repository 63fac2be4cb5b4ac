/** The machine that measured, as a reader needs it to judge the figures. Names of hosts and users are nobody's business. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly caches: string;
  /** GiB. */
  readonly memory: number;
  readonly kernel: string;
  readonly system: string;
  /** Average over the last minute. */
  readonly load: number;
  /** Of the programs that took part, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(packages: readonly string[]): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: cpus().length,
    caches: caches(),
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf('/etc/os-release'))?.[1] ?? 'unknown',
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    versions: versions(packages),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function caches(): string {
  const found = [0, 1, 2, 3].flatMap((index) => {
    const of = (name: string): string => textOf(`/sys/devices/system/cpu/cpu0/cache/index${index}/${name}`).trim();
    return of('type') === 'Instruction' || of('size') === '' ? [] : [`L${of('level')} ${of('size')}`];
  });
  return found.join(', ') || 'unknown';
}

function versions(packages: readonly string[]): Record<string, string> {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${Package} ${Version}\n', ...packages], { encoding: 'utf8' });
  const known = [...stdout.matchAll(/^(\S+) (\S+)$/gm)].map(([, name, version]) => [name!, version!] as const);
  return { node: process.version.slice(1), ...Object.fromEntries(known) };
}

/** Short hash, with `+` for changes that are not committed. */
export function commit(): string {
  const git = (...args: string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout.trim();
  const hash = git('rev-parse', '--short=12', 'HEAD');
  if (hash === '') return 'unknown';
  return git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs', ':!README.md') === ''
    ? hash
    : `${hash}+`;
}
