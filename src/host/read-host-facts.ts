/** The running host -> HostFacts, as the analysis wants them. */
import type { HostFacts } from '../model/host.js';
import { readIpsec } from './ipsec.js';
import { devicesOf, readLinks } from './links.js';
import { readLocalRoutes } from './local-routes.js';
import { readRouting } from './routing.js';
import { readForwarding } from './sysctl.js';

/**
 * Facts of the caller's network namespace; forwarding as it is for packets that arrive on `devices`, on any device when not given.
 * Needs no privilege but for IPsec, which is null without. Throws LoadError when `ip` is missing.
 */
export function readHostFacts(devices?: readonly string[]): HostFacts {
  return {
    forwarding: { ip: readForwarding('ipv4', devices), ip6: readForwarding('ipv6', devices) },
    localRoutes: readLocalRoutes(),
    devices: devicesOf(readLinks()),
    ipsec: readIpsec(),
    routing: readRouting(),
  };
}
