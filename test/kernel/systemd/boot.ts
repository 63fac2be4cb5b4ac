/**
 * A system that boots: systemd as the first process of namespaces of its own (processes, mounts, network, IPC, host name, control groups),
 * on an overlay over this machine's root. Nothing of it is seen outside, and all of it goes with its first process.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from '../namespace.js';

/** Where the repository is in that system. */
export const checkout = '/opt/offload';

/** A unit that does to the network, by these commands, what ifupdown or networkd do in a real system. */
export const networkService = (commands: string): string => `[Unit]
DefaultDependencies=no
After=network-pre.target
Wants=network.target network-online.target
Before=network.target network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '${commands}'
`;

export interface System {
  /** Files of that system, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Run by the shell before the first process starts: devices are made here. */
  readonly before: string;
  /** Run by the shell when all units are there; what it leaves in /results comes back. Ends the system when it returns. */
  readonly script: string;
  /** Units that the boot wants. */
  readonly wants: readonly string[];
}

/** What the script left in /results, by file name, and `journal`. Throws when the system has not come to its end. */
export async function boot(system: System): Promise<ReadonlyMap<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'ofl-boot-'));
  try {
    const [files, results] = [join(directory, 'files'), join(directory, 'results')];
    mkdirSync(results);
    for (const [path, text] of Object.entries({ ...system.files, ...ownFiles(system) })) {
      mkdirSync(join(files, dirname(path)), { recursive: true });
      writeFileSync(join(files, path), text, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
    }
    writeFileSync(join(directory, 'start.sh'), start(directory, system.before));
    mkdirSync(join(directory, 'cgroup'));
    await firstProcess(directory);
    if (!existsSync(join(results, 'ended'))) throw new Error(`the system did not end by itself:\n${readAll(results)}`);
    const names = execFileSync('ls', [results], { encoding: 'utf8' }).split('\n').filter(Boolean);
    return new Map(names.map((name) => [name, readFileSync(join(results, name), 'utf8')]));
  } finally {
    removeGroup(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

const readAll = (results: string): string =>
  execFileSync('sh', ['-c', 'cd "$0" && tail -n 50 -- * 2>/dev/null || true', results], { encoding: 'utf8' });

const ownFiles = ({ script, wants }: System): Readonly<Record<string, string>> => ({
  '/etc/systemd/system/test.target': `[Unit]\nWants=${[...wants, 'test.service'].join(' ')}\n`,
  '/etc/systemd/system/test.service': `[Unit]
DefaultDependencies=no
After=${wants.join(' ')}
[Service]
Type=oneshot
TimeoutStartSec=300
ExecStart=/test.sh
`,
  '/test.sh': `#!/bin/sh
cd /results
exec >output 2>&1
set -x
${script}
journalctl --no-pager -o cat >journal 2>&1
touch ended
systemctl --force --force poweroff
`,
});

/** What would set up the machine: kernel settings, devices and binary formats are not of this system alone. */
const masked = [
  'systemd-sysctl.service',
  'systemd-modules-load.service',
  'systemd-udevd.service',
  'systemd-udevd-kernel.socket',
  'systemd-udevd-control.socket',
  'systemd-udev-trigger.service',
  'systemd-binfmt.service',
  'proc-sys-fs-binfmt_misc.automount',
  'systemd-random-seed.service',
  'systemd-update-utmp.service',
];

const start = (directory: string, before: string): string => `set -e
mount --make-rprivate /
mkdir ${directory}/mnt
mount -t tmpfs tmpfs ${directory}/mnt
base=${directory}/mnt
mkdir -p $base/upper $base/work $base/root
cp -a ${directory}/files/. $base/upper/
mount -t overlay overlay -o lowerdir=/,upperdir=$base/upper,workdir=$base/work $base/root
root=$base/root
mkdir -p $root/results $root${checkout}
mount --bind ${directory}/results $root/results
mount --bind ${repository} $root${checkout}
for unit in ${masked.join(' ')}; do ln -sf /dev/null $root/etc/systemd/system/$unit; done
mount -t proc proc $root/proc
for folder in kernel vm fs; do
  mount --bind $root/proc/sys/$folder $root/proc/sys/$folder
  mount -o remount,ro,bind $root/proc/sys/$folder
done
mount -t sysfs sysfs $root/sys
mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
mount -t bpf -o mode=700 bpf $root/sys/fs/bpf # systemd does it, but not in a container
mount -t tmpfs -o mode=755 tmpfs $root/run
mount -t tmpfs tmpfs $root/tmp
mount --rbind /dev $root/dev
${before}
export container=other
exec chroot $root /usr/lib/systemd/systemd --unit=test.target --log-target=journal --show-status=no
`;

/** A control group of its own, or two systems at a time would take each other's services for theirs. Arguments: directory, then what to run. */
const inGroup = `set -e
mount -t cgroup2 cgroup2 "$0/cgroup"
group="$0/cgroup/\${0##*/}"
mkdir "$group"
echo $$ >"$group/cgroup.procs"
umount "$0/cgroup"
exec "$@"`;

/** What ran there has ended; its last process may not be gone yet. */
const removing = `mount -t cgroup2 cgroup2 "$0/cgroup"
group="$0/cgroup/\${0##*/}"
for i in 1 2 3 4 5 6 7 8 9 10; do
  [ ! -d "$group" ] && exit
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
done`;

const removeGroup = (directory: string): void =>
  void execFileSync('unshare', ['--mount', 'sh', '-c', removing, directory]);

function firstProcess(directory: string): Promise<void> {
  return new Promise((done, fail) => {
    const spaces = ['--pid', '--fork', '--kill-child=KILL', '--mount', '--net', '--uts', '--ipc', '--cgroup'];
    const system = ['unshare', ...spaces, 'sh', join(directory, 'start.sh')];
    const child = spawn('unshare', ['--mount', 'sh', '-c', inGroup, directory, ...system], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // The first process ignores the signals that it has no handler for; it dies with what started it.
    const end = (): void => void child.kill('SIGKILL');
    const timer = setTimeout(end, 300_000);
    process.once('exit', end);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', fail);
    child.on('close', () => {
      clearTimeout(timer);
      process.removeListener('exit', end);
      if (said !== '') console.error(said);
      done();
    });
  });
}
