/** Fields that name the next layer: what they say of the family and of the layer-4 protocol. */
import type { AddressFamily } from '../address.js';
import type { Match, Ranges } from '../match.js';
import * as constants from './constants.js';
import type { Alternatives, KeyContext, NumberKey } from './key.js';
import { familyMatch, number, protocolMatch, unknownMatch } from './key.js';

const within = (ranges: Ranges, value: number): boolean => ranges.some(([low, high]) => value >= low && value <= high);

/** Which of the two families the values are: the others are none that gets here. */
export function familyCompare(ip: number, ip6: number): NumberKey['compare'] {
  return (ranges, negate) => {
    const has = (value: number): boolean => within(ranges, value) !== negate;
    return [...(has(ip) ? [[familyMatch(4)]] : []), ...(has(ip6) ? [[familyMatch(6)]] : [])];
  };
}

const etherTypes: readonly (readonly [AddressFamily, number])[] = [
  [4, 0x0800],
  [6, 0x86dd],
];
const tags = [0x8100, 0x88a8];

/**
 * `ether type`, `meta protocol`. At ingress the tag before a packet (VLAN id 0), or the second of two, may be read instead
 * (`nft_payload_copy_vlan`, Linux 6.18): such frames are in doubt. Later hooks see them as if untagged.
 */
export const etherTypeKey = ({ ingress }: KeyContext): NumberKey =>
  number([], constants.etherType, 65535, ingress ? taggedCompare : familyCompare(0x0800, 0x86dd));

const taggedCompare: NumberKey['compare'] = (ranges, negate) =>
  etherTypes.flatMap(([family, type]): Match[][] => {
    const untagged = within(ranges, type) !== negate;
    if (tags.every((tag) => (within(ranges, tag) !== negate) === untagged))
      return untagged ? [[familyMatch(family)]] : [];
    return [[familyMatch(family), unknownMatch('frames with a tag')]];
  });

/** IPv6 headers that netfilter walks over to the layer-4 protocol, and AH, which some walk over. */
const extensions = [0, 43, 44, 51, 60];

/**
 * `ip6 nexthdr` is the first header only: where it is no extension header it is the layer-4 protocol, but the layer-4 protocol may
 * stand behind extension headers, which XDP walks over without keeping which.
 */
export const nextHeaderCompare: NumberKey['compare'] = (ranges, negate) => {
  const doubt = unknownMatch('ip6 nexthdr behind extension headers');
  if (extensions.some((header) => within(ranges, header))) return [[unknownMatch('ip6 nexthdr of extension headers')]];
  const behind: Alternatives = [[protocolMatch(ranges), doubt]];
  return negate ? [[protocolMatch(ranges, true)], ...behind] : behind;
};
