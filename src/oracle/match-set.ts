/** `-m set` and nft set lookups: which bytes of the packet make the key. */
import type { SetMatch } from '../model/match.js';
import type { SmallTupleField } from '../model/tuples.js';
import { Maybe, negateIf, No, type Answer } from './answer.js';
import type { SetKey } from './set-index.js';
import { changed, Changed, type View } from './view.js';

type PortKey = ReturnType<SetKey['port']>;

/** Header bytes that `get_port` (ip_set_getport.c) wants before it reads: ICMP of either version, TCP, UDP, SCTP, UDP-Lite. */
const headerBytes = new Map([
  [1, 8],
  [6, 20],
  [17, 8],
  [58, 8],
  [132, 12],
  [136, 8],
]);

/**
 * ICMP's "port" is type << 8 | code; protocols without ports have port 0. `ip_set_get_ip4_port` gives up on protocol 0, its IPv6
 * sister on "no next header" (59), both on a header that is cut short; nft wants the field's own bytes only. Fragments of protocols with ports may be reassembled first.
 */
function portKey(view: View, state: number, side: 'src' | 'dst'): PortKey {
  const { packet } = view;
  const { protocol } = packet;
  if (protocol === null || changed(state, Changed[side === 'src' ? 'sport' : 'dport'])) return null;
  if (protocol === (packet.family === 4 ? 0 : 59)) return 'none';
  const whole = headerBytes.get(protocol);
  if (whole === undefined) return { protocol, port: 0 };
  if (packet.l4 === null) return { protocol, port: null };
  const isNft = view.dialect === 'nft';
  const need = isNft ? (side === 'src' ? 2 : 4) : whole;
  // At ingress the packet still has its padding, and nft reads that.
  if (packet.l4.length < need) return isNft && view.hook === 'ingress' ? { protocol, port: null } : 'none';
  const at = protocol === 1 || protocol === 58 || side === 'src' ? 0 : 2;
  return { protocol, port: ((packet.l4[at] ?? 0) << 8) | (packet.l4[at + 1] ?? 0) };
}

/** A field as an nft concatenation reads it. */
function numberKey(view: View, state: number, field: SmallTupleField): number | 'none' | null {
  const { packet, hook } = view;
  if (changed(state, field in Changed ? Changed[field as keyof typeof Changed] : 0)) return null;
  switch (field) {
    case 'protocol':
      return packet.protocol;
    case 'ttl':
      if (packet.fragment) return null;
      return packet.ttl - (hook === 'forward' || hook === 'postrouting' ? 1 : 0);
    case 'tos':
      return packet.fragment ? null : packet.tos;
    case 'sport':
    case 'dport':
    case 'icmp': {
      if (packet.protocol === null || packet.l4 === null) return null;
      const at = field === 'dport' ? 2 : 0;
      // At ingress the packet still has its padding, and nft reads that.
      if (packet.l4.length < at + 2) return hook === 'ingress' ? null : 'none';
      return ((packet.l4[at] ?? 0) << 8) | (packet.l4[at + 1] ?? 0);
    }
  }
}

/** Kernels differ on whether "dst" is the destination's, and nothing after routing has either. */
function macKey({ packet, hook }: View, side: 'src' | 'dst'): number | null {
  const gone = packet.fragment || hook === 'postrouting' || hook === 'output' || packet.hidden.has('smac');
  return side === 'dst' || gone ? null : packet.sourceMac;
}

function deviceKey({ device, hook }: View, side: 'src' | 'dst'): string | null {
  if (side === 'src') return hook === 'postrouting' || hook === 'output' ? null : device;
  return hook === 'prerouting' || hook === 'input' || hook === 'ingress' ? '' : null;
}

export function matchSet(match: SetMatch, view: View, state: number): Answer {
  if (match.uninterpreted.length > 0) return Maybe;
  let asksPort = false as boolean;
  const key: SetKey = {
    family: view.packet.family,
    at: view.at,
    mac: (side) => macKey(view, side),
    device: (side) => deviceKey(view, side),
    number: (field) => {
      asksPort ||= field !== 'ttl' && field !== 'tos';
      return numberKey(view, state, field);
    },
    address: (side) => {
      const field = side === 'src' ? 'saddr' : 'daddr';
      return changed(state, Changed[field]) ? null : view.packet[field];
    },
    port: (side) => {
      asksPort = true;
      return portKey(view, state, side);
    },
  };
  const answer = view.setTest(match.set)(match.dimensions, key);
  // An nft lookup that lacks its key breaks the rule, so its negation is not sure either.
  const mayBreak = asksPort && view.dialect === 'nft' && (view.packet.l4?.length ?? 0) < 4;
  if (answer === No && match.negate && mayBreak) return Maybe;
  return negateIf(match.negate, answer);
}
