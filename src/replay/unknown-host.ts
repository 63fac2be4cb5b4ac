/** A host of which nothing is known: what a capture is replayed against when no facts are given. */
import type { HostFacts } from '../model/host.js';

/** Locally administered; unicast frames are made frames to it. */
export const assumedMac = 0x020000000001;

/**
 * Packets are taken to be for the host: it forwards nothing, so whatever has another destination is lost after PREROUTING. Which addresses it
 * has stays open.
 */
export const unknownHost = (device: string | null): HostFacts => ({
  forwarding: { ip: false, ip6: false },
  localRoutes: null,
  devices:
    device === null
      ? []
      : [{ name: device, ifindex: 0, mac: assumedMac, mtu: 1500, kind: null, master: null, upper: [] }],
  ipsec: null,
});
