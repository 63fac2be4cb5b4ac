/** Parsers of option values. */
import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import type { Chain } from '../load/chain.js';

/** For options that may be given several times. */
export const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** A device name as the kernel takes it: 1 to 15 bytes without `/` or space. */
export function deviceName(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^\s/]{1,15}$/.test(value) || value === '.' || value === '..') {
    throw new InvalidArgumentError('That is no name of a network device.');
  }
  return before.includes(value) ? before : [...before, value];
}

/** An address or CIDR prefix of either family. */
export function addressPrefix(value: string, before: readonly string[] = []): readonly string[] {
  const [address = '', length, ...rest] = value.split('/');
  const family = isIP(address);
  const fits = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128));
  if (family === 0 || address.includes('%') || !fits || rest.length > 0)
    throw new InvalidArgumentError('It wants an address or a prefix, like 192.0.2.0/24 or 2001:db8::1.');
  return [...before, value];
}

/** The pin of an array of programs, and a place in it: the first one unless told. */
export function chainPlace(value: string): Chain {
  const [, pin = '', index = '0'] = /^(.*?)(?::(\d+))?$/.exec(value) ?? [];
  const place = Number(index);
  if (!pin.startsWith('/') || place > 0xffffffff)
    throw new InvalidArgumentError('It wants the path of a pin, and a number: /sys/fs/bpf/lb/programs:3.');
  return { pin, index: place };
}

export function pinPath(value: string): string {
  if (!value.startsWith('/')) throw new InvalidArgumentError('It wants the path of a pin: /sys/fs/bpf/lb/prog.');
  return value;
}

export function portNumber(value: string, before: readonly number[] = []): readonly number[] {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port < 1 || port > 65535)
    throw new InvalidArgumentError('It wants a port number from 1 to 65535.');
  return before.includes(port) ? before : [...before, port];
}

export function seconds(value: string): number {
  const number = Number(value);
  if (!/^\d{1,6}$/.test(value) || number < 1) throw new InvalidArgumentError('It wants a number of seconds, from 1.');
  return number;
}

/** For a number of things. */
export function positive(value: string): number {
  if (!/^\d{1,9}$/.test(value) || Number(value) < 1) throw new InvalidArgumentError('It wants a number from 1.');
  return Number(value);
}

/** Where every command that attaches or asks looks. */
export const bpffsOption = (): Option =>
  new Option('--bpffs <DIR>', 'where the BPF file system is or will be mounted').default('/sys/fs/bpf');
export const stateOption = (): Option =>
  new Option('--state <DIR>', 'where it is kept what is attached and how to undo it').default('/var/lib/offload');

export function megabytes(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > 480)
    throw new InvalidArgumentError('It wants a number of MiB from 1 to 480.');
  return number;
}
