/**
 * rtnetlink: what changes the facts that a plan knows of its host (src/host/read-host-facts.ts), or what reaches netfilter.
 *
 * Told: devices that come, go, are renamed, get another MAC address, MTU, master, lower device or features (offloads), are set up or down;
 * addresses; routes of every table, next hops, routing rules; forwarding; tc filters at ingress. Not told, for nothing depends on it:
 * neighbours, carrier, statistics, queue disciplines of other directions, cached routes, and an address or link that is told again as it
 * was (lifetimes of router advertisements).
 */
import { Attributes, messageType, multi, u32, type Message } from '../netlink/message.js';
import type { NetworkChange, NetworkEvents } from './network-source.js';

/** `RTM_…` of linux/rtnetlink.h */
const rtm = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  newRule: 32,
  delRule: 33,
  newFilter: 44,
  delFilter: 45,
  newNetconf: 80,
  delNetconf: 81,
  newNexthop: 104,
  delNexthop: 105,
} as const;

/** `RTNLGRP_…`: link, tc, addresses, routes and rules of both families, netconf of both, next hops. */
const groups = [1, 4, 5, 7, 8, 9, 11, 19, 24, 25, 32];

const link = { address: 1, name: 3, mtu: 4, lower: 5, master: 10, info: 18, lowerNamespace: 37, event: 44 } as const;
const linkKind = 1;
/** Id, protocol and flags of a VLAN device. Those of a bridge have timers, which run. */
const linkData = 2;
const featuresChanged = 2;
const isUp = 1;
const cached = 0x200;
const routeTypes: Readonly<Record<number, string>> = { 2: 'local ', 3: 'broadcast ', 4: 'anycast ', 5: 'multicast ' };

const own = new Attributes();
const nested = new Attributes();

export function routeEvents(): NetworkEvents {
  const known = new KnownState();
  return {
    name: 'network',
    protocol: 0,
    groups,
    requests: [dump(rtm.getLink, 16), dump(rtm.getAddress, 8)],
    changeOf: (bytes, message) => {
      const change = known.changeOf(bytes, message);
      // What is asked for is how things stand.
      return (message.flags & multi) === 0 ? change : null;
    },
  };
}

/** A request for all objects of a kind, whose own header has `bytes` bytes. */
function dump(type: number, bytes: number): Uint8Array {
  const message = new Uint8Array(16 + bytes);
  new Uint32Array(message.buffer, 0, 1)[0] = message.length;
  // NLM_F_REQUEST | NLM_F_DUMP
  new Uint16Array(message.buffer, 4, 2).set([type, 0x301]);
  return message;
}

class KnownState {
  /** By index: what matters of a device, and its name. */
  readonly #links = new Map<number, { readonly name: string; readonly whole: string }>();
  readonly #addresses = new Set<string>();

  changeOf(bytes: Buffer, message: Message): NetworkChange | null {
    const { type, start, end } = message;
    switch (type) {
      case rtm.newRoute:
      case rtm.delRoute:
        return route(bytes, start, end, type === rtm.newRoute);
      case rtm.newNexthop:
      case rtm.delNexthop:
        return { what: 'next hop changed', ...routesOf(bytes[start]!) };
      default: {
        const what = this.#whatOf(bytes, message);
        return what === null ? null : { what };
      }
    }
  }

  #whatOf(bytes: Buffer, { type, start, end }: Message): string | null {
    if (type === messageType.error || type === messageType.done || type === messageType.noop) return null;
    switch (type) {
      case rtm.newLink:
      case rtm.delLink:
        return this.#link(bytes, start, end, type === rtm.newLink);
      case rtm.newAddress:
      case rtm.delAddress:
        return this.#address(bytes, start, end, type === rtm.newAddress);
      case rtm.newRule:
      case rtm.delRule:
        return `routing rule ${type === rtm.newRule ? 'added' : 'removed'}`;
      case rtm.newFilter:
      case rtm.delFilter:
        return this.#filter(bytes, start);
      case rtm.newNetconf:
        return this.#netconf(bytes, start, end);
      default:
        return null;
    }
  }

  #nameOf(index: number): string {
    return this.#links.get(index)?.name ?? `device ${index}`;
  }

  #link(bytes: Buffer, start: number, end: number, isThere: boolean): string | null {
    // A bridge tells of its ports in messages of its own family.
    if (bytes[start] !== 0 || !own.read(bytes, start + 16, end)) return null;
    const index = u32(bytes, start + 4);
    const name = own.text(link.name);
    const before = this.#links.get(index);
    if (!isThere) {
      this.#links.delete(index);
      this.#addresses.forEach((address) => address.startsWith(`${index} `) && this.#addresses.delete(address));
      return `device ${name} removed`;
    }
    const kind = nested.readNested(own, link.info) ? nested.text(linkKind) : '';
    const vlan = kind === 'vlan' ? bytes.toString('hex', nested.start(linkData), nested.end(linkData)) : '';
    const mac = bytes.toString('hex', own.start(link.address), own.end(link.address));
    const numbers = [link.mtu, link.lower, link.master, link.lowerNamespace].map((attribute) => own.u32(attribute));
    const whole = [name, kind, vlan, mac, ...numbers, u32(bytes, start + 8) & isUp].join(' ');
    this.#links.set(index, { name, whole });
    if (before?.whole === whole) return own.u32(link.event) === featuresChanged ? `features of ${name} changed` : null;
    if (before === undefined) return `device ${name} added`;
    return before.name === name ? `device ${name} changed` : `device ${before.name} renamed to ${name}`;
  }

  #address(bytes: Buffer, start: number, end: number, isThere: boolean): string | null {
    if (!own.read(bytes, start + 8, end)) return 'an address changed';
    const index = u32(bytes, start + 4);
    // IFA_ADDRESS, which is the peer's, if there is an IFA_LOCAL.
    const both = [1, own.has(2) ? 2 : 1].map((type) => bytes.toString('hex', own.start(type), own.end(type)));
    const key = [index, bytes[start], bytes[start + 1], ...both].join(' ');
    if (isThere && this.#addresses.has(key)) return null;
    if (isThere) this.#addresses.add(key);
    else this.#addresses.delete(key);
    return `address ${isThere ? 'added to' : 'removed from'} ${this.#nameOf(index)}`;
  }

  /** Filters at ingress may change or redirect packets between XDP and netfilter; those at egress do not. */
  #filter(bytes: Buffer, start: number): string | null {
    const parent = u32(bytes, start + 12);
    const clsactEgress = 0xfffffff3;
    if (parent >>> 16 !== 0xffff || parent === clsactEgress) return null;
    return `tc filter of ${this.#nameOf(u32(bytes, start + 4))} changed`;
  }

  /** Forwarding, reverse path filter, multicast forwarding, `ignore_routes_with_linkdown`. */
  #netconf(bytes: Buffer, start: number, end: number): string | null {
    if (!own.read(bytes, start + 4, end)) return 'forwarding changed';
    const index = own.u32(1) ?? 0;
    const matters = [2, 3, 4, 6].some((type) => own.has(type));
    const of = index === 0xffffffff ? 'all devices' : index === 0xfffffffe ? 'new devices' : this.#nameOf(index);
    return matters ? `forwarding of ${bytes[start] === 2 ? 'IPv4' : 'IPv6'} changed for ${of}` : null;
  }
}

/** Of an `AF_…`; none of any other. */
const routesOf = (family: number): Pick<NetworkChange, 'routes'> =>
  family === 2 ? { routes: 4 } : family === 10 ? { routes: 6 } : {};

const localTable = 255;

/** What is the host's own stands in the local table, or is of a type that makes it so in any other. */
function route(bytes: Buffer, start: number, end: number, isThere: boolean): NetworkChange | null {
  const [family, length, , , shortTable, , , type] = bytes.subarray(start, start + 8);
  if (family !== 2 && family !== 10) return null;
  if (!own.read(bytes, start + 12, end)) return { what: 'a route changed' };
  if ((u32(bytes, start + 8) & cached) !== 0) return null;
  const to = own.has(1) ? addressText(bytes.subarray(own.start(1), own.end(1))) : family === 2 ? '0.0.0.0' : '::';
  const table = own.u32(15) ?? shortTable!;
  const kind = routeTypes[type!] ?? '';
  const what = `${kind}route ${to}/${length!} ${isThere ? 'added to' : 'removed from'} table ${table}`;
  return { what, ...(table === localTable || kind !== '' ? {} : routesOf(family)) };
}

const addressText = (bytes: Uint8Array): string =>
  bytes.length === 4
    ? bytes.join('.')
    : Array.from({ length: 8 }, (_, i) => (bytes[i * 2]! * 256 + bytes[i * 2 + 1]!).toString(16)).join(':');
