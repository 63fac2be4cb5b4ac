/** A frame in a line that a firewall admin reads: for differences and explanations. */
import type { VlanTag } from '../model/host.js';
import { decodeFrame } from './decode-frame.js';
import type { Packet } from './packet.js';

const protocolNames = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

export function formatAddress(address: Uint32Array): string {
  const word = address[0] ?? 0;
  if (address.length === 1) return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
  const groups = [...address].flatMap((one) => [one >>> 16, one & 0xffff]).map((group) => group.toString(16));
  // The longest run of zero groups (of two or more) becomes "::".
  const runs = [...groups.join(':').matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  const head = text.slice(0, longest.index).replace(/:$/, '');
  return `${head}::${text.slice(longest.index + longest[0].length).replace(/^:/, '')}`;
}

function layer4(packet: Packet): string {
  const { protocol, l4 } = packet;
  if (protocol === null) return packet.fragment ? 'fragment' : 'unknown header chain';
  const name = protocolNames.get(protocol) ?? `protocol ${protocol}`;
  if (packet.fragment) return `${name} fragment`;
  if (l4 === null) return name;
  const at = (i: number): number => l4[i] ?? 0;
  if (protocol === 1 || protocol === 58)
    return l4.length < 2 ? `${name} cut short` : `${name} type ${at(0)} code ${at(1)}`;
  if (!protocolNames.has(protocol)) return name;
  if (l4.length < 4) return `${name} cut to ${l4.length} bytes`;
  const ports = `${name} ${(at(0) << 8) | at(1)} → ${(at(2) << 8) | at(3)}`;
  if (protocol !== 6) return ports;
  if (l4.length < 20) return `${ports} cut to ${l4.length} bytes`;
  const flags = flagNames.filter((_, bit) => ((at(13) >> bit) & 1) === 1).join(',');
  const payload = Math.max(0, l4.length - (at(12) >> 4) * 4);
  return `${ports} ${flags === '' ? 'no flags' : flags}${payload > 0 ? ` with ${payload} bytes` : ''}`;
}

/**
 * @param mac The device's address, or null when it is not known.
 * @param vlan As `decodeFrame` takes it.
 */
export function describeFrame(frame: Uint8Array, mac: number | null, vlan: VlanTag | null = null): string {
  const reception = decodeFrame(frame, mac, new Set(), vlan);
  if (reception.kind === 'lost') return `${frame.length}-byte frame (${reception.why})`;
  const { packet } = reception;
  const extra = [
    `ttl ${packet.ttl}`,
    ...(packet.tos === 0 ? [] : [`tos 0x${packet.tos.toString(16)}`]),
    ...(packet.length === null ? [] : [`length ${packet.length}`]),
    ...(packet.packetType === 'host' ? [] : [`${packet.packetType} frame`]),
    ...(vlan === null ? [] : [`VLAN ${vlan.id}`]),
    ...(packet.tags > 0 ? ['VLAN 0'] : []),
    ...(packet.sourceRouted ? ['source route'] : []),
  ];
  const addresses = `${formatAddress(packet.saddr)} → ${formatAddress(packet.daddr)}`;
  return `IPv${packet.family} ${addresses} ${layer4(packet)} (${extra.join(', ')})`;
}
