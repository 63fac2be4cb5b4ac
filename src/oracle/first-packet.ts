/**
 * What conntrack makes of a TCP or UDP packet for which it has no entry: nf_conntrack_tcp_packet() and nf_conntrack_udp_packet()
 * (Linux 6.18), as far as the packet tells. Where a checksum or a sysctl (nf_conntrack_checksum, nf_conntrack_tcp_loose) decides, both.
 */
import type { CtState } from '../model/match.js';
import type { Packet } from './packet.js';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const URG = 32;

/** `tcp_valid_flags`, PSH, ECE and CWR left out: tcp_error() finds every other combination invalid. */
const valid: ReadonlySet<number> = new Set([
  SYN,
  SYN | URG,
  SYN | ACK,
  RST,
  RST | ACK,
  FIN | ACK,
  FIN | ACK | URG,
  ACK,
  ACK | URG,
]);

/** Column "none" of `tcp_conntracks`, original direction: a state of its own for SYN and ACK, invalid for the others. */
function begins(flags: number): boolean {
  if ((flags & RST) !== 0) return false;
  if ((flags & SYN) !== 0) return (flags & ACK) === 0;
  return (flags & FIN) === 0 && (flags & ACK) !== 0;
}

const either: readonly CtState[] = ['NEW', 'INVALID'];
const invalid: readonly CtState[] = ['INVALID'];

export function statesOfFirst({ protocol, l4 }: Packet): readonly CtState[] {
  if (protocol !== 6 || l4 === null || l4.length < 20) return either;
  const headerBytes = ((l4[12] ?? 0) >> 4) * 4;
  if (headerBytes < 20 || headerBytes > l4.length) return invalid;
  const flags = (l4[13] ?? 0) & (FIN | SYN | RST | ACK | URG);
  return valid.has(flags) && begins(flags) ? either : invalid;
}
