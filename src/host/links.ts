/** Devices of this network namespace, from `ip -d link`. */
import type { HostDevice, VlanOf } from '../model/host.js';
import { ipJson } from './command.js';

export interface LinkJson {
  readonly ifindex: number;
  readonly ifname: string;
  readonly mtu: number;
  readonly address?: string;
  readonly link_type?: string;
  readonly master?: string;
  /** Lower device, where it is in this namespace. */
  readonly link?: string | null;
  readonly link_netnsid?: number;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: LinkData };
}

/** Of a VLAN device; others have members of these names too, of other meanings. */
interface LinkData {
  readonly protocol?: unknown;
  readonly id?: unknown;
  readonly flags?: readonly string[];
}

export const readLinks = (): readonly LinkJson[] => ipJson(['-j', '-d', 'link', 'show']) as readonly LinkJson[];

/** A veth's `link` is its peer, a tunnel's the device it sends through: neither is stacked on it. */
const stackedKinds = new Set([
  'vlan',
  'macvlan',
  'macvtap',
  'ipvlan',
  'ipvtap',
  'macsec',
  'hsr',
  'dsa',
  'ipoib',
  'rmnet',
]);

export function devicesOf(links: readonly LinkJson[]): HostDevice[] {
  return links.map((link) => {
    const { ifindex, ifname, mtu, address, master, linkinfo } = link;
    const vlan = vlanOf(link);
    return {
      name: ifname,
      ifindex,
      mac: macNumber(address),
      mtu,
      kind: linkinfo?.info_kind ?? null,
      master: master ?? null,
      upper: upperOf(links, ifname),
      ...(vlan !== null && { vlan }),
    };
  });
}

/** As `ip` names the protocols of VLAN devices. */
const tagTypes: ReadonlyMap<unknown, VlanOf['tag']['type']> = new Map([
  ['802.1Q', 0x8100],
  ['802.1ad', 0x88a8],
]);

/** Null: it is no VLAN device, or stands on a device of another namespace. */
export function vlanOf({ link, link_netnsid, linkinfo }: Omit<LinkJson, 'ifname' | 'mtu'>): VlanOf | null {
  if (linkinfo?.info_kind !== 'vlan' || link_netnsid !== undefined || typeof link !== 'string') return null;
  const { protocol, id } = linkinfo.info_data ?? {};
  const type = tagTypes.get(protocol);
  return type === undefined || typeof id !== 'number' ? null : { lower: link, tag: { type, id } };
}

function upperOf(links: readonly LinkJson[], lower: string): HostDevice['upper'] {
  return links.flatMap(({ ifname, link, link_netnsid, linkinfo }) => {
    const kind = linkinfo?.info_kind;
    if (link !== lower || link_netnsid !== undefined || kind === undefined || !stackedKinds.has(kind)) return [];
    return [{ name: ifname, kind }];
  });
}

/** 0 for devices without an Ethernet address. */
function macNumber(address: string | undefined): number {
  if (address === undefined || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(address)) return 0;
  return Number.parseInt(address.replaceAll(':', ''), 16);
}
