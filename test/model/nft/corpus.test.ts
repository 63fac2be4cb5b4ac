/**
 * What nft's own listings lower to: a match is exact, or unknown under one of these names. A new unknown one fails the test.
 * With OFFLOAD_CORPUS, all files of that directory as well.
 */
import test from 'ava';
import { readRuleset } from '../../../src/model/read-ruleset.js';
import type { Part } from '../../../src/model/match.js';
import { listings } from '../../parse/nft/corpus-files.js';

/** What no packet says by itself, or what evaluating changes. */
const state = [
  /^(meta )?(mark|priority|skuid|skgid|cpu|cgroup|random|time|day|hour|rtclassid|secpath|ipsec|sdif|sdifname|ibr\w+|nftrace)\b/,
  /^(meta )?(iif|oif)(group|type)\b|^(meta )?[io]ifkind\b|^oifname$/,
  /^ct (original |reply )?(ip |ip6 )?(mark|expiration|helper|label|zone|id|bytes|packets|avgpkt|direction|status|count|saddr|daddr|protocol|proto-src|proto-dst|l3proto|secmark)\b/,
  /^(socket|osf|ipsec|numgen|jhash|symhash|tunnel|rt (ip nexthop|ip6 nexthop|classid|mtu|ipsec))\b/,
  // Devices by index, and constants in place of a field.
  /^(meta )?[io]if \d+$|^("lo"|1) 1$/,
  /^fib (?!.*type)/,
  /^(limit|quota|meter|xt)\b/,
  /^an element that expires$/,
];

/** What XDP does not look up. */
const fields = [
  /^ip (hdrlength|id|frag-off|checksum|option)\b/,
  /^ip6 (flowlabel|nexthdr)\b/,
  /^ip6? length 0$/,
  /^(ether daddr|vlan|arp|ah|esp|comp|igmp|mh|hbh|dst|frag|srh|exthdr|rt (type|seg-left|nexthdr|hdrlength))\b/,
  /^tcp (sequence|ackseq|window|checksum|urgptr|doff|reserved|option)\b/,
  /^udp(lite)? (length|checksum|csumcov)\b/,
  /^(sctp|dccp) (checksum|vtag|chunk|type)\b/,
  /^icmp(v6)? (id|sequence|mtu|gateway|checksum|max-delay|parameter-problem|taddr|daddr)\b/,
  /^(geneve|gre|gretap|vxlan)\b/,
  /^\(?@(ll|nh|th|ih),/,
  /^frames with a tag$/,
  /^meta length\b/,
  /^th [sd]port$/,
  // More addresses under a mask with holes than the ranges we make of them.
  /^ip saddr & 0\.0\.0\.255 /,
];

/** Maps and sets whose elements packets change, or that combine what stands above. */
const sets = [/ (?:vmap|map) /, / @\S+$/];

function unknowns(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => {
    if ('match' in part) return part.match.kind === 'unknown' ? [part.match.text] : [];
    return part.statement.kind === 'opaque' ? [part.statement.text] : [];
  });
}

test('what stays unknown is known by name', (t) => {
  const found = new Set<string>();
  let [rules, whole] = [0, 0];
  for (const { name, text } of listings()) {
    if (/^include /m.test(text)) continue;
    const { ruleset } = readRuleset([{ file: name, text, takenAt: null }]);
    // arp and bridge rules meet no IP packet.
    const tables = ruleset.tables.filter(({ family }) => family !== 'arp' && family !== 'bridge');
    for (const { parts } of tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules))) {
      const texts = unknowns(parts);
      texts.forEach((one) => found.add(one));
      rules++;
      if (texts.length === 0) whole++;
    }
  }
  t.log(`${whole} of ${rules} rules have no unknown part`);
  const surprising = [...found].filter((text) => ![...state, ...fields, ...sets].some((name) => name.test(text)));
  t.deepEqual(surprising, []);
});
