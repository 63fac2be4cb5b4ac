// A virtual machine on the files of this one: they are read by 9p, and what is written stays in its memory.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bootModules, copyModule } from './unpack.mjs';

const own = import.meta.dirname;

function makeInitramfs(folder) {
  const root = join(folder, 'initramfs');
  rmSync(root, { recursive: true, force: true });
  for (const directory of ['bin', 'modules', 'proc', 'dev']) mkdirSync(join(root, directory), { recursive: true });
  cpSync(execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(), join(root, 'bin/busybox'));
  cpSync(join(own, 'init.sh'), join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  const staging = join(folder, 'module');
  bootModules(folder).forEach((path, i) => {
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging);
    copyModule(path, staging);
    const [name] = readdirSync(staging);
    // They are loaded in the order of their names.
    renameSync(join(staging, name), join(root, 'modules', `${String(i).padStart(2, '0')}-${name}`));
  });
  rmSync(staging, { recursive: true, force: true });
  const file = join(folder, 'initrd');
  execFileSync('sh', ['-c', `find . | cpio -o -H newc --quiet >"$0"`, file], { cwd: root, stdio: 'inherit' });
  return file;
}

/** The device alone says nothing: it may be there on a processor that cannot. */
const accelerator = () =>
  existsSync('/dev/kvm') && /^flags.* (vmx|svm) /m.test(readFileSync('/proc/cpuinfo', 'utf8'))
    ? '-accel kvm'
    : '-accel tcg';

/**
 * Boots, runs the shell script there as root and switches off; what the script prints comes as lines. Kernel messages are in
 * FOLDER/kernel.log. By emulation unless there is KVM: everything takes ten to thirty times as long.
 */
export function boot(folder, script, { memory = '3G', minutes = 60 } = {}) {
  cpSync(join(own, 'guest.sh'), join(folder, 'guest.sh'));
  writeFileSync(join(folder, 'job.sh'), script);
  const [kernel] = readdirSync(join(folder, 'boot')).filter((name) => name.startsWith('vmlinuz'));
  const options = `${accelerator()} -cpu max -smp 1 -m ${memory} -nodefaults -no-reboot -display none -device virtio-rng-pci`;
  const child = spawn(
    'timeout',
    [
      `${minutes}m`,
      'qemu-system-x86_64',
      ...options.split(' '),
      '-kernel',
      join(folder, 'boot', kernel),
      '-initrd',
      makeInitramfs(folder),
      '-append',
      `console=ttyS0 panic=-1 quiet offload.directory=${folder}`,
      '-serial',
      `file:${join(folder, 'kernel.log')}`,
      '-serial',
      'stdio',
      '-virtfs',
      'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const stop = () => child.kill();
  process.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { lines: createInterface({ input: child.stdout }), ended };
}
