/** What must be true of the host before a filter is attached, each checked on the live system. */
import type { HostDevice } from '../model/host.js';
import type { Chain } from '../load/chain.js';
import { loadNative } from '../load/native.js';
import type { NativeApi } from '../load/native-api.js';
import { checkHelpers, checkZones } from './check-conntrack.js';
import { checkFeatures, checkPrivilege } from './check-kernel.js';
import { checkLro, checkStripping } from './check-ethtool.js';
import { checkCaller, checkForeignXdp, checkTheirs } from './check-foreign-xdp.js';
import { checkLower } from './check-lower.js';
import { checkIpsec, checkPlainRoutes, checkRouteRules, checkSourceRouting } from './check-routing.js';
import { checkTcIngress } from './check-tc.js';
import { checkVlanDevices } from './check-vlan.js';
import { checkSteering } from './check-steering.js';
import { type Place, placeIn } from './places.js';
import { devicesOf, readLinks, type LinkJson } from './links.js';

export type CheckCode =
  | 'privilege'
  | 'kernel-features'
  | 'device-exists'
  | 'not-lower-device'
  | 'vlan-stripping'
  | 'vlan-device'
  | 'vlan-ingress'
  | 'lro-off'
  | 'no-tc-ingress'
  | 'no-foreign-xdp'
  | 'chain-caller'
  | 'before-theirs'
  | 'source-routing'
  | 'route-rules'
  | 'plain-routes-ip'
  | 'plain-routes-ip6'
  | 'mtu-fits'
  | 'no-ipsec'
  | 'no-helpers'
  | 'receive-order'
  | 'default-zone';

export interface Check {
  readonly code: CheckCode;
  /** What must be true. */
  readonly statement: string;
  readonly status: 'holds' | 'violated' | 'unchecked';
  /** What was found, and where it is wrong the command that mends it. */
  readonly detail: string;
}

export interface PreflightOptions {
  readonly mode: 'native' | 'generic';
  readonly bpffs: string;
  readonly chain?: Chain;
  /** Pin of the program that is to get what the filter passes. */
  readonly before?: string;
}

/** Codes without which attaching cannot work at all, whatever is assumed. */
export const hardCodes: ReadonlySet<string> = new Set<CheckCode>([
  'privilege',
  'kernel-features',
  'device-exists',
  'no-foreign-xdp',
]);

/** One check per code, over all devices. Stops after the checks of kernel and devices when those fail. */
export async function preflight(names: readonly string[], options: PreflightOptions): Promise<Check[]> {
  const native = loadNative();
  const first = [checkPrivilege(), checkFeatures(native)];
  const links = readLinks();
  first.push(checkExist(names, links));
  if (first.some(({ status }) => status === 'violated')) return first;
  const all = devicesOf(links);
  const devices = names.flatMap((name) => all.find((device) => device.name === name) ?? []);
  const places = devices.map((device) => placeIn(all, device, options));
  const at = places.map((place) => place.at);
  return [
    ...first,
    ...checkVlanDevices(
      names,
      at.map(({ name }) => name),
      links,
    ),
    ...(await checkDevices(native, places, all, options)),
  ];
}

async function checkDevices(
  native: NativeApi,
  places: readonly Place[],
  known: readonly HostDevice[],
  { mode, bpffs, chain, before }: PreflightOptions,
): Promise<Check[]> {
  const devices = places.map(({ device }) => device);
  const at = [...new Set(places.map((place) => place.at))];
  // What a packet meets on its way: where the program is, and behind that the VLAN device.
  const all = [...new Set([...at, ...devices])];
  const names = devices.map(({ name }) => name);
  return [
    checkLower(all, known),
    checkStripping(at),
    checkLro(at.map(({ name }) => name)),
    checkTcIngress(native, all),
    ...(chain !== undefined
      ? await checkCaller(native, names, bpffs, chain)
      : before !== undefined
        ? await checkTheirs(native, names, { bpffs, mode, before })
        : [await checkForeignXdp(native, places, bpffs)]),
    checkSourceRouting(names),
    checkRouteRules(),
    ...checkPlainRoutes(),
    checkMtu(devices, mode),
    checkIpsec(),
    checkHelpers(),
    checkSteering(all.map(({ name }) => name)),
    checkZones(),
  ];
}

function checkExist(names: readonly string[], links: readonly LinkJson[]): Check {
  const missing = names.filter((name) => !links.some((link) => link.ifname === name));
  const other = links
    .filter((link) => names.includes(link.ifname) && link.link_type !== 'ether')
    .map(({ ifname }) => ifname);
  const known = links.flatMap(({ ifname, link_type }) => (link_type === 'ether' ? [ifname] : []));
  const wrong = [
    ...(missing.length > 0
      ? [`there is no device ${missing.join(', ')} (there are: ${known.slice(0, 10).join(', ') || 'none'})`]
      : []),
    ...(other.length > 0 ? [`${other.join(', ')} carries no Ethernet frames`] : []),
  ];
  return {
    code: 'device-exists',
    statement: 'the devices exist and carry Ethernet frames',
    status: wrong.length > 0 ? 'violated' : 'holds',
    detail: wrong.length > 0 ? wrong.join('; ') : names.join(', '),
  };
}

/** The program takes multi-buffer frames (xdp.frags), so only absurd sizes are left to refuse. */
function checkMtu(devices: readonly HostDevice[], mode: string): Check {
  const large = devices.filter(({ mtu }) => mtu > 65535);
  return {
    code: 'mtu-fits',
    statement: 'the MTU of the devices fits the XDP mode',
    status: large.length > 0 ? 'violated' : 'holds',
    detail: devices.map(({ name, mtu }) => `${name}: MTU ${mtu}, ${mode} mode`).join('; '),
  };
}
