/** One match extension of iptables to the model. What is not interpreted becomes `unknown` with its whole text. */
import { printOption } from '../parse/print-iptables.js';
import {
  lowerAddressType,
  lowerDscp,
  lowerIcmp,
  lowerIpRange,
  lowerLength,
  lowerMac,
  lowerPacketType,
  lowerTos,
  lowerTtl,
} from './lower-header-matches.js';
import { lowerMultiport, lowerTransport } from './lower-ports.js';
import { lowerMark } from './lower-mark.js';
import { lowerRpfilter } from './lower-rpfilter.js';
import type { LowerMatch, RuleContext } from './lowering-context.js';
import { onlyWord } from './lowering-context.js';
import type { CtState, Match, UnknownMatch } from './match.js';
import type { Extension } from './route-options.js';
import type { SetId } from './set.js';

const lowerComment: LowerMatch = (extension) => {
  const [routed, more] = extension.options;
  const text = routed && !more ? onlyWord(routed) : null;
  return text === null ? null : [{ kind: 'comment', text }];
};

const ctStates = new Set<string>(['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT']);

/** The state is interpreted; every other option of conntrack is a further, pure condition. */
const lowerConntrack: LowerMatch = (extension) => {
  const states = extension.options.filter((routed) => routed.name === '--ctstate' || routed.name === '--state');
  const rest = extension.options.filter((routed) => !states.includes(routed));
  const [routed, more] = states;
  if (more || extension.options.length === 0) return null;
  const matches: Match[] = [];
  if (routed) {
    const names = onlyWord(routed)?.toUpperCase().split(',') ?? [];
    if (names.length === 0 || !names.every((name) => ctStates.has(name))) return null;
    matches.push({ kind: 'ctState', states: names as CtState[], negate: routed.option.negated });
  }
  if (rest.length > 0) matches.push(unknownMatch({ ...extension, options: rest }, 'pure'));
  return matches;
};

/** `--match-set NAME src,dst`; `--set` is its old name. Options about counters and nomatch are kept by name. */
const lowerSet: LowerMatch = (extension) => {
  const named = extension.options.filter((routed) => routed.name === '--match-set' || routed.name === '--set');
  const [routed, more] = named;
  const [name, sides, extra] = routed?.option.values ?? [];
  if (!routed || more || !name || !sides || extra) return null;
  const dimensions = sides.text.toLowerCase().split(',');
  if (!dimensions.every((side) => side === 'src' || side === 'dst')) return null;
  return [
    {
      kind: 'set',
      set: `ipset:${name.text}` as SetId,
      name: name.text,
      dimensions,
      negate: routed.option.negated,
      uninterpreted: extension.options.filter((other) => other !== routed).map((other) => printOption(other.option)),
    },
  ];
};

const pure: LowerMatch = (extension) => [unknownMatch(extension, 'pure')];
const stateful: LowerMatch = (extension) => [unknownMatch(extension, 'stateful')];

/** nth counts packets; random does not. */
const lowerStatistic: LowerMatch = (extension) => {
  const mode = extension.options.find((routed) => routed.name === '--mode');
  return [unknownMatch(extension, mode && onlyWord(mode) === 'random' ? 'pure' : 'stateful')];
};

const lowerConnlabel: LowerMatch = (extension) => [
  unknownMatch(extension, extension.options.some((routed) => routed.name === '--set') ? 'stateful' : 'pure'),
];

const table = new Map<string, LowerMatch>(
  Object.entries({
    tcp: lowerTransport,
    udp: lowerTransport,
    udplite: lowerTransport,
    sctp: lowerTransport,
    dccp: lowerTransport,
    multiport: lowerMultiport,
    icmp: lowerIcmp,
    icmp6: lowerIcmp,
    iprange: lowerIpRange,
    set: lowerSet,
    mac: lowerMac,
    ttl: lowerTtl,
    hl: lowerTtl,
    length: lowerLength,
    dscp: lowerDscp,
    tos: lowerTos,
    addrtype: lowerAddressType,
    pkttype: lowerPacketType,
    rpfilter: lowerRpfilter,
    mark: lowerMark,
    comment: lowerComment,
    state: lowerConntrack,
    conntrack: lowerConntrack,
    statistic: lowerStatistic,
    connlabel: lowerConnlabel,
  }),
);
for (const name of 'limit hashlimit recent connlimit quota nfacct osf ipvs'.split(' ')) table.set(name, stateful);
const pureNames =
  'connmark owner time string u32 bpf policy physdev helper realm cpu cgroup socket ecn tcpmss connbytes rt ah esp ' +
  'ipcomp frag dst hbh mh ipv6header eui64 srh cluster devgroup rateest';
for (const name of pureNames.split(' ')) table.set(name, pure);

/** The matches that an extension stands for, in evaluation order. */
export function lowerMatch(extension: Extension, context: RuleContext): Match[] {
  const lower = extension.known ? table.get(extension.name) : undefined;
  const matches = lower?.(extension, context);
  return matches ?? [unknownMatch(extension, 'opaque')];
}

function unknownMatch(extension: Extension, knowledge: UnknownMatch['knowledge']): UnknownMatch {
  const text = [`-m ${extension.name}`, ...extension.options.map((routed) => printOption(routed.option))].join(' ');
  return { kind: 'unknown', name: extension.name, text, knowledge };
}
