/** Clauses of a packet -> the Ethernet frame they describe, with what they leave out filled in. */
import { InputError } from '../diagnostic.js';
import { icmpType } from '../model/icmp-names.js';
import { protocolNumber } from '../model/protocol-names.js';
import { buildFrame, type FrameSpec, groupMac, headerLengths } from '../oracle/build-frame.js';
import { parseAddress } from '../oracle/parse-prefix.js';
import type { Clause, Endpoint, TrackingWord } from '../parse/packet-tree.js';
import { syntaxError } from '../parse/syntax-error.js';

export type ClauseOf<Kind extends Clause['kind']> = Extract<Clause, { readonly kind: Kind }>;

/** What a packet leaves out. */
export const packetDefaults = { sport: 49_152, tcpFlags: 2, ttl: 64, sender: 0x0200000000fe } as const;

const withPorts = new Set([6, 17, 33, 132, 136]);

/** Each clause at most once; errors point at it. */
export class PacketClauses {
  readonly #byKind = new Map<Clause['kind'], Clause>();

  /** Throws InputError. `name` is what messages call the text. */
  constructor(
    readonly clauses: readonly Clause[],
    private readonly text: string,
    private readonly name: string,
  ) {
    for (const clause of clauses) {
      const said = [...this.#byKind.keys()].some((kind) => nouns[kind] === nouns[clause.kind]);
      if (said) throw this.error(clause, `${nouns[clause.kind]} can be said only once`);
      this.#byKind.set(clause.kind, clause);
    }
  }

  get<Kind extends Clause['kind']>(kind: Kind): ClauseOf<Kind> | null {
    const clause = this.#byKind.get(kind);
    return clause?.kind === kind ? (clause as ClauseOf<Kind>) : null;
  }

  /** Null: behind the last clause. */
  error(clause: { readonly column: number } | null, message: string): InputError {
    const span = { file: this.name, line: 1, column: clause?.column ?? this.text.length + 1 };
    return new InputError([syntaxError(span, message, this.text)]);
  }
}

const nouns: Record<Clause['kind'], string> = {
  capture: 'the packet of a capture',
  in: 'the device',
  from: 'the sender',
  protocol: 'the protocol',
  icmp: 'the protocol',
  flow: 'the addresses',
  flags: 'the TCP flags',
  fragment: 'the fragment',
  ttl: 'the TTL',
  tos: 'the TOS',
  len: 'the length',
  vlan: 'the VLAN',
  state: "the connection's state",
};

export const trackingOf = (clauses: PacketClauses): TrackingWord | null => clauses.get('state')?.state ?? null;

interface Kind {
  readonly protocol: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

function icmpOf(clause: ClauseOf<'icmp'>, clauses: PacketClauses): Kind {
  const { version, type, code } = clause;
  const protocol = version === 4 ? 1 : 58;
  const found =
    typeof type === 'string' ? icmpType(version, type) : { type: type ?? (version === 4 ? 8 : 128), code: code ?? 0 };
  if (found === null)
    throw clauses.error(clause, `no such type of ${version === 4 ? 'icmp' : 'icmpv6'}: ${type ?? ''}`);
  if (found.type > 255 || (found.code ?? 0) > 255) throw clauses.error(clause, 'types and codes are 0 to 255');
  return { protocol, icmpType: found.type, icmpCode: found.code ?? 0 };
}

function kindOf(clauses: PacketClauses, family: 4 | 6): Kind {
  const icmp = clauses.get('icmp');
  if (icmp !== null) {
    if (icmp.version !== family)
      throw clauses.error(icmp, `IPv${family} addresses go with ${family === 4 ? 'icmp' : 'icmpv6'}`);
    return icmpOf(icmp, clauses);
  }
  const clause = clauses.get('protocol');
  if (clause === null) throw clauses.error(null, 'no protocol is given: tcp, udp, icmp … or its number');
  const protocol = protocolNumber(clause.name);
  if (protocol === null) throw clauses.error(clause, 'protocols are 0 to 255');
  if (family === 6 && [0, 43, 44, 51, 60].includes(protocol))
    throw clauses.error(clause, `protocol ${protocol} is an IPv6 extension header, which needs more than its number`);
  return { protocol, icmpType: protocol === 58 ? 128 : 8, icmpCode: 0 };
}

function within(clauses: PacketClauses, kind: 'ttl' | 'tos' | 'vlan', most: number, otherwise: number): number {
  const clause = clauses.get(kind);
  if (clause === null) return otherwise;
  if (clause.value > most) throw clauses.error(clause, `${kind} is 0 to ${most}`);
  return clause.value;
}

function fragmentOf(clauses: PacketClauses): FrameSpec['fragment'] {
  const clause = clauses.get('fragment');
  if (clause === null) return null;
  const offset = clause.offset ?? 0;
  if (offset % 8 !== 0 || offset > 65_528)
    throw clauses.error(clause, 'a fragment begins at a multiple of 8 bytes, at most 65528');
  return { offset: offset / 8, more: offset === 0 };
}

function portOf(clauses: PacketClauses, endpoint: Endpoint, otherwise: number | null): number {
  const { port } = endpoint;
  if (port !== null && port > 65_535) throw clauses.error(endpoint, 'ports are 0 to 65535');
  const value = port ?? otherwise;
  if (value === null)
    throw clauses.error(endpoint, 'the destination wants a port, like 192.0.2.1:22 or [2001:db8::1]:22');
  return value;
}

function portsOf(
  clauses: PacketClauses,
  flow: ClauseOf<'flow'>,
  protocol: number,
  later: boolean,
): { readonly sport: number; readonly dport: number } {
  if (!withPorts.has(protocol)) {
    if (flow.source.port !== null || flow.destination.port !== null)
      throw clauses.error(flow, `protocol ${protocol} has no ports`);
    return { sport: 0, dport: 0 };
  }
  return {
    sport: portOf(clauses, flow.source, packetDefaults.sport),
    dport: portOf(clauses, flow.destination, later ? 0 : null),
  };
}

/** Bytes behind the layer-4 header, or how many of it there are. */
function lengthOf(
  clauses: PacketClauses,
  family: 4 | 6,
  protocol: number,
  fragment: boolean,
): Pick<FrameSpec, 'payload' | 'cutTo'> {
  const clause = clauses.get('len');
  const header = headerLengths.get(protocol) ?? 4;
  if (clause === null) return { payload: 0, cutTo: null };
  const network = family === 4 ? 20 : 40 + (fragment ? 8 : 0);
  const rest = clause.value - network;
  if (rest < 0 || clause.value > 65_535)
    throw clauses.error(clause, `len is ${network} to 65535, the IP header included`);
  return rest < header ? { payload: 0, cutTo: rest } : { payload: rest - header, cutTo: null };
}

/** @param mac The device's address. Throws InputError that points at what cannot be. */
export function packetFrame(clauses: PacketClauses, mac: number): Uint8Array {
  const flow = clauses.get('flow');
  if (flow === null) throw clauses.error(null, 'no addresses are given: SOURCE > DESTINATION');
  const { source, destination } = flow;
  const { family } = source;
  if (destination.family !== family) throw clauses.error(flow, 'one address is IPv4, the other IPv6');
  const kind = kindOf(clauses, family);
  const fragment = fragmentOf(clauses);
  const flags = clauses.get('flags');
  if (flags !== null && kind.protocol !== 6) throw clauses.error(flags, 'only tcp has flags');
  const daddr = parseAddress(family, destination.address);
  const vlan = clauses.get('vlan');
  return buildFrame({
    family,
    saddr: parseAddress(family, source.address),
    daddr,
    ...kind,
    ...portsOf(clauses, flow, kind.protocol, fragment !== null && fragment.offset > 0),
    tcpFlags: flags?.flags ?? packetDefaults.tcpFlags,
    ttl: within(clauses, 'ttl', 255, packetDefaults.ttl),
    tos: within(clauses, 'tos', 255, 0),
    ...lengthOf(clauses, family, kind.protocol, fragment !== null),
    sourceMac: clauses.get('from')?.mac ?? packetDefaults.sender,
    destinationMac: groupMac(daddr) ?? mac,
    vlans: vlan === null ? [] : [within(clauses, 'vlan', 4095, 0)],
    fragment,
    identifier: 1,
    options: new Uint8Array(0),
    extensions: [],
  });
}
