/** `-m set` and nft set lookups: which bytes of the packet make the key. */
import type { SetMatch } from '../model/match.js';
import { Maybe, negateIf, No, type Answer } from './answer.js';
import type { SetKey } from './set-index.js';
import { changed, Changed, type View } from './view.js';

type PortKey = ReturnType<SetKey['port']>;

/** Header bytes that `get_port` (ip_set_getport.c) wants before it reads: TCP, SCTP, UDP, UDP-Lite, and the version's ICMP. */
const headerBytes = new Map([
  [6, 20],
  [132, 12],
  [17, 8],
  [136, 8],
]);

/** ICMP's "port" is type << 8 | code; protocols without ports have port 0. */
function portKey(view: View, state: number, side: 'src' | 'dst'): PortKey {
  const { packet } = view;
  const { protocol } = packet;
  if (protocol === null || changed(state, Changed[side === 'src' ? 'sport' : 'dport'])) return null;
  const icmp = protocol === 1 || protocol === 58;
  const need = icmp ? 8 : headerBytes.get(protocol);
  if (need === undefined) return protocol === 0 ? null : { protocol, port: 0 };
  // ICMP of the other version: kernels differ in whether they read it.
  if (icmp && (protocol === 1) !== (packet.family === 4)) return null;
  if (packet.l4 === null || packet.l4.length < need) return null;
  const at = icmp || side === 'src' ? 0 : 2;
  return { protocol, port: ((packet.l4[at] ?? 0) << 8) | (packet.l4[at + 1] ?? 0) };
}

export function matchSet(match: SetMatch, view: View, state: number): Answer {
  if (match.uninterpreted.length > 0) return Maybe;
  const key: SetKey = {
    address: (side) => {
      const field = side === 'src' ? 'saddr' : 'daddr';
      return changed(state, Changed[field]) ? null : view.packet[field];
    },
    port: (side) => portKey(view, state, side),
  };
  const answer = view.setTest(match.set)(match.dimensions, key);
  // An nft lookup that lacks its key breaks the rule, so its negation is not sure either.
  if (answer === No && match.negate && view.dialect === 'nft' && view.packet.l4 === null) return Maybe;
  return negateIf(match.negate, answer);
}
