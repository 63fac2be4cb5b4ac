/**
 * A host that can be set up like a real one: in its network namespace, with mounts and processes of its own. What is written to /etc, /opt, /root, /run,
 * /tmp, /var/lib and /var/log stays in there and is gone with it; /sys/fs/bpf is its own; the repository is /opt/offload, and `offload` is in the PATH.
 */
import { setTimeout } from 'node:timers/promises';
import { type Finished, type Net, repository, type RunOptions, systemPath } from './namespace.js';
import '../command.js'; // builds what is stale

export interface PrivateHost {
  readonly exec: (command: string, args?: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** Run by sh, which stops at the first command that fails. */
  readonly shell: (script: string, options?: RunOptions) => Promise<Finished>;
}

const writable = ['etc', 'opt', 'root', 'var/lib', 'var/log'];

const mounts = (base: string): string => `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs ${base}
for folder in ${writable.join(' ')}; do
  mkdir -p ${base}/$folder/upper ${base}/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=${base}/$folder/upper,workdir=${base}/$folder/work /$folder
done
mkdir -p /opt/offload
rm -rf /etc/offload /var/lib/offload
mount --bind ${repository} /opt/offload
mount -t bpf -o mode=700 bpf /sys/fs/bpf
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
echo ready
exec sleep 900
`;

export async function privateHost(net: Net, ns: string): Promise<PrivateHost> {
  const own = ['--mount', '--pid', '--fork', '--kill-child=KILL', 'sh', '-c', mounts(net.directory())];
  const holder = net.start(ns, 'unshare', own, { timeout: 900_000 });
  let said = '';
  holder.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  holder.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes('ready\n')) {
    if (holder.exitCode !== null) throw new Error(`no mounts of its own: ${said}`);
    await setTimeout(20);
  }
  const spaces = [
    `--mount=/proc/${String(holder.pid)}/ns/mnt`,
    `--pid=/proc/${String(holder.pid)}/ns/pid_for_children`,
  ];
  const path = `/opt/offload/bin:${systemPath}`;
  const exec: PrivateHost['exec'] = (command, args = [], options = {}) =>
    net.exec(ns, 'nsenter', [...spaces, '--wd=/root', command, ...args], {
      ...options,
      env: { PATH: path, HOME: '/root', LC_ALL: 'C.UTF-8', ...options.env },
    });
  return { exec, shell: (script, options) => exec('sh', ['-ec', script], options) };
}
