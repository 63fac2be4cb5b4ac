/** Elements of ipset, taken apart by the type of their set. Each function adds to the columns and says whether it understood. */
import type { AddressFamily } from './address.js';
import type { Bounds } from './address-text.js';
import { inOrder, network } from './address-text.js';
import type { ElementColumns, ElementOptions } from './element-columns.js';
import { icmpType } from './icmp-names.js';
import { addressWords } from './prefix.js';
import { protocolNumber } from './protocol-names.js';
import { scanAddress, scanned } from './scan-address.js';
import { portNumber } from './service-names.js';

export interface AddressShape {
  readonly family: AddressFamily;
  /** `netmask N`: the kernel stores the network of N bits of every address. null: whole addresses. */
  readonly netmask: number | null;
  /** hash:net: the kernel stores prefixes, so a range is several elements. */
  readonly prefixes: boolean;
}

/** `A`, `A/n` or `A-B`, from `start` to `end`. */
export function addAddress(
  columns: ElementColumns,
  shape: AddressShape,
  options: ElementOptions,
  text: string,
  start: number,
  end: number,
): boolean {
  return (
    addPlain(columns, shape, options, text, start, end) || addOther(columns, shape, options, text.slice(start, end))
  );
}

/** Where the slash of a prefix length of at most three digits stands; -1 where there is none. */
function slashBefore(text: string, end: number): number {
  for (let at = end - 2; at >= end - 4; at--) if (text.charCodeAt(at) === 47) return at;
  return -1;
}

/** The fast case, `A` or `A/n`: no string is made. */
function addPlain(
  columns: ElementColumns,
  shape: AddressShape,
  options: ElementOptions,
  text: string,
  start: number,
  end: number,
): boolean {
  const width = shape.family === 4 ? 32 : 128;
  let bits = width;
  let stop = end;
  const slash = slashBefore(text, end);
  if (slash > start) {
    bits = 0;
    for (let at = slash + 1; at < end; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) return false;
      bits = bits * 10 + digit;
    }
    if (bits > width) return false;
    stop = slash;
  }
  if (!scanAddress(shape.family, text, start, stop)) return false;
  columns.addNetwork(options, scanned, Math.min(bits, shape.netmask ?? width));
  return true;
}

/** Ranges, and IPv6 addresses with a dotted quad. */
function addOther(columns: ElementColumns, shape: AddressShape, options: ElementOptions, text: string): boolean {
  const [from = '', to, more] = text.split('-');
  if (more !== undefined) return false;
  if (to === undefined) {
    const [address = '', length = String(columns.words * 32)] = text.split('/');
    const words = addressWords(shape.family, address);
    if (!words || !/^[0-9]{1,3}$/.test(length) || Number(length) > words.length * 32) return false;
    columns.addRange(options, network(words, Math.min(Number(length), shape.netmask ?? 128)));
    return true;
  }
  const lo = addressWords(shape.family, from);
  const hi = addressWords(shape.family, to);
  if (!lo || !hi || !inOrder({ lo, hi })) return false;
  const netmask = shape.netmask ?? 128;
  const bounds = { lo: network(lo, netmask).lo, hi: network(hi, netmask).hi };
  if (!shape.prefixes) columns.addRange(options, bounds);
  else if (shape.family === 6) return false;
  else for (const part of prefixesOf(bounds)) columns.addRange(options, part);
  return true;
}

/** The fewest prefixes that make up an IPv4 range, as ip_set_range_to_cidr cuts it. */
function prefixesOf(bounds: Bounds): Bounds[] {
  const out: Bounds[] = [];
  const last = bounds.hi[0]!;
  for (let at = bounds.lo[0]!; at <= last;) {
    let size = 1;
    while (size < 2 ** 32 && at % (size * 2) === 0 && at + size * 2 - 1 <= last) size *= 2;
    out.push({ lo: [at], hi: [at + size - 1] });
    at += size;
  }
  return out;
}

/** Inclusive; of ICMP type << 8 | code. */
export interface Ports {
  readonly protocol: number;
  readonly low: number;
  readonly high: number;
}

/** `[proto:]port[-port]`: protocol tcp unless written; ICMP has `type/code` or a name in place of a port. */
export function protocolPorts(text: string, family: AddressFamily): Ports | null {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? 6 : protocolNumber(text.slice(0, colon));
  const rest = colon < 0 ? text : text.slice(colon + 1);
  if (protocol === null || protocol === 0) return null;
  // The kernel keeps no type of the other family's ICMP, and yet reads one from its packets.
  if (protocol === (family === 4 ? 58 : 1)) return null;
  if (protocol === 1 || protocol === 58) return icmpPorts(protocol, rest);
  // tcp, udp, sctp, udplite have ports; of any other protocol only "0" can be stored.
  if (![6, 17, 132, 136].includes(protocol)) return rest === '0' ? { protocol, low: 0, high: 0 } : null;
  return portRange(rest, protocol);
}

/** Type in the high byte, code in the low one, as ip_set_get_ip4_port stores them. */
function icmpPorts(protocol: number, text: string): Ports | null {
  const named = icmpType(protocol === 1 ? 4 : 6, text);
  const [type = '', code = '', more] = text.split('/');
  const numbers = /^[0-9]{1,3}$/.test(type) && /^[0-9]{1,3}$/.test(code) && more === undefined;
  if (!named && !numbers) return null;
  const number = named ? named.type * 256 + (named.code ?? 0) : Number(type) * 256 + Number(code);
  return number <= 65535 && Number(code || 0) <= 255 ? { protocol, low: number, high: number } : null;
}

/** A number, a name, or two with a dash; a name that has a dash itself stands in brackets in new versions. */
function portRange(text: string, protocol: number): Ports | null {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  const whole = portNumber(bare, protocol);
  if (whole !== null) return { protocol, low: whole, high: whole };
  const [from = '', to = '', more] = bare.split('-');
  const low = portNumber(from, protocol);
  const high = portNumber(to, protocol);
  return low === null || high === null || more !== undefined || low > high ? null : { protocol, low, high };
}

/** bitmap:port: `80`, `80-90`, with an optional protocol that only resolves names. */
export function addPort(columns: ElementColumns, options: ElementOptions, text: string): boolean {
  const colon = text.indexOf(':');
  const protocol = colon < 0 ? 6 : protocolNumber(text.slice(0, colon));
  const ports = portRange(colon < 0 ? text : text.slice(colon + 1), protocol ?? 6);
  if (!ports || protocol === null) return false;
  columns.addPorts(options);
  columns.setPorts(0, ports.low, ports.high);
  return true;
}

/** `01:23:45:67:89:ab` as a 48-bit number; null where it is none, or all zero, which the kernel takes for "no address". */
export function macNumber(text: string): number | null {
  if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text)) return null;
  const number = text.split(':').reduce((mac, byte) => mac * 256 + parseInt(byte, 16), 0);
  return number === 0 ? null : number;
}
