/** Who holds an XDP program on its device: what an admin has to ask before it can go. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { withDescriptor } from '../load/descriptor.js';
import { isNativeError } from '../load/load-error.js';
import type { NativeApi } from '../load/native-api.js';

/** Files of BPF file systems that are looked at. */
const mostPins = 2000;
/** Folders in folders. */
const deepest = 6;
/** That are named. */
const named = 3;

/** What the kernel says of a descriptor of a link or a program; maps have no program. */
interface Held {
  readonly kind: 'link' | 'program';
  readonly programId: number;
}

function heldOf(fdinfo: string): Held | null {
  const programId = /^prog_id:\s*(\d+)$/m.exec(fdinfo)?.[1];
  if (programId === undefined) return null;
  return { kind: /^link_type:\s*xdp$/m.test(fdinfo) ? 'link' : 'program', programId: Number(programId) };
}

/**
 * How it is attached and by whom, as a clause: "by a link, which /sys/fs/bpf/lb/link and process 12 (lbd) hold". Errs to less: what may not be
 * looked at is not named.
 */
export function attachedBy(native: NativeApi, device: string, programId: number): string {
  const held = [...pinned(native), ...opened()].filter((one) => one.held.programId === programId);
  const links = held.filter(({ held: { kind } }) => kind === 'link').map(({ by }) => by);
  if (links.length > 0) return `attached by a link, which ${listed(links)} holds`;
  const programs = held.map(({ by }) => by);
  const also = programs.length === 0 ? '' : `; ${listed(programs)} holds the program`;
  return `attached by netlink (\`ip link set dev ${device} xdp off\` takes it off)${also}`;
}

export const isHeldByLink = (native: NativeApi, programId: number): boolean =>
  [...pinned(native), ...opened()].some(({ held }) => held.kind === 'link' && held.programId === programId);

/** Its name, of one that is pinned. Null: that is not known; `ip` tells it to CAP_SYS_ADMIN only, for it opens the program by its number. */
export const pinnedName = (native: NativeApi, programId: number): string | null =>
  pinned(native).find(({ held, name }) => held.programId === programId && name !== null)?.name ?? null;

const listed = (names: readonly string[]): string =>
  names.length <= named ? names.join(' and ') : `${names.slice(0, named).join(', ')} and ${names.length - named} more`;

interface Found {
  readonly by: string;
  readonly held: Held;
  /** Of a program that is pinned. */
  readonly name: string | null;
}

function pinned(native: NativeApi): Found[] {
  const mounts = readable(() => readFileSync('/proc/self/mounts', 'utf8')) ?? '';
  const roots = [...mounts.matchAll(/^\S+ (\S+) bpf /gm)].map(([, path]) => (path ?? '').replaceAll('\\040', ' '));
  const paths = roots.flatMap((root) => filesBelow(root, deepest)).slice(0, mostPins);
  return paths.flatMap((path) => {
    const found = readable(() => withDescriptor(native, native.openPinned(path), (fd) => foundAt(native, path, fd)));
    return found === null ? [] : [found];
  });
}

function foundAt(native: NativeApi, by: string, fd: number): Found | null {
  const held = heldOf(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  return held === null ? null : { by, held, name: held.kind === 'program' ? native.programInfo(fd).name : null };
}

function filesBelow(directory: string, depth: number): string[] {
  const entries = readable(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) return [path];
    return depth > 0 ? filesBelow(path, depth - 1) : [];
  });
}

function opened(): Found[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return processes.flatMap((pid) =>
    (readable(() => readdirSync(`/proc/${pid}/fd`)) ?? []).flatMap((fd) => {
      // anon_inode:bpf-prog, anon_inode:bpf_link
      if (!(readable(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '').startsWith('anon_inode:bpf')) return [];
      const held = heldOf(readable(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? '');
      const name = readable(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? '?';
      return held === null ? [] : [{ by: `process ${pid} (${name})`, held, name: null }];
    }),
  );
}

/** Null where it is gone by now, or may not be read. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isNativeError(error) || (error instanceof Error && 'code' in error)) return null;
    throw error;
  }
}
