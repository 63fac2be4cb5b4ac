/** Debian packages that only the benchmark needs. What `./setup` installs is there already. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Debian asks it before a package starts a service: nginx must not serve anybody because it is measured here. */
const policy = '/usr/sbin/policy-rc.d';

/** Installs what is missing of `wanted`, as root; returns what is not here in the end. */
export function installPackages(wanted: readonly string[], tell: (text: string) => void): string[] {
  const lacking = missing(wanted);
  if (lacking.length === 0 || process.getuid?.() !== 0) return lacking;
  tell(`installing ${lacking.join(' ')}`);
  withoutServices(() => {
    aptGet(['update', '-qq'], tell);
    aptGet(['install', '-qq', '-y', '--no-install-recommends', ...lacking], tell);
  });
  return missing(lacking);
}

function withoutServices(body: () => void): void {
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    body();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function aptGet(args: readonly string[], tell: (text: string) => void): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
  if (status !== 0) tell(`apt-get ${args[0] ?? ''} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

function missing(wanted: readonly string[]): string[] {
  return wanted.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name], { encoding: 'utf8' });
    return stdout !== 'installed';
  });
}
