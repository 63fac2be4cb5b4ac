/** VLAN devices that are covered: does the program see their frames as netfilter does? */
import type { HostDevice } from '../model/host.js';
import type { Ruleset } from '../model/ruleset.js';
import { type LinkJson, vlanOf } from './links.js';
import type { Check } from './preflight.js';

/**
 * Frames reach generic XDP on a VLAN device without their tag (Linux 6.1 and 6.12), wherever that stood; native XDP on the device it stands on
 * takes it off. Not so where the VLAN device puts it back (`reorder_hdr off`). And what is addressed to the lower device is the VLAN device's
 * too (vlan_do_receive leaves PACKET_HOST as it is), while the program knows one address. A VLAN device of id 0 has what is looked through
 * elsewhere: priority tags. No check where there is nothing to ask.
 *
 * @param places Where programs are attached.
 */
export function checkVlanDevices(
  names: readonly string[],
  places: readonly string[],
  links: readonly LinkJson[],
): Check[] {
  const vlans = links.filter(({ ifname, linkinfo }) => names.includes(ifname) && linkinfo?.info_kind === 'vlan');
  const found = [
    ...vlans.flatMap((vlan) => [...tagOf(vlan), ...addressOf(vlan, links)]),
    ...vlans.flatMap((vlan) => lowerOf(vlan, places, links)),
    ...links.flatMap((link) => prioritiesOf(link, [...names, ...places])),
  ];
  if (vlans.length === 0 && found.length === 0) return [];
  return [
    {
      code: 'vlan-device',
      statement:
        'VLAN devices hand on their frames without the tag, have the address of the device they stand on, and none has id 0',
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

/** Of a VLAN within a VLAN the program would have to look for two tags. */
function lowerOf(vlan: LinkJson, places: readonly string[], links: readonly LinkJson[]): string[] {
  const lower = links.find(({ ifname }) => ifname === vlan.link);
  if (lower?.linkinfo?.info_kind !== 'vlan' || !places.includes(lower.ifname)) return [];
  return [`${vlan.ifname} stands on another VLAN device, ${lower.ifname}: cover it by itself, with --mode generic`];
}

function prioritiesOf(link: LinkJson, devices: readonly string[]): string[] {
  const vlan = vlanOf(link);
  if (vlan?.tag.id !== 0 || !devices.includes(vlan.lower)) return [];
  return [`${link.ifname} takes the frames with priority tags (VLAN id 0) from ${vlan.lower}, which count as its own`];
}

/**
 * Chains at ingress of the device that a VLAN device stands on see its frames before it does, without their tag; a plan for the VLAN device
 * knows nothing of them.
 */
export function checkLowerIngress({ tables }: Ruleset, through: readonly HostDevice[]): Check[] {
  if (through.length === 0) return [];
  const found = through.flatMap(({ name, vlan }) =>
    tables.flatMap((table) =>
      [...table.chains.values()].flatMap((chain) => {
        if (chain.kind !== 'base' || chain.hook !== 'ingress' || vlan === undefined) return [];
        if (!chain.devices.some((device) => device === '*' || device === vlan.lower)) return [];
        return [
          `chain ${table.family} ${table.name} ${chain.name} is at ingress of ${vlan.lower}, in front of ${name}`,
        ];
      }),
    ),
  );
  return [
    {
      code: 'vlan-ingress',
      statement: 'no chain stands at ingress of a device through which a VLAN device is covered',
      status: found.length > 0 ? 'violated' : 'holds',
      detail: found.length > 0 ? `${found.join('; ')}: cover the VLAN device by itself, with --mode generic` : 'none',
    },
  ];
}
