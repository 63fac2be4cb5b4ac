/** xdp-filter of Debian's xdp-tools, filled with sources: the program that it attaches, looked up on the device. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { NativeApi } from '../../src/load/native-api.js';
import { linkState } from '../../src/load/xdp-on-device.js';
import type { Sources } from './addresses.js';
import type { Program } from './driver.js';

/** Entries of its maps. */
export const xdpFilterMost = 10_000;

/** Where it pins, in the private mount namespace of a part. */
const pins = '/sys/fs/bpf/xdp-filter';

/** xdp-filter's words: it drops by source. */
const matchSource = 1;

/** With a dispatcher it would want programs that replace functions (EXT), which not every kernel allows; alone it is faster anyway. */
export const xdpFilterEnvironment = { LIBXDP_SKIP_DISPATCHER: '1' };

export const xdpFilterArguments = (device: string): string[] => [
  'load',
  '--mode',
  'native',
  '--features',
  'ipv4',
  '--policy',
  'allow',
  device,
];

/** By bpftool, which copies a value to all CPUs: ten thousand runs of xdp-filter would take minutes. */
export function fillXdpFilter(words: Uint32Array): void {
  const key = (word: number): string => `${word >>> 24} ${(word >>> 16) & 255} ${(word >>> 8) & 255} ${word & 255}`;
  const line = (word: number): string =>
    `map update pinned ${pins}/filter_ipv4 key ${key(word)} value ${matchSource} 0 0 0 0 0 0 0\n`;
  run('bpftool', ['batch', 'file', '-'], Array.from(words, line).join(''));
}

/** Loads it on a device of this network namespace, takes its program and detaches it again. */
export function loadXdpFilter(native: NativeApi, device: string, sources: Sources): Program {
  run('xdp-filter', xdpFilterArguments(device));
  fillXdpFilter(sources.ranges.lo);
  const id = linkState(device)?.xdp?.programId;
  if (id === undefined) throw new Error('xdp-filter says that it is loaded, and no program is on the device');
  const fd = native.programById(id);
  run('xdp-filter', ['unload', device]);
  // Else the next one shares its maps.
  rmSync(pins, { recursive: true, force: true });
  return { fd, frags: null };
}

function run(command: string, args: readonly string[], input = ''): void {
  const env = { ...process.env, ...xdpFilterEnvironment };
  const { status, stderr, stdout, error } = spawnSync(command, args, { env, input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`.slice(0, 1000));
}
