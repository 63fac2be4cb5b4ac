/** A VLAN device that is covered itself, by generic XDP: does the program see the frames as netfilter does? */
import type { LinkJson } from './links.js';
import type { Check } from './preflight.js';

/**
 * Frames reach generic XDP on a VLAN device without their tag (Linux 6.1 and 6.12), wherever that stood. Not so where the device puts it
 * back (`reorder_hdr off`): then the program passes them all. And what is addressed to the lower device is the VLAN device's too
 * (vlan_do_receive leaves PACKET_HOST as it is), while the program knows one address. No check where no device is a VLAN device.
 */
export function checkVlanDevices(names: readonly string[], links: readonly LinkJson[]): Check[] {
  const vlans = links.filter(({ ifname, linkinfo }) => names.includes(ifname) && linkinfo?.info_kind === 'vlan');
  if (vlans.length === 0) return [];
  const found = vlans.flatMap((vlan) => [...tagOf(vlan), ...addressOf(vlan, links)]);
  return [
    {
      code: 'vlan-device',
      statement: 'VLAN devices hand on their frames without the tag, and have the address of the device they stand on',
      status: found.length > 0 ? 'violated' : 'holds',
      detail: found.length > 0 ? found.join('; ') : vlans.map(({ ifname }) => ifname).join(', '),
    },
  ];
}

const tagOf = ({ ifname, linkinfo }: LinkJson): string[] =>
  linkinfo?.info_data?.flags?.includes('REORDER_HDR') === true
    ? []
    : [`${ifname} leaves the tag in its frames: run \`ip link set ${ifname} type vlan reorder_hdr on\``];

function addressOf(vlan: LinkJson, links: readonly LinkJson[]): string[] {
  const { ifname, address } = vlan;
  const lower = vlan.link_netnsid === undefined ? links.find((link) => link.ifname === vlan.link) : undefined;
  if (lower === undefined)
    return [`the device that ${ifname} stands on is in another namespace, where nobody sees what address it has`];
  if (lower.address === address && address !== undefined) return [];
  return [
    `${ifname} also receives what is addressed to ${lower.ifname}, and the program knows one address: ` +
      `run \`ip link set ${ifname} address ${lower.address ?? '…'}\``,
  ];
}
