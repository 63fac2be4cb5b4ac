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
}

export interface HostFacts {
  readonly forwarding: { readonly ip: boolean | null; readonly ip6: boolean | null };
  /** Null: not known. */
  readonly localRoutes: readonly LocalRoute[] | null;
  readonly devices: readonly HostDevice[];
  /** Inbound IPsec policies or states exist. */
  readonly ipsec: boolean | null;
  /** A multicast router runs (`mc_forwarding`): multicast packets may also be forwarded. Absent: not known to. */
  readonly multicastRouting?: boolean;
}
