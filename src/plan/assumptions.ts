/** What a plan rests on. Applying checks each against the live host; what only the admin can know stays `unchecked`. */
import type { AddressFamily } from '../model/address.js';
import type { HostFacts } from '../model/host.js';
import { plainRoutes, plainRoutesCode } from '../model/plain-routing.js';
import type { Ruleset } from '../model/ruleset.js';
import type { NamedSet } from '../model/set.js';
import type { Assumption } from './plan.js';

interface Known {
  readonly code: string;
  readonly statement: string;
}

const always: readonly Known[] = [
  {
    code: 'whole-ruleset',
    statement:
      'the input is the whole ruleset of the host: no other netfilter, tc or XDP program acts on these packets',
  },
  {
    code: 'not-lower-device',
    statement: 'the covered devices are not ports of a bridge, bond, VRF or OVS and carry no macvlan or ipvlan',
  },
  {
    code: 'vlan-stripping',
    statement: 'no VLAN tag is stripped by the device before XDP sees it while VLAN devices stand on it',
  },
  { code: 'no-ipsec', statement: 'no IPsec packets are decrypted on this host' },
  {
    code: 'no-tc-ingress',
    statement: 'no tc ingress program or action rewrites or redirects packets of the covered devices',
  },
  { code: 'lro-off', statement: 'large receive offload is off' },
  { code: 'source-routing', statement: 'IP source routing is refused (accept_source_route 0)' },
  { code: 'route-rules', statement: 'the first routing rule looks up the local table' },
  {
    code: 'counters',
    statement: "tolerance: netfilter's counters stop for packets dropped early; the prefilter counts them per rule",
  },
  {
    code: 'taps',
    statement:
      'tolerance: packet sockets (tcpdump) do not see packets dropped early; replies to DHCP clients are exempt',
  },
  {
    code: 'stack-answers',
    statement:
      'tolerance: the stack no longer answers for packets dropped early (time exceeded, unreachable, reassembly); netfilter would have dropped them later',
  },
];

/** What is taken for granted where conntrack is asked. */
const connections: readonly Known[] = [
  { code: 'no-helpers', statement: 'no conntrack helper expects connections (ftp, sip and the like)' },
  {
    code: 'receive-order',
    statement: 'packets go through netfilter on the CPU that received them, in order (receive packet steering is off)',
  },
  { code: 'default-zone', statement: 'connections are tracked in the default zone only' },
];

/** What is taken for granted where it is asked how sources are routed. */
const routes = (family: AddressFamily): Known => ({
  code: plainRoutesCode(family),
  statement: plainRoutes(family),
});

/** What `--strict` does away with. */
const flowState: Known = {
  code: 'flow-state',
  statement:
    'tolerance: a packet of a tracked connection that the rules drop after conntrack no longer refreshes or ends it (--strict: it does)',
};

export interface Rests {
  readonly asksConntrack: boolean;
  /** Families of which XDP asks how sources are routed. */
  readonly asksRoutes: readonly AddressFamily[];
  readonly strict: boolean;
}

export function assumptionsOf(
  ruleset: Ruleset,
  facts: HostFacts | null,
  { asksConntrack, asksRoutes, strict }: Rests,
): Assumption[] {
  const list: Known[] = asksConntrack ? [...always, ...connections] : [...always];
  list.push(...asksRoutes.map(routes));
  if (!strict) list.push(flowState);
  if (ruleset.sets.size > 0)
    list.push({
      code: 'sets-in-step',
      statement: `the sets have the elements they had when they were read (${setTimes(ruleset)})`,
    });
  if (timed(ruleset).length > 0)
    list.push({
      code: 'set-times',
      statement:
        'elements that time out had what their dump says was left of it when the file was written: a copy keeps the ' +
        `time of its file (cp -p), and the clock was not set back since (${setTimes(ruleset)})`,
    });
  list.push(
    { code: 'forwarding', statement: forwarding(facts) },
    { code: 'local-routes', statement: localRoutes(facts) },
  );
  return list.map((known) => ({ ...known, status: 'unchecked' }));
}

/** Sets with elements whose timeouts XDP runs down. */
const timed = (ruleset: Ruleset): NamedSet[] =>
  [...ruleset.sets.values()].filter(
    (set) => set.asOf !== undefined && set.kind !== 'opaque' && set.timeout?.some((left) => left > 0) === true,
  );

function setTimes(ruleset: Ruleset): string {
  const times = ruleset.inputs.flatMap((input) =>
    input.sets > 0 && input.takenAt !== null ? [new Date(input.takenAt).toISOString()] : [],
  );
  return times.length > 0 ? `as of ${times.join(', ')}` : 'now';
}

function forwarding(facts: HostFacts | null): string {
  const say = (on: boolean | null | undefined): string => (on === true ? 'on' : on === false ? 'off' : 'on or off');
  return `forwarding is ${say(facts?.forwarding.ip)} for IPv4 and ${say(facts?.forwarding.ip6)} for IPv6`;
}

function localRoutes(facts: HostFacts | null): string {
  if (facts === null) return "the host's own addresses are read when the program is attached";
  if (facts.localRoutes === null) return 'whatever addresses the host gets';
  return `the host's own addresses stay as they are: ${String(facts.localRoutes.length)} local routes`;
}
