/** Matches on the layer-4 header, and what becomes of them when it is not all there. */
import type { HeaderMatch, IcmpMatch, PortMatch, Ranges, TcpFlagsMatch } from '../model/match.js';
import { known, Maybe, MaybeHotDrop, negateIf, No, Yes, type Answer } from './answer.js';
import { changed, Changed, type View } from './view.js';

const within = (ranges: Ranges, value: number): boolean => ranges.some(([low, high]) => value >= low && value <= high);

/**
 * The layer-4 bytes, or the answer without them. Legacy iptables drops a packet whose header is shorter than it wants
 * (`iptablesBytes`) and some fragments; nft reads the field's own bytes (`nftBytes`) or breaks the rule, negated or not.
 */
function bytesOrAnswer(view: View, state: number, iptablesBytes: number, nftBytes: number): Uint8Array | Answer {
  const hotDrop = view.dialect === 'iptables';
  const { l4 } = view.packet;
  if (l4 === null) return hotDrop ? MaybeHotDrop : Maybe;
  if (changed(state, 0)) return Maybe;
  if (l4.length >= (hotDrop ? Math.max(iptablesBytes, nftBytes) : nftBytes)) return l4;
  if (hotDrop) return MaybeHotDrop;
  // At ingress the packet still has its padding, and nft reads that.
  return view.hook === 'ingress' ? Maybe : No;
}

export function matchPort(match: PortMatch, view: View, state: number): Answer {
  const nftBytes = match.field === 'sport' ? 2 : 4;
  const l4 = bytesOrAnswer(view, state, match.headerBytes, nftBytes);
  if (typeof l4 === 'number') return l4;
  const sides = match.field === 'either' ? (['sport', 'dport'] as const) : [match.field];
  const port = (side: 'sport' | 'dport'): number => {
    const at = side === 'sport' ? 0 : 2;
    return ((l4[at] ?? 0) << 8) | (l4[at + 1] ?? 0);
  };
  const sure = sides.filter((side) => !changed(state, Changed[side]));
  if (sure.some((side) => within(match.ranges, port(side)))) return known(!match.negate);
  return sure.length < sides.length ? Maybe : known(match.negate);
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const URG = 32;
const CWR = 128;

/**
 * Flags that GRO may add to this segment by merging it with others (tcp_gro_receive): FIN and PSH of a later one, CWR of an
 * earlier one. Segments without payload and those with SYN, RST or URG are never merged.
 */
function addableFlags(l4: Uint8Array, flags: number): number {
  const payload = l4.length > ((l4[12] ?? 0) >> 4) * 4;
  return payload && (flags & (SYN | RST | URG)) === 0 ? (FIN | PSH | CWR) & ~flags : 0;
}

export function matchTcpFlags(match: TcpFlagsMatch, view: View, state: number): Answer {
  const l4 = bytesOrAnswer(view, state, 20, 14);
  if (typeof l4 === 'number') return l4;
  const flags = l4[13] ?? 0;
  const addable = addableFlags(l4, flags) & match.mask;
  const outcomes = new Set<boolean>();
  // All subsets of `addable`, the empty one last.
  for (let added = addable; ; added = (added - 1) & addable) {
    outcomes.add((((flags | added) & match.mask) === match.value) !== match.negate);
    if (added === 0) break;
  }
  return outcomes.size === 2 ? Maybe : known(outcomes.has(true));
}

export function matchHeader(match: HeaderMatch, view: View, state: number): Answer {
  const l4 = bytesOrAnswer(view, state, match.bytes, 0);
  return typeof l4 === 'number' ? l4 : Yes;
}

export function matchIcmp(match: IcmpMatch, view: View, state: number): Answer {
  if (view.packet.family !== match.version) return view.dialect === 'nft' ? No : Maybe;
  const wholeType = match.codes.length === 1 && match.codes[0]?.[0] === 0 && match.codes[0][1] === 255;
  const l4 = bytesOrAnswer(view, state, 8, wholeType ? 1 : 2);
  if (typeof l4 === 'number') return l4;
  return negateIf(match.negate, known(within(match.types, l4[0] ?? 0) && within(match.codes, l4[1] ?? 0)));
}
