/**
 * Words that nft's scanner knows everywhere (1.0.6): they are never names or values. Words that it knows only after certain words
 * (`saddr`, `rate`, `prefix` …) are ordinary words here; the grammar asks for them by text.
 */
export const reservedWords: ReadonlySet<string> = new Set(
  `vmap include define redefine undefine describe hook device devices table chain rule set element map flowtable handle ruleset
   socket tproxy accept drop continue jump goto return inet netdev add replace update create insert delete get list reset flush
   rename import export monitor position index comment constant interval dynamic auto-merge timeout gc-interval elements expires
   policy size flow offload meter counter log queue limit quota hour day reject snat dnat masquerade redirect random th bridge ether
   type typeof vlan arp ip ecn time icmp icmpv6 igmp ip6 priority ah esp comp flags udp udplite tcp dccp sctp rt rt0 rt2 srh hbh frag
   dst mh meta mark iif iifname iiftype oif oifname oiftype skuid skgid nftrace rtclassid ibriport ibrname obriport obrname pkttype
   cpu iifgroup oifgroup cgroup ct numgen jhash symhash dup fwd fib osf synproxy notrack all exists missing exthdr ipsec secmark`
    .trim()
    .split(/\s+/),
);

/** Words for operators, and what they stand for. */
export const operatorWords: ReadonlyMap<string, string> = new Map([
  ['eq', '=='],
  ['ne', '!='],
  ['le', '<='],
  ['lt', '<'],
  ['ge', '>='],
  ['gt', '>'],
  ['lshift', '<<'],
  ['rshift', '>>'],
  ['xor', '^'],
  ['and', '&'],
  ['or', '|'],
  ['not', '!'],
]);
