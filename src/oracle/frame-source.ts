/** Where the frames of one family start from: addresses, the device, and a frame that no rule asks for. */
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import type { Ruleset } from '../model/ruleset.js';
import type { FrameSpec } from './build-frame.js';
import { parseAddress, parsePrefix } from './parse-prefix.js';
import { spread } from './random-numbers.js';
import { addressEdges, type FrameContext } from './satisfy-match.js';

const DEFAULT_MAC = 0x020000000001;
const PEER_MAC = 0x0200000000fe;

const samples = {
  4: { source: '198.51.100.23', foreign: '203.0.113.77', local: '192.0.2.1' },
  6: { source: '2001:db8:5::23', foreign: '2001:db8:ffff::77', local: '2001:db8::1' },
} as const;

function localAddress(facts: HostFacts, family: AddressFamily): Uint32Array {
  const route = facts.localRoutes?.find(
    (one) =>
      one.family === family && one.type === 'local' && one.table === 255 && !/^(127\.|::1\b|fe80)/.test(one.prefix),
  );
  return route === undefined ? parseAddress(family, samples[family].local) : parsePrefix(family, route.prefix).lo;
}

const mostRouted = 64;
const special = { 4: ['0.0.0.0', '255.255.255.255', '127.0.0.1'], 6: ['::', 'fe80::7777', '::1'] } as const;

/** Sources that are routed in all the ways that the host knows, and those that are never looked up in the usual way. */
function routedSources({ routing, localRoutes }: HostFacts, family: AddressFamily): Uint32Array[] {
  const prefixes = [...(routing?.routes ?? []), ...(localRoutes ?? [])]
    .filter((route) => route.family === family)
    .map(({ prefix }) => prefix);
  const inside = spread(prefixes.length, mostRouted).flatMap((i) => {
    const { lo, hi } = parsePrefix(family, prefixes[i] ?? '');
    // Some neighbour's address, where the prefix has room for one.
    const within = lo.map((word, at) => (word | (3 & (word ^ (hi[at] ?? 0)))) >>> 0);
    return [within, ...addressEdges({ family, count: 1, lo, hi }, 0)];
  });
  return [...inside, ...special[family].map((text) => parseAddress(family, text))];
}

export interface Source {
  readonly context: FrameContext;
  readonly base: FrameSpec;
  readonly mac: number;
}

function elementLimits(ruleset: Ruleset, total: number): (name: string) => number {
  const sizes = [...ruleset.sets.values()].map(({ id, elements }) => ({ id: String(id), elements }));
  const wanted = sizes.reduce((sum, { elements }) => sum + elements * 4, 0);
  const limits = new Map(
    sizes.map(({ id, elements }) => [id, Math.ceil(elements * 4 * Math.min(1, total / Math.max(1, wanted)))]),
  );
  return (name) => limits.get(name) ?? 64;
}

export function sourceOf(
  ruleset: Ruleset,
  facts: HostFacts,
  device: string,
  family: AddressFamily,
  setFrames: number,
): Source {
  const mac = facts.devices.find(({ name }) => name === device)?.mac ?? DEFAULT_MAC;
  const local = localAddress(facts, family);
  const context = {
    ruleset,
    family,
    local,
    foreign: parseAddress(family, samples[family].foreign),
    routed: routedSources(facts, family),
    elementLimit: elementLimits(ruleset, setFrames),
  };
  const base: FrameSpec = {
    family,
    saddr: parseAddress(family, samples[family].source),
    daddr: local,
    protocol: 6,
    sport: 40000,
    dport: 4711,
    tcpFlags: 2,
    icmpType: 8,
    icmpCode: 0,
    ttl: 64,
    tos: 0,
    payload: 0,
    sourceMac: PEER_MAC,
    destinationMac: mac,
    vlans: [],
    fragment: null,
    identifier: 0,
    options: new Uint8Array(0),
    extensions: [],
    cutTo: null,
  };
  return { context, base, mac };
}
