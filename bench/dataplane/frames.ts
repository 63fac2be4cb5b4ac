/** The frames of the test runs, before a key is written into them. */
import type { PacketSpec } from '../../test/compile/frame.js';

export const packet: PacketSpec = {
  family: 4, saddr: [0x01020304], daddr: [0xc0000201], smac: 0x020000000005, destination: 'host', protocol: 6, sport: 40000, dport: 443,
  flags: 2, icmp: 0, ttl: 64, tos: 0, payload: 20, availability: 0, device: 0,
}; // prettier-ignore

export const packet6: PacketSpec = { ...packet, family: 6, saddr: [0, 0, 0, 1], daddr: [0x20010db8, 0, 0, 1] };
