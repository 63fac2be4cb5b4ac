/** What the analysis may know of the host that runs the ruleset. `null` means "not known": every answer must then hold for both. */
import type { AddressFamily } from './address.js';

export interface LocalRoute {
  readonly family: AddressFamily;
  /** CIDR, host bits zero. */
  readonly prefix: string;
  readonly type: 'local' | 'broadcast' | 'anycast' | 'multicast';
  /** Routing table it stands in: 255 is `local`, which is asked first. */
  readonly table: number;
}

/** A route that is not the host's own (those are LocalRoute). */
export interface HostRoute {
  readonly family: AddressFamily;
  /** CIDR, host bits zero. */
  readonly prefix: string;
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw';
  readonly table: number;
  readonly metric: number;
  /** Where a unicast route leads, each device once: several with next hops of several devices, none where it is not told. */
  readonly devices: readonly string[];
  /** It is for packets of a class or source only, or puts them into a tunnel: `tos`, `from`, `encap`. */
  readonly only?: 'tos' | 'from' | 'encap';
}

export interface HostRouting {
  /** The kernel answers what XDP asks about routes: the loopback device forwards. Null: not known, and no reason to think it does not. */
  readonly answers: { readonly ip: boolean | null; readonly ip6: boolean | null };
  /** What `ip rule` has beside the rules of every host, as text. */
  readonly rules: { readonly ip: readonly string[]; readonly ip6: readonly string[] };
  /** Some device leaves out routes while it has no carrier (`ignore_routes_with_linkdown`); rpfilter and fib do not. */
  readonly skipsLinkDown: boolean;
  /** Of every table. Null: too many to look through. */
  readonly routes: readonly HostRoute[] | null;
}

/** Of a tag in the frames of a VLAN. */
export interface VlanTag {
  /** 802.1Q or 802.1ad. */
  readonly type: 0x8100 | 0x88a8;
  /** 12 bits. */
  readonly id: number;
}

/** What a VLAN device is made of: it hands on the frames that arrive on `lower` with its tag, without it. */
export interface VlanOf {
  readonly lower: string;
  readonly tag: VlanTag;
}

export interface HostDevice {
  readonly name: string;
  readonly ifindex: number;
  /** 48-bit number. */
  readonly mac: number;
  readonly mtu: number;
  /** Kind of link as `ip -d link` names it: veth, bridge, vlan …; null for hardware. */
  readonly kind: string | null;
  /** Master device (bridge, bond, VRF), or null. */
  readonly master: string | null;
  /** Devices stacked on this one (VLAN, macvlan, ipvlan): name and kind. */
  readonly upper: readonly { readonly name: string; readonly kind: string }[];
  /** Absent: it is no VLAN device, or stands on a device of another namespace. */
  readonly vlan?: VlanOf;
}

export interface HostFacts {
  readonly forwarding: { readonly ip: boolean | null; readonly ip6: boolean | null };
  /** Null: not known. */
  readonly localRoutes: readonly LocalRoute[] | null;
  readonly devices: readonly HostDevice[];
  /** Inbound IPsec policies or states exist. */
  readonly ipsec: boolean | null;
  /** Absent: not known. */
  readonly routing?: HostRouting;
  /** A multicast router runs (`mc_forwarding`): multicast packets may also be forwarded. Absent: not known to. */
  readonly multicastRouting?: boolean;
}
