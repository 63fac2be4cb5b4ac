/** iptables' own options (-s -d -i -o -p -f) to matches. */
import { isEverything, rangesOf, xtablesNetwork } from './address-text.js';
import type { Bounds } from './address-text.js';
import type { AddressFamily } from './address.js';
import { printOption } from '../parse/print-iptables.js';
import type { Match, UnknownMatch } from './match.js';
import { protocolNumber } from './protocol-names.js';
import type { Routed } from './route-options.js';

/** What one option means, and how many rules iptables makes of it: `-s a,b` is two. null: no condition at all. */
export interface GenericMatch {
  readonly match: Match | null;
  readonly rules: number;
}

const one = (match: Match | null): GenericMatch => ({ match, rules: 1 });

const unknown = (routed: Routed, knowledge: UnknownMatch['knowledge']): GenericMatch =>
  one({ kind: 'unknown', name: routed.name, text: printOption(routed.option), knowledge });

export function lowerGeneric(routed: Routed, family: AddressFamily): GenericMatch {
  const value = routed.option.values[0]?.text ?? '';
  switch (routed.name) {
    case '-s':
    case '-d':
      return lowerAddress(routed, value, family);
    case '-i':
    case '-o':
      return lowerInterface(routed, value);
    case '-p':
      return lowerProtocol(routed, value);
    case '-f':
      // ip6tables has no -f.
      return family === 4 ? one({ kind: 'fragment', negate: routed.option.negated }) : unknown(routed, 'opaque');
    default:
      throw new Error(`bug: ${routed.name} is no option of iptables itself`);
  }
}

/**
 * iptables makes a rule of each address of a list. Side by side with the same verdict they are one rule with several ranges, so
 * the list stays one rule here; numbers after it count what iptables made.
 */
function lowerAddress(routed: Routed, value: string, family: AddressFamily): GenericMatch {
  const parts = value.split(',');
  const { negated } = routed.option;
  // iptables refuses a negated list.
  if (negated && parts.length > 1) return unknown(routed, 'opaque');
  const bounds: Bounds[] = [];
  for (const part of parts) {
    const range = xtablesNetwork(family, part.trim());
    // Masks with holes and host names are conditions on an address, whatever they resolve to.
    if (range === 'mask') return { ...unknown(routed, 'pure'), rules: parts.length };
    if (range === null) {
      const isHostName = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(part);
      return { ...unknown(routed, isHostName ? 'pure' : 'opaque'), rules: parts.length };
    }
    bounds.push(range);
  }
  const everything = !negated && bounds.some(isEverything);
  const ranges = rangesOf(family, bounds);
  return {
    match: everything
      ? null
      : { kind: 'address', field: routed.name === '-s' ? 'saddr' : 'daddr', ranges, negate: negated },
    rules: parts.length,
  };
}

/** IFNAMSIZ - 1 characters; `+` at the end stands for any continuation. */
function lowerInterface(routed: Routed, value: string): GenericMatch {
  if (value === '' || value.length > 15) return unknown(routed, 'opaque');
  const wildcard = value.endsWith('+');
  const { negated } = routed.option;
  // "Not any device": legacy matches nothing, the nft back end drops the match (both seen in 1.8.9).
  if (value === '+') return negated ? unknown(routed, 'opaque') : one(null);
  return one({
    kind: 'interface',
    direction: routed.name === '-i' ? 'in' : 'out',
    name: wildcard ? value.slice(0, -1) : value,
    wildcard,
    negate: negated,
  });
}

function lowerProtocol(routed: Routed, value: string): GenericMatch {
  const number = protocolNumber(value);
  const { negated } = routed.option;
  // iptables refuses "not all"; a name that /etc/protocols of the host may know is still a condition on the protocol.
  if (number === null || (number === 0 && negated)) return unknown(routed, number === null ? 'pure' : 'opaque');
  if (number === 0) return one(null);
  return one({ kind: 'protocol', protocols: [[number, number]], negate: negated });
}
