/**
 * "The source is routed back" as a condition on what the kernel answers when XDP asks it (field `reversePath`).
 *
 * Both rpfilter and fib (ipt_rpfilter, ip6t_rpfilter, nft_fib_ipv4, nft_fib_ipv6, Linux 6.18) look the source up as if it came from the
 * loopback device, and compare the route's device with the packet's. XDP asks the same tables, but is told less: "not forwarded" may be
 * no route, or one that is local, broadcast or anycast. Where that matters the host's own addresses tell them apart.
 */
import type { AddressFamily } from '../model/address.js';
import { ReversePath } from '../model/field.js';
import type { HostFacts } from '../model/host.js';
import type { ReversePathMatch } from '../model/match.js';
import { whyNotPlain } from '../model/plain-routing.js';
import { rangesOfPrefixes } from '../model/prefix.js';
import type { Context } from './context.js';
import type { HostSetName } from './host-sets.js';
import type { Condition, Conj, Dnf, Lit, ValueSet } from './logic.js';
import { small, unknown } from './logic.js';
import { normalise } from '../model/small-ranges.js';
import type { Why } from './why.js';

/** Why XDP cannot ask how sources are routed; null: it can. With nothing known of the host the plan says what it would be. */
export function routesUnasked(facts: HostFacts | null, family: AddressFamily): Why | null {
  if (!facts) return null;
  const { routing } = facts;
  if (!routing) return { code: 'routes-unclear', detail: "the host's routes are not known" };
  if ((family === 4 ? routing.answers.ip : routing.answers.ip6) === false) return { code: 'routes-closed', detail: '' };
  const why = whyNotPlain(routing, family);
  return why === null ? null : { code: 'routes-unclear', detail: why };
}

const { refused, unforwarded, otherDevice, sameDevice } = ReversePath;
const unsure = ReversePath.unknown;

const path = (...answers: readonly number[]): Lit =>
  small('reversePath', normalise(answers.map((answer) => [answer, answer] as const)));

/**
 * Sources that are looked up otherwise, or not at all: the unspecified one (rpfilter lets it pass to multicast and broadcast, or always),
 * link-local ones (within their device). Nothing is sure of them.
 */
const special: Readonly<Record<AddressFamily, ValueSet>> = {
  4: sources(4, ['0.0.0.0/32']),
  6: sources(6, ['::/128', 'fe80::/10']),
};

function sources(family: AddressFamily, prefixes: readonly string[]): ValueSet {
  return { kind: 'addresses', field: 'saddr', ranges: rangesOfPrefixes(family, prefixes), named: true, counters: null };
}

/** Of the sources that are not forwarded, those that may count as routed back all the same; null: none. */
function exception({ by, acceptLocal }: ReversePathMatch, family: AddressFamily): HostSetName | null {
  if (acceptLocal) return 'own';
  // fib takes the route of a broadcast address for one; of IPv6 it refuses local and anycast ones alike.
  return by === 'fib' && family === 4 ? 'grouped' : null;
}

export function lowerReversePath(match: ReversePathMatch, context: Context): Condition {
  if (context.routesUnasked) return unknown;
  const { family, host } = context;
  const usual: Lit = { set: special[family], negate: true };
  const unusual: Conj = [{ set: special[family], negate: false }];
  const name = exception(match, family);
  const excepted = name && host.get(name, 'saddr');
  const lost = match.sameDevice ? [refused, otherDevice] : [refused];
  const found = match.sameDevice ? [sameDevice] : [sameDevice, otherDevice];

  const fails: Dnf = excepted
    ? [
        [path(...lost), usual],
        [path(unforwarded), usual, { set: excepted, negate: true }],
      ]
    : [[path(...lost, unforwarded), usual]];
  const mayFail: Dnf = [[path(unsure, ...lost, unforwarded)], unusual];
  const holds: Dnf = [[path(...found), usual]];
  const mayHold: Dnf = [
    [path(unsure, ...found)],
    unusual,
    ...(excepted ? [[path(unforwarded), { set: excepted, negate: false }]] : []),
  ];
  return match.negate ? { may: mayFail, must: fails } : { may: mayHold, must: holds };
}
