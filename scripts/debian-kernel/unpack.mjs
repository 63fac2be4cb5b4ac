// Debian's packages, unpacked into a folder and not installed: the kernel that is booted is not this machine's business.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

/** What runs on this machine. */
export function installTools() {
  const tools = { 'qemu-system-x86': 'qemu-system-x86_64', 'busybox-static': 'busybox', cpio: 'cpio', xz: 'xz' };
  const missing = Object.entries(tools)
    .filter(([, command]) => !['/bin', '/usr/bin', '/usr/local/bin'].some((path) => existsSync(join(path, command))))
    .map(([name]) => (name === 'xz' ? 'xz-utils' : name));
  if (missing.length === 0) return;
  console.error(`debian-kernel: installing ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
}

/** `linux-image-amd64` is the name of the newest: what it depends on. */
export function newestKernel() {
  const depends = run('apt-cache', ['depends', '--important', 'linux-image-amd64']);
  const name = /Depends: (linux-image-[\w.+-]+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error('apt-cache does not know linux-image-amd64: run apt-get update');
  return name;
}

function unpack(packages, folder) {
  const download = mkdtempSync(join(tmpdir(), 'offload-debian-kernel-'));
  try {
    run('apt-get', ['download', '-qq', ...packages], { cwd: download });
    for (const file of readdirSync(download)) run('dpkg-deb', ['-x', join(download, file), folder]);
  } finally {
    rmSync(download, { recursive: true });
  }
}

/** Of the drivers, those that a virtual network is made of: the others are most of the package. */
function leaveOutDrivers(modules) {
  const drivers = join(modules, 'kernel/drivers');
  for (const name of readdirSync(drivers)) {
    if (!['net', 'virtio', 'char'].includes(name)) rmSync(join(drivers, name), { recursive: true });
  }
  for (const entry of readdirSync(join(drivers, 'net'), { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== 'bonding') rmSync(join(drivers, 'net', entry.name), { recursive: true });
  }
  rmSync(join(modules, 'kernel/sound'), { recursive: true, force: true });
}

/** The folder with the unpacked kernel, its modules indexed, and `modprobe` for it. Done once for each package. */
export function unpackKernel(name, root) {
  const folder = join(root, 'build/debian-kernel', name);
  if (existsSync(folder)) return folder;
  console.error(`debian-kernel: unpacking ${name}`);
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  unpack([name, 'kmod', 'libkmod2'], fresh);
  const [release] = readdirSync(join(fresh, 'lib/modules'));
  leaveOutDrivers(join(fresh, 'lib/modules', release));
  for (const tool of ['depmod', 'modprobe']) cpSync(join(fresh, 'bin/kmod'), join(fresh, 'bin', tool));
  kmod(fresh, 'depmod', ['-b', fresh, release]);
  const script = `#!/bin/sh\nLD_LIBRARY_PATH=${folder}/usr/lib/x86_64-linux-gnu exec ${folder}/bin/modprobe "$@"\n`;
  writeFileSync(join(fresh, 'modprobe'), script, { mode: 0o755 });
  renameSync(fresh, folder);
  return folder;
}

const kmod = (folder, tool, args) =>
  run(join(folder, 'bin', tool), args, {
    env: { ...process.env, LD_LIBRARY_PATH: join(folder, 'usr/lib/x86_64-linux-gnu') },
  });

/** What has to be loaded before the host's files are there, in that order. */
export function bootModules(folder) {
  const [release] = readdirSync(join(folder, 'lib/modules'));
  const wanted = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];
  const lines = wanted.flatMap((name) =>
    kmod(folder, 'modprobe', ['-d', folder, '-S', release, '--show-depends', name]).split('\n'),
  );
  return [...new Set(lines.map((line) => /^insmod (\S+)/.exec(line)?.[1]).filter((path) => path !== undefined))];
}

/** Copies a module to `to`, as busybox can load it. */
export function copyModule(path, to) {
  const name = basename(path);
  if (!name.endsWith('.xz')) cpSync(path, join(to, name));
  else writeFileSync(join(to, name.slice(0, -3)), execFileSync('xz', ['-dc', path], { maxBuffer: 64 << 20 }));
}
