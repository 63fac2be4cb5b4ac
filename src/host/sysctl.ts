/** Network sysctls of the caller's namespace. */
import { readFileSync, readdirSync } from 'node:fs';

const root = '/proc/sys/net';

/** Null when this kernel has no such sysctl (IPv6 off, older kernel) or the device is gone. */
export function readSysctl(family: 'ipv4' | 'ipv6', device: string, name: string): number | null {
  try {
    return Number(readFileSync(`${root}/${family}/conf/${device}/${name}`, 'utf8').trim());
  } catch {
    return null;
  }
}

/**
 * Whether the kernel may forward what arrives on one of the devices; any device when none are named. Errs to true.
 * IPv4 asks the device the packet came in on, IPv6 `all` and, since 6.17, the device's `force_forwarding`.
 */
export function readForwarding(family: 'ipv4' | 'ipv6', devices?: readonly string[]): boolean | null {
  const names = devices ?? devicesWithSysctls(family);
  const values = ['all', ...names].flatMap((device) => [
    readSysctl(family, device, 'forwarding'),
    readSysctl(family, device, 'force_forwarding'),
  ]);
  // Without IPv6 nothing of it is forwarded, yet nothing is known of what the stack does with it either.
  return values.every((value) => value === null) ? null : values.some((value) => value !== null && value !== 0);
}

/** All but the loopback device, where nothing arrives from outside. */
export function devicesWithSysctls(family: 'ipv4' | 'ipv6'): string[] {
  try {
    return readdirSync(`${root}/${family}/conf`).filter((name) => !['all', 'default', 'lo'].includes(name));
  } catch {
    return [];
  }
}
